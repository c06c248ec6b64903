"""Five hundred uploads that are no usable picture, the same at every run: files, and whole HTTP requests."""

import base64
import gzip
import io
import random
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image

SIDE_PX = 48
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
PNG_HEAD = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Malformed:
    """Bytes that are no picture, and what is wrong with them."""

    name: str
    data: bytes


@cache
def malformed_files() -> tuple[Malformed, ...]:
    """To be sent as the body of an upload."""
    kinds = (_truncated, _flipped, _bombs, _wrong_chunks, _wrong_types, _polyglots, _animated, _multipart, _noise)
    return tuple(one for kind in kinds for one in kind())


def malformed_requests(port: int) -> list[Malformed]:
    """Whole requests, to be sent as they are; those named `hanging ...` never end."""
    good = picture("PNG")
    host = f"Host: 127.0.0.1:{port}\r\n"

    def upload(headers: str, body: bytes, version: str = "HTTP/1.1") -> bytes:
        return f"POST /v1/images {version}\r\n{host}{headers}\r\n".encode() + body

    found = []
    for share in (0.1, 0.3, 0.5, 0.7, 0.9):
        length = int(len(good) * share)
        found.append(Malformed(f"length {share}", upload(f"Content-Length: {length}\r\n", good)))
        announced = f"Content-Length: {len(good)}\r\n"
        found.append(Malformed(f"hanging at {share}", upload(announced, good[:length])))
        chunk = f"{len(good):x}\r\n".encode() + good[:length]
        found.append(Malformed(f"hanging chunk at {share}", upload("Transfer-Encoding: chunked\r\n", chunk)))
    lengths = ("-1", "ten", "0x10", "1e3", "1 2", "+5", "5,6", "9" * 30, "20000001", "")
    found += [Malformed(f"length {text!r}", upload(f"Content-Length: {text}\r\n", good)) for text in lengths]
    two = f"Content-Length: {len(good)}\r\nContent-Length: 5\r\n"
    found.append(Malformed("two lengths", upload(two, good)))
    for size in (b"zz", b"-5", b"0x5", b"f" * 20):
        chunk = size + b"\r\n" + good + b"\r\n0\r\n\r\n"
        found.append(Malformed(f"chunk size {size!r}", upload("Transfer-Encoding: chunked\r\n", chunk)))
    found.append(Malformed("no length", upload("", b"")))
    found.append(Malformed("a host that is none", b"GET /v1/threads HTTP/1.1\r\nHost: [\r\n\r\n"))
    found.append(Malformed("a header without a colon", upload("nonsense\r\nContent-Length: 5\r\n", b"12345")))
    found.append(Malformed("a version that is none", upload("Content-Length: 5\r\n", b"12345", "HTTP/9.9")))
    for coding in ("gzip", "deflate", "br"):
        packed = gzip.compress(bytes(1_000_000))
        headers = f"Content-Encoding: {coding}\r\nContent-Length: {len(packed)}\r\n"
        found.append(Malformed(f"coded as {coding}", upload(headers, packed)))
    return found


def chat_bodies() -> list[dict]:
    """Bodies of chat completions whose picture is none."""
    bodies = []
    for one in malformed_files()[::20]:
        url = f"data:image/png;base64,{base64.b64encode(one.data).decode()}"
        bodies.append(_chat(url))
    return [
        *bodies,
        *map(_chat, ("", "data:", "data:image/png;base64,%%%", "data:image/png,abc", "file:///etc/passwd")),
    ]


def run_bodies() -> list[bytes]:
    """Bodies of LangGraph's runs whose words are no text: UTF-8 has no halves of surrogate pairs, JSON does."""
    texts = (r"\ud800", r"add \udfff bangs", r"\udc00\ud800", r"\u0000")
    content = '{"assistant_id": "chatedit", "input": {"messages": [{"role": "user", "content": [%s]}]}}'
    block = '{"type": "text", "text": "%s"}'
    return [(content % form).encode() for text in texts for form in (f'"{text}"', block % text)]


