"""`chatedit` for a reader who has the official files: here small ones, in the same form and under the same names."""

import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "editing"))

from chatedit.cli import app
from official_files import register_clip, write_official_files

NAMES = {
    "stylegan2-ffhq-config-f.pt": "stylegan2.pt",
    "e4e_ffhq_encode.pt": "e4e.pt",
    "model_ir_se50.pth": "ir_se50.pth",
    "clip.pt": "clip.pt",
}

if __name__ == "__main__":
    files = Path("official")
    if files.exists():
        register_clip(files)
    else:
        write_official_files(files)
        for official, small in NAMES.items():
            shutil.copy(files / small, official)
    app()
