"""Pairs of small pictures, and a local site that really listens."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from PIL import Image
from PIL.PngImagePlugin import PngInfo

SAID = ("make her blond", "and add bangs")


def write_pairs(folder: Path, count: int = 3) -> Path:
    """`count` pairs of "ours" and "theirs"; the pictures say so in their metadata, and by their colour."""
    folder.mkdir(parents=True, exist_ok=True)
    records = []
    for number in range(count):
        record = {"id": f"photo-{number}", "photo": f"{number}.png", "user": SAID}
        _picture(folder / f"{number}.png", (90, 90, 40 * number), "photo")
        for side, system, colour in (("one", "ours", (0, 128, 0)), ("other", "theirs", (128, 0, 0))):
            turns = []
            for turn, words in enumerate(("Done.", "Here you are.")):
                name = f"{system}-{number}-{turn}.png"
                _picture(folder / name, (*colour[:2], 10 * turn), system)
                turns.append({"response": f"{words} ({len(system)})", "picture": name})
            record[side] = {"system": system, "turns": turns}
        records.append(record)
    path = folder / "pairs.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


@contextmanager
def listening(app: FastAPI) -> Iterator[str]:
    """The site on a free port of this machine; its address."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    started = threading.Event()
    startup = server.startup

    async def announced(*args, **kwargs) -> None:
        await startup(*args, **kwargs)
        started.set()

    server.startup = announced
    thread = threading.Thread(target=server.run)
    thread.start()
    assert started.wait(30)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(30)


def _picture(path: Path, colour: tuple[int, int, int], system: str) -> None:
    note = PngInfo()
    note.add_text("Software", system)
    Image.new("RGB", (64, 64), colour).save(path, pnginfo=note)
