"""A real HTTP server that speaks chat completions, and misbehaves on demand."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class ChatServer:
    """Answers with `answer(messages)`; what is queued in `mishaps` happens first, one a request.

    An answer is a text, or a choice (`{"message": {...}, "finish_reason": ...}`). A mishap is a status (429), a status
    with a body (`(400, {...})`), a body (`b"{"`), a choice, or `"hang"`, `"hangup"`, and in the middle of a
    body `"stall"`, `"break"`.

    Args:
        usage: tokens that every answer claims to have taken; none where absent.
    """

    def __init__(self, answer: Callable[[list], str | dict], usage: dict | None = None) -> None:
        self.answer, self.usage = answer, usage
        self.mishaps: list = []
        self.requests: list[dict] = []
        self.keys: list[str | None] = []
        self.most_at_once = 0
        self._running = 0
        self._lock = threading.Lock()
        self._released = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> "ChatServer":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._released.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def _completion(self, answer: str | dict) -> dict:
        said = {"message": {"content": answer}} if isinstance(answer, str) else answer
        choice = {"index": 0, "finish_reason": "stop", **said, "message": {"role": "assistant", **said["message"]}}
        completion = {"id": "c", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}
        return completion | ({"usage": self.usage} if self.usage else {})

    def _handler(server) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with server._lock:
                    server.requests.append(body)
                    server.keys.append(self.headers.get("Authorization"))
                    mishap = server.mishaps.pop(0) if server.mishaps else None
                    server._running += 1
                    server.most_at_once = max(server.most_at_once, server._running)
                try:
                    self._respond(mishap, body)
                finally:
                    with server._lock:
                        server._running -= 1

            def _respond(self, mishap: object, body: dict) -> None:
                if mishap == "hang":
                    server._released.wait(20)
                elif mishap == "hangup":
                    self.close_connection = True
                elif mishap in ("stall", "break"):
                    self._send(200, b'{"id": "c", "choices": [{"mes', promised=400)
                    self.close_connection = True
                    if mishap == "stall":
                        server._released.wait(20)
                elif isinstance(mishap, int):
                    self._send(mishap, b'{"error": "no"}')
                elif isinstance(mishap, tuple):
                    self._send(mishap[0], json.dumps(mishap[1]).encode())
                elif isinstance(mishap, bytes):
                    self._send(200, mishap)
                else:
                    self._send(200, json.dumps(server._completion(mishap or server.answer(body["messages"]))).encode())

            def _send(self, status: int, body: bytes, promised: int = 0) -> None:
                self.send_response(status)
                if status == 429:
                    self.send_header("Retry-After", "7")
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(promised or len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        return Handler
