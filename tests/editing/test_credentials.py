import io
import json
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import typer
from chatedit.editing.credential_check import check_credentials
from chatedit.editing.credential_commands import verify
from chatedit.editing.credential_errors import NoCredentials
from chatedit.editing.credentials import ContentCredentials
from chatedit.editing.image_errors import NotAnImage
from chatedit.editing.image_file import decode
from chatedit.editing.signing_key import SigningSettings, development_key, find_signing_key
from PIL import Image
from typer.testing import CliRunner

STATE = {"hair color": ["blond hair"], "makeup": ["lipstick"]}
app = typer.Typer()
app.command()(verify)


def picture(seed: int = 0, file_format: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(buffer, format=file_format)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def credentials(home: Path) -> ContentCredentials:
    return ContentCredentials(development_key(home))


@pytest.fixture(scope="module")
def signed(credentials: ContentCredentials) -> bytes:
    return credentials.signed(picture(), STATE, "portraits")


def chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    """Type and data of a PNG's chunks."""
    found, place = [], 8
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        found.append((png[place + 4 : place + 8], png[place + 8 : place + 8 + length]))
        place += 12 + length
    return found


def png_of(parts: list[tuple[bytes, bytes]]) -> bytes:
    body = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


def test_credentials_say_that_ai_edited_and_how(signed: bytes):
    report = check_credentials(signed)
    assert report.is_valid
    assert report.is_ai_edited
    assert report.belief_state == STATE
    assert report.pack == "portraits"
    assert report.agent.startswith("ChatEdit ")
    assert report.is_development_key
    assert report.signer == "ChatEdit development key"


def test_the_pixels_stay_and_readers_that_know_nothing_of_c2pa_open_the_picture(signed: bytes):
    assert decode(signed).tobytes() == decode(picture()).tobytes()
    Image.open(io.BytesIO(signed)).verify()


def test_the_photo_itself_is_not_inside(signed: bytes):
    assert len(signed) - len(picture()) < 8192


def test_the_signer_is_trusted_where_an_anchor_vouches_for_it(signed: bytes, home: Path):
    assert not check_credentials(signed).is_trusted
    assert check_credentials(signed, development_key(home).certificates.decode()).is_trusted


def test_a_configured_key_is_not_called_a_development_key_in_the_claims(home: Path, tmp_path: Path):
    made = development_key(home)
    (tmp_path / "chain.pem").write_bytes(made.certificates)
    (tmp_path / "key.pem").write_bytes(made.private_key)
    settings = SigningSettings(home=home, c2pa_certificate=tmp_path / "chain.pem", c2pa_key=tmp_path / "key.pem")
    data = ContentCredentials(find_signing_key(settings)).signed(picture(), STATE, "portraits")
    assert b"configured" in data
    assert check_credentials(data).is_valid


def test_other_pixels_under_the_same_credentials_are_found_out(signed: bytes):
    others = dict(chunks(picture(seed=1)))
    forged = png_of([(kind, others[kind] if kind == b"IDAT" else data) for kind, data in chunks(signed)])
    assert decode(forged).tobytes() == decode(picture(seed=1)).tobytes()
    report = check_credentials(forged)
    assert not report.is_valid
    assert "assertion.dataHash.mismatch" in report.problems


def test_another_belief_state_in_the_credentials_is_found_out(signed: bytes):
    forged = png_of([(kind, data.replace(b"blond hair", b"black hair")) for kind, data in chunks(signed)])
    assert forged != signed
    assert not check_credentials(forged).is_valid


def test_credentials_that_are_cut_off_do_not_count(signed: bytes):
    forged = png_of([(kind, data[:-200] if kind == b"caBX" else data) for kind, data in chunks(signed)])
    assert not check_credentials(forged).is_valid


def test_a_picture_whose_metadata_was_stripped_has_none(signed: bytes):
    for stripped in (png_of([part for part in chunks(signed) if part[0] != b"caBX"]), picture(file_format="JPEG")):
        with pytest.raises(NoCredentials):
            check_credentials(stripped)


def test_what_is_no_picture_is_told_apart():
    with pytest.raises(NotAnImage):
        check_credentials(b"no picture")


def test_several_threads_sign_at_once(credentials: ContentCredentials):
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda seed: credentials.signed(picture(seed), STATE, "portraits"), range(16)))
    assert all(check_credentials(data).is_valid for data in done)


def test_the_command_prints_the_findings_and_fails_where_they_do_not_hold(signed: bytes, tmp_path: Path):
    path, runner = tmp_path / "picture.png", CliRunner()
    path.write_bytes(signed)
    good = runner.invoke(app, [str(path)])
    assert good.exit_code == 0
    for words in ("valid", "development key", "hair color: blond hair; makeup: lipstick", "portraits", "ChatEdit"):
        assert words in good.stdout
    assert json.loads(runner.invoke(app, [str(path), "--json"]).stdout)["belief_state"] == STATE

    place = signed.index(b"IDAT") + 60
    path.write_bytes(signed[:place] + bytes([signed[place] ^ 1]) + signed[place + 1 :])
    bad = runner.invoke(app, [str(path)])
    assert bad.exit_code == 1
    assert "tampered" in bad.stdout

    path.write_bytes(picture())
    none = runner.invoke(app, [str(path)])
    assert none.exit_code == 1
    assert "no content credentials" in none.stderr


def test_with_anchors_the_command_fails_for_a_signer_that_they_do_not_vouch_for(
    signed: bytes, home: Path, tmp_path: Path
):
    (tmp_path / "picture.png").write_bytes(signed)
    for folder, code in ((home, 0), (tmp_path / "another", 1)):
        (tmp_path / "anchors.pem").write_bytes(development_key(folder).certificates)
        arguments = [str(tmp_path / "picture.png"), "--anchors", str(tmp_path / "anchors.pem")]
        assert CliRunner().invoke(app, arguments).exit_code == code
