"""The real app over scripted models, in this process, and what tests do with it again and again."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatedit.serving.api import create_app
from chatedit.serving.assembly import open_border
from chatedit.serving.border import Border
from chatedit.serving.config import Settings
from chatedit.serving.service import ServiceLimits
from fastapi.testclient import TestClient
from scripted import FakeEditor, WordModel, png

URL = "http://127.0.0.1:8000"


@dataclass
class Server:
    client: TestClient
    border: Border
    editor: FakeEditor
    model: WordModel

    def image(self, seed: int = 0, client: TestClient | None = None) -> str:
        """Upload a picture; its id."""
        response = (client or self.client).post("/v1/images", content=png(seed, 48))
        assert response.status_code == 201, response.text
        return response.json()["id"]

    def thread(self, seed: int = 0, client: TestClient | None = None, **headers: str) -> str:
        """Open a thread about a picture; its id."""
        client = client or self.client
        response = client.post("/v1/threads", json={"image": self.image(seed, client)}, headers=dashed(headers))
        assert response.status_code == 201, response.text
        return response.json()["id"]

    def say(self, thread: str, words: str, **headers: str) -> dict[str, Any]:
        """One turn, answered as JSON."""
        response = self.post(thread, "turns", {"utterance": words}, **headers)
        assert response.status_code == 200, response.text
        return response.json()

    def post(self, thread: str, what: str, body: dict[str, Any] | None = None, **headers: str):
        return self.client.post(f"/v1/threads/{thread}/{what}", json=body or {}, headers=dashed(headers))

    def with_key(self, key: str) -> TestClient:
        """A client of somebody else."""
        return TestClient(self.client.app, URL, headers={"Authorization": f"Bearer {key}"})


@contextmanager
def serve(
    home: Path,
    auth: str = "off",
    limits: ServiceLimits | None = None,
    editor: FakeEditor | None = None,
    border: dict[str, Any] | None = None,
    **more: Any,
) -> Iterator[Server]:
    """`border` goes to `open_border`, `more` to the settings."""
    editor, model = editor or FakeEditor(), WordModel()
    settings = Settings(home=home, auth=auth, **more)  # type: ignore[arg-type]
    with open_border(model, editor, settings, limits or ServiceLimits(), **(border or {})) as opened:
        app = create_app(opened)
        headers = {"X-Api-Key": opened.keys.create("tests", "alice")} if auth == "on" else {}
        with TestClient(app, URL, headers=headers, raise_server_exceptions=False) as client:
            yield Server(client, opened, editor, model)


def events(text: str) -> list[tuple[str, dict[str, Any]]]:
    """The events of a server-sent stream."""
    found = []
    for block in text.strip().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if lines:
            found.append((lines["event"], json.loads(lines["data"])))
    return found


def dashed(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
