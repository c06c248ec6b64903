"""The page over the real models at a real port of this process: `python page_service.py HOME [PORT]` to look at it."""

import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import uvicorn
from chatedit.dialogue.second_trackers import open_second_tracker
from chatedit.dialogue.t5 import load_dialogue_model
from chatedit.serving.api import create_app
from chatedit.serving.assembly import open_border
from chatedit.serving.border import Border
from chatedit.serving.config import Settings
from chatedit.tools.local_editor import LocalEditor, load_local_editor
from chatedit.tools.samples import shipped_samples

SLOW_STEP_S = 0.4


class PacedEditor:
    """The real editor, which can be told to take its time: so that something can happen in mid-edit."""

    def __init__(self, editor: LocalEditor) -> None:
        self._editor, self.is_slow = editor, False

    def __getattr__(self, name):
        return getattr(self._editor, name)

    def edit(self, request, on_progress=None):
        def report(progress):
            if self.is_slow:
                time.sleep(SLOW_STEP_S)
            on_progress(progress)

        return self._editor.edit(request, report)


@dataclass
class PageService:
    url: str
    border: Border
    editor: PacedEditor


@cache
def models():
    """Tracker with responder, and editor: loaded once for all services."""
    return load_dialogue_model(None, threads=1), load_local_editor("portraits")


@contextmanager
def page_service(home: Path, port: int = 0, **more) -> Iterator[PageService]:
    """`more` goes to the settings."""
    dialogue, local = models()
    editor, settings = PacedEditor(local), Settings(home=home, **more).on_this_machine()
    border = open_border(
        dialogue,
        editor,  # type: ignore[arg-type]
        settings,
        preset="fast",
        second=open_second_tracker("keywords"),
        portraits=shipped_samples(),
    )
    with border as opened, socket.create_server(("127.0.0.1", port)) as listener:
        config = uvicorn.Config(create_app(opened), log_level="warning", ws="none", timeout_graceful_shutdown=5)
        server = uvicorn.Server(config)
        worker = threading.Thread(target=server.run, args=([listener],))
        worker.start()
        try:
            yield PageService(f"http://127.0.0.1:{listener.getsockname()[1]}", opened, editor)
        finally:
            server.should_exit = True
            worker.join()


if __name__ == "__main__":
    with page_service(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 8000) as running:
        print(running.url, flush=True)
        threading.Event().wait()