def picture(form: str, side: int = SIDE_PX, seed: int = 0) -> bytes:
    """A picture of noise, which no format makes small."""
    buffer = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(buffer, format=form)
    return buffer.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG file."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(width: int, height: int, data: bytes, *more: bytes) -> bytes:
    """A PNG whose header says its size, whatever its data hold; `more` are chunks before them."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return PNG_HEAD + header + b"".join(more) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def _truncated() -> Iterator[Malformed]:
    for form in FORMATS:
        good = picture(form)
        for number in range(20):
            yield Malformed(f"{form} cut at {number}/20", good[: len(good) * number // 20])


def _flipped() -> Iterator[Malformed]:
    """Single wrong bytes: in a PNG all of them count, for every chunk has a checksum."""
    good, chance = picture("PNG"), random.Random(0)
    for _ in range(120):
        place, bit = chance.randrange(len(good)), 1 << chance.randrange(8)
        yield Malformed(f"PNG bit {bit} at {place}", good[:place] + bytes([good[place] ^ bit]) + good[place + 1 :])


def _bombs() -> Iterator[Malformed]:
    little = zlib.compress(bytes(1000))
    for width, height in ((40_000, 40_000), (65_535, 65_535), (2**31 - 1, 2**31 - 1), (1, 2**31 - 1), (0, 0), (0, 9)):
        yield Malformed(f"PNG of {width} x {height}", png_of(width, height, little))
    for side in (8_000, 11_000, 30_000):
        yield Malformed(f"PNG of {side} x {side}", png_of(side, side, little))
    packed = zlib.compress(bytes(30_000_000))
    yield Malformed("PNG whose text is 30 MB", png_of(48, 48, little, chunk(b"zTXt", b"Comment\0\0" + packed)))
    yield Malformed("PNG whose profile is 30 MB", png_of(48, 48, little, chunk(b"iCCP", b"profile\0\0" + packed)))
    yield Malformed("PNG of text again and again", png_of(48, 48, little, *[chunk(b"tEXt", b"a\0b")] * 5000))
    gif = bytearray(picture("GIF"))
    gif[6:10] = struct.pack("<HH", 65_535, 65_535)
    yield Malformed("GIF of 65535 x 65535", bytes(gif))
    jpeg = picture("JPEG")
    frame = jpeg.index(b"\xff\xc0") + 5
    for size in ((65_500, 65_500), (30_000, 30_000), (0, 48)):
        yield Malformed(f"JPEG of {size}", jpeg[:frame] + struct.pack(">HH", *size) + jpeg[frame + 4 :])
    bmp = picture("BMP")
    for size in ((2**31 - 1, 2**31 - 1), (40_000, 40_000), (-40_000, 40_000), (48, -(2**31))):
        yield Malformed(f"BMP of {size}", bmp[:18] + struct.pack("<ii", *size) + bmp[26:])
    vp8x = b"VP8X" + struct.pack("<I", 10) + bytes(4) + (16_383).to_bytes(3, "little") * 2
    yield Malformed("WEBP of 16384 x 16384", b"RIFF" + struct.pack("<I", 4 + len(vp8x)) + b"WEBP" + vp8x)
    yield Malformed("TIFF of 200000 x 200000", _tiff(200_000, 200_000))
    yield Malformed("TIFF whose strip is elsewhere", _tiff(48, 48, 2**31))
    yield Malformed("TIFF whose directory is its own next one", b"II*\0" + struct.pack("<IHI", 8, 0, 8))
    yield Malformed("gzip of zeros", gzip.compress(bytes(20_000_000)))


def _wrong_chunks() -> Iterator[Malformed]:
    good = picture("PNG")
    raw = zlib.compress(b"".join(b"\0" + bytes(3 * SIDE_PX) for _ in range(SIDE_PX)))
    cases = {
        "no data": PNG_HEAD + good[8:33] + chunk(b"IEND", b""),
        "no header": PNG_HEAD + chunk(b"IDAT", raw) + chunk(b"IEND", b""),
        "two headers": PNG_HEAD + good[8:33] + good[8:33] + chunk(b"IDAT", b""),
        "data that are not packed": png_of(48, 48, bytes(9000)),
        "too little data": png_of(48, 48, zlib.compress(bytes(100))),
        "a chunk of 2 GB": PNG_HEAD + good[8:33] + struct.pack(">I", 2**31 - 1) + b"IDAT" + raw,
        "a chunk without a name": PNG_HEAD + good[8:33] + chunk(b"\0\0\0\0", raw),
        "an empty header": PNG_HEAD + chunk(b"IHDR", b"") + good[33:],
        "an unknown filter": png_of(48, 48, zlib.compress(b"\x09" + bytes(7055))),
        "only the signature": PNG_HEAD,
    }
    for depth, colour in ((3, 2), (0, 0), (8, 5), (255, 255), (32, 2), (16, 3)):
        header = chunk(b"IHDR", struct.pack(">IIBBBBB", 48, 48, depth, colour, 0, 0, 0))
        cases[f"depth {depth}, colour {colour}"] = PNG_HEAD + header + chunk(b"IDAT", raw) + chunk(b"IEND", b"")
    for place in range(29, 33):
        cases[f"a wrong checksum at {place}"] = good[:place] + bytes([good[place] ^ 0xFF]) + good[place + 1 :]
    jpeg = picture("JPEG")
    cases["JPEG without a scan"] = jpeg[: jpeg.index(b"\xff\xda")] + b"\xff\xd9"
    cases["JPEG whose segment is too long"] = jpeg[:4] + b"\xff\xff" + jpeg[6:]
    cases["JPEG of twelve components"] = jpeg.replace(b"\xff\xc0\x00\x11\x08", b"\xff\xc0\x00\x11\x0c")
    webp = picture("WEBP")
    cases["WEBP whose length lies"] = webp[:4] + b"\xff\xff\xff\x7f" + webp[8:60]
    cases["WEBP of zeros"] = webp[:20] + bytes(len(webp) - 20)
    gif = picture("GIF")
    cases["GIF without a picture"] = gif[:13] + b"\x3b"
    cases["GIF whose code is too long"] = gif[: gif.index(b"\x2c\0\0\0\0") + 10] + b"\xff" * 300
    for name, data in cases.items():
        yield Malformed(name, data)


def _wrong_types() -> Iterator[Malformed]:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("picture.png", picture("PNG"))
    heads = {
        "SVG": b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
        "XML with an entity": b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><svg>&b;</svg>",
        "HTML": b"<html><script>alert(1)</script></html>",
        "PDF": b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF",
        "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 48 48\n(/etc/passwd) run\n",
        "ZIP": archive.getvalue(),
        "gzip": gzip.compress(picture("PNG")),
        "ELF": b"\x7fELF\x02\x01\x01" + bytes(200),
        "EXE": b"MZ\x90\0" + bytes(200),
        "MP4": b"\0\0\0\x20ftypisom" + bytes(200),
        "HEIC": b"\0\0\0\x18ftypheic" + bytes(200),
        "AVIF": b"\0\0\0\x1cftypavif" + bytes(200),
        "MP3": b"ID3\x04" + bytes(200),
        "WAV": b"RIFF\x24\0\0\0WAVEfmt " + bytes(200),
        "JSON": b'{"image": "aGVsbG8="}',
        "base64": base64.b64encode(picture("PNG")),
        "pickle": b"\x80\x04\x95\x1e\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.",
        "npy": b"\x93NUMPY\x01\0v\0{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
        "PSD": b"8BPS\0\x01" + bytes(200),
        "ICO": b"\0\0\x01\0\x01\0" + bytes(200),
        "PPM": b"P6 48 48 255\n" + bytes(48 * 48 * 3),
        "TGA": b"\0\0\x02" + bytes(9) + struct.pack("<HHBB", 48, 48, 24, 0) + bytes(48 * 48 * 3),
        "JPEG 2000": b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(200),
        "FITS": b"SIMPLE  =                    T" + bytes(200),
        "nothing": b"",
        "one byte": b"\x89",
        "zeros": bytes(1000),
        "a line": b"hello\n",
        "a URL": b"http://169.254.169.254/latest/meta-data/",
        "a path": b"/etc/passwd",
        "UTF-16": "a picture".encode("utf-16"),
        "a PNG as text": picture("PNG").decode("latin-1").encode("utf-8"),
        "a PNG with other line ends": picture("PNG").replace(b"\r\n", b"\n"),
        "a PNG backwards": picture("PNG")[::-1],
    }
    for name, data in heads.items():
        yield Malformed(name, data)


def _polyglots() -> Iterator[Malformed]:
    """Good pictures that are something else as well."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("run.sh", "echo hello")
    tails = {
        "ZIP": archive.getvalue(),
        "PHP": b"<?php system($_GET['c']); ?>",
        "HTML": b"<html><body onload=alert(1)>",
        "script": b"<script>alert(1)</script>",
        "SVG": b"<svg onload=alert(1)>",
        "7z": b"7z\xbc\xaf\x27\x1c" + bytes(40),
        "RAR": b"Rar!\x1a\x07\x01\0" + bytes(40),
    }
    for form in FORMATS:
        for name, tail in tails.items():
            yield Malformed(f"{form} and {name} behind it", picture(form) + tail)
    for name in ("PHP", "HTML", "script"):
        comment = chunk(b"tEXt", b"Comment\0" + tails[name])
        good = picture("PNG")
        yield Malformed(f"PNG with {name} as a comment", good[:33] + comment + good[33:])
        jpeg = picture("JPEG")
        segment = b"\xff\xfe" + struct.pack(">H", len(tails[name]) + 2) + tails[name]
        yield Malformed(f"JPEG with {name} as a comment", jpeg[:2] + segment + jpeg[2:])
    pdf = b"%PDF-1.4\n1 0 obj <<>> endobj\n"
    yield Malformed("JPEG and PDF", jpeg[:2] + b"\xff\xfe" + struct.pack(">H", len(pdf) + 2) + pdf + jpeg[2:])
    yield Malformed("PDF and JPEG", pdf + jpeg)
    yield Malformed("HTML and PNG", b"<html>" + picture("PNG"))
    yield Malformed("GIF and JavaScript", b"GIF89a=1;/*" + picture("GIF")[11:] + b"*/=1;alert(1)")


