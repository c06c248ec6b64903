"""Files that are a picture and something else at once: harmless here, where only pixels are kept, and never honest."""

import io
import re
import zipfile

PDF_HEAD_BYTES = 1024  # readers look so far for its first line
_PAGE = re.compile(  # what follows keeps noise of compressed pixels from being taken for a tag
    rb"<(?:[sS][cC][rR][iI][pP][tT]|[hH][tT][mM][lL]|[sS][vV][gG]|[bB][oO][dD][yY]|\?[pP][hH][pP])[\s>][\t\n\r -~]{4}"
)
_ARCHIVES = {"RAR": b"Rar!\x1a\x07", "7z": b"7z\xbc\xaf\x27\x1c"}


def other_type(data: bytes) -> str | None:
    """Name of another type that the bytes of a picture are, too; None where they are a picture only."""
    if b"%PDF-" in data[:PDF_HEAD_BYTES]:
        return "PDF"
    if _PAGE.search(data):
        return "a web page or script"
    for name, mark in _ARCHIVES.items():
        if mark in data:
            return name
    return "ZIP" if zipfile.is_zipfile(io.BytesIO(data)) else None
