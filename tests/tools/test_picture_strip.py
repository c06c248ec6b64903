import io
from pathlib import Path

import pytest
from chatedit.editing.credential_check import check_credentials
from chatedit.editing.credential_errors import NoCredentials
from chatedit.editing.credentials import ContentCredentials
from chatedit.tools.picture_strip import Tile, write_strip
from PIL import Image
from scripted import png

STATE = {"hair": ["bangs"]}


def test_a_strip_shows_all_tiles_and_says_of_itself_what_its_last_edit_says(tmp_path: Path):
    edited = ContentCredentials().signed(png(1, 32), STATE, "portraits")
    write_strip([Tile(png(0, 32), "the photo"), Tile(edited, "add bangs")], tmp_path / "strip.png")
    data = (tmp_path / "strip.png").read_bytes()
    report = check_credentials(data)
    assert (report.is_valid, report.belief_state, report.pack) == (True, STATE, "portraits")
    width, height = Image.open(io.BytesIO(data)).size
    assert width > 2 * 256 > height > 256


def test_a_strip_of_photos_alone_claims_nothing(tmp_path: Path):
    write_strip([Tile(png(0, 32), "the photo")], tmp_path / "strip.png")
    with pytest.raises(NoCredentials):
        check_credentials((tmp_path / "strip.png").read_bytes())
