import io
import struct
import zlib

import pytest
from chatedit.editing.image_file import ImageLimits
from chatedit.serving.service import ServiceLimits
from one_server import Server, serve
from PIL import Image
from scripted import png


def jpeg_with_metadata() -> bytes:
    exif = Image.Exif()
    exif[0x0110] = "A camera"
    exif[0x8825] = {1: "N", 2: (52.0, 30.0, 0.0)}
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(buffer, format="JPEG", exif=exif.tobytes(), comment=b"at home")
    return buffer.getvalue()


def test_an_upload_comes_back_by_its_url(server: Server):
    response = server.client.post("/v1/images", content=png(3, 48), headers={"Content-Type": "image/png"})
    view = response.json()
    assert (response.status_code, view["width"], view["height"]) == (201, 48, 48)
    picture = server.client.get(view["url"])
    assert picture.headers["content-type"] == "image/png"
    assert len(picture.content) == view["size_bytes"]
    assert Image.open(io.BytesIO(picture.content)).getpixel((0, 0)) == Image.open(io.BytesIO(png(3))).getpixel((0, 0))


def test_metadata_is_gone(server: Server):
    view = server.client.post("/v1/images", content=jpeg_with_metadata()).json()
    stored = server.client.get(view["url"]).content
    assert b"camera" not in stored
    assert b"at home" not in stored
    assert dict(Image.open(io.BytesIO(stored)).getexif()) == {}


def test_the_same_upload_has_the_same_id(server: Server):
    assert server.image(4) == server.image(4) != server.image(5)


def test_an_etag_saves_the_second_transfer(server: Server):
    url = f"/v1/images/{server.image()}"
    first = server.client.get(url)
    again = server.client.get(url, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "immutable" in first.headers["cache-control"]
    assert server.client.get(url, headers={"If-None-Match": '"other"'}).status_code == 200


def bomb() -> bytes:
    """A PNG of 40000 x 40000 pixels in its header, and little else."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 40000, 40000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", 415),
        (b"hello", 415),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415),
        (b"%PDF-1.7", 415),
        (png(0, 48)[:60], 422),
        (png(0, 8), 422),
        (bomb(), 422),
        (jpeg_with_metadata()[:300], 422),
    ],
)
def test_what_is_no_usable_picture_is_refused(server: Server, data: bytes, status: int):
    response = server.client.post("/v1/images", content=data)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"


def test_a_file_beyond_the_limit_is_refused_before_it_is_read(tmp_path):
    limits = ServiceLimits(images=ImageLimits(max_bytes=1000))
    with serve(tmp_path, limits=limits) as server:
        announced = server.client.post("/v1/images", content=b"x" * 1001)
        unannounced = server.client.post("/v1/images", content=iter([b"x" * 600, b"x" * 600]))
        json = server.client.post("/v1/threads", content=b"x" * 70_000)
    assert [answer.status_code for answer in (announced, unannounced, json)] == [413, 413, 413]
    assert announced.json()["type"] == "urn:chatedit:error:BodyTooLarge"


def test_an_upload_can_be_deleted_unless_a_thread_needs_it(server: Server):
    image = server.image(6)
    assert server.client.delete(f"/v1/images/{image}").status_code == 204
    assert server.client.get(f"/v1/images/{image}").status_code == 404
    server.thread(7)
    assert server.client.delete(f"/v1/images/{server.image(7)}").status_code == 409


@pytest.mark.parametrize("name", ["..%2f..%2fetc%2fpasswd", "0" * 63, "G" * 64, "http://example.org/a.png"])
def test_what_is_no_id_of_a_picture_opens_nothing(server: Server, name: str):
    assert server.client.get(f"/v1/images/{name}").status_code in (404, 422)
    assert server.client.post("/v1/threads", json={"image": name}).status_code == 422
