"""The real app over scripted models at a real port of this process, for clients that want to connect."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from chatedit.serving.api import create_app
from chatedit.serving.assembly import open_border
from chatedit.serving.border import Border
from chatedit.serving.config import Settings
from chatedit.serving.service import ServiceLimits
from chatedit.tools.samples import shipped_samples
from scripted import FakeEditor, WordModel


@dataclass
class Live:
    url: str
    border: Border
    editor: FakeEditor

    def key(self, owner: str) -> str:
        return self.border.keys.create(f"key of {owner}", owner)


@contextmanager
def live(
    home: Path, auth: str = "on", limits: ServiceLimits | None = None, editor: FakeEditor | None = None, **more: Any
) -> Iterator[Live]:
    """`more` goes to the settings."""
    editor = editor or FakeEditor()
    settings = Settings(home=home, auth=auth, **more)  # type: ignore[arg-type]
    with (
        open_border(WordModel(), editor, settings, limits or ServiceLimits(), portraits=shipped_samples()) as border,
        socket.create_server(("127.0.0.1", 0)) as listener,
    ):
        server = uvicorn.Server(uvicorn.Config(create_app(border), log_level="warning", ws="none", lifespan="on"))
        worker = threading.Thread(target=server.run, args=([listener],))
        worker.start()
        try:
            yield Live(f"http://127.0.0.1:{listener.getsockname()[1]}", border, editor)
        finally:
            server.should_exit = True
            worker.join()
