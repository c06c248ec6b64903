"""MCP over stdio over scripted models: `scripted_mcp.py HOME`."""

import sys
from pathlib import Path

from chatedit.serving.assembly import open_border
from chatedit.serving.config import Settings
from chatedit.serving.mcp_stdio import UNLIMITED, serve_stdio
from scripted import FakeEditor, WordModel

if __name__ == "__main__":
    with open_border(WordModel(), FakeEditor(), Settings(home=Path(sys.argv[1])), UNLIMITED) as border:
        serve_stdio(lambda: border)