def _animated() -> Iterator[Malformed]:
    frames = [Image.new("RGB", (SIDE_PX, SIDE_PX), (40 * number, 0, 0)) for number in range(6)]
    for form in ("GIF", "PNG", "WEBP"):
        buffer = io.BytesIO()
        frames[0].save(buffer, format=form, save_all=True, append_images=frames[1:], duration=50)
        good = buffer.getvalue()
        for share in range(1, 4):
            yield Malformed(f"animated {form} cut at {share}/20", good[: len(good) * share // 20])
        huge = bytearray(good)
        place, size = {
            "GIF": (6, struct.pack("<HH", 60_000, 60_000)),
            "PNG": (16, struct.pack(">II", 60_000, 60_000)),
            "WEBP": (24, (16_000).to_bytes(3, "little") * 2),
        }[form]
        huge[place : place + len(size)] = size
        yield Malformed(f"animated {form} of huge size", bytes(huge))


def _multipart() -> Iterator[Malformed]:
    good = picture("PNG")
    line = b"--limit\r\n"
    field = b'Content-Disposition: form-data; name="%s"\r\n\r\n'
    named = b'Content-Disposition: form-data; name="file"; filename="%s"\r\nContent-Type: image/png\r\n\r\n'
    end = b"\r\n--limit--\r\n"
    yield Malformed("multipart", line + named % b"a.png" + good + end)
    yield Malformed("multipart without its end", line + named % b"a.png" + good)
    yield Malformed("multipart without a file", line + field % b"caption" + b"hello" + end)
    yield Malformed("multipart without fields", b"--limit--\r\n")
    yield Malformed("multipart that names a path", line + named % b"../../etc/passwd" + good + end)
    yield Malformed("multipart of many parts", (line + field % b"x" + b"1\r\n") * 2000 + b"--limit--\r\n")
    yield Malformed("multipart in multipart", line + field % b"a" + line + named % b"a.png" + good + end + end)
    yield Malformed("multipart with a wrong limit", b"--other\r\n" + named % b"a.png" + good + end)
    yield Malformed("form", b"image=" + base64.b64encode(good))


def _noise() -> Iterator[Malformed]:
    chance = random.Random(1)
    for number in range(30):
        yield Malformed(f"noise {number}", chance.randbytes(chance.randrange(1, 5000)))
    for form in FORMATS:
        head = picture(form)[:24]
        for number in range(4):
            yield Malformed(f"{form} head and noise {number}", head + chance.randbytes(2000))


def _tiff(width: int, height: int, offset: int = 8) -> bytes:
    tags = ((256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, offset))
    tags += ((277, 3, 1), (278, 4, height), (279, 4, width * height & 0xFFFFFFFF))
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)


def _chat(url: str) -> dict:
    content = [{"type": "text", "text": "add bangs"}, {"type": "image_url", "image_url": {"url": url}}]
    return {"model": "chatedit", "messages": [{"role": "user", "content": content}]}
