"""People who use the service at once: each uploads a portrait, opens a thread, talks, looks, and deletes it again."""

import json
import threading
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx

from ..tools.samples import draw_portrait

REQUEST_S = 300.0
MAX_WAIT_S = 10.0  # between a 429 and the next try
SCRIPTS: tuple[tuple[str, ...], ...] = (
    ("Could you make the hair blond?", "Please add some lipstick.", "Actually, undo the lipstick.", "Now a big smile."),
    ("Give her bangs.", "I would like pale skin.", "Make the hair black instead.", "Thank you, that is lovely."),
    ("I want rosy cheeks.", "Add a mustache.", "No, take the mustache away again.", "Can you make it angry?"),
    ("Gray hair, please.", "And sideburns.", "Start over.", "Put on heavy makeup."),
)


@dataclass
class Tally:
    """What one user saw.

    Attributes:
        statuses: (what was asked, HTTP status) -> how often.
        latencies_s: of each answered turn, from the first byte sent to the last one received.
        accepted, answered: turns.
        faults: what went wrong, in words.
    """

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    latencies_s: list[float] = field(default_factory=list)
    accepted: int = 0
    answered: int = 0
    faults: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Take over what another user saw."""
        self.statuses += other.statuses
        self.latencies_s += other.latencies_s
        self.accepted += other.accepted
        self.answered += other.answered
        self.faults += other.faults


def use_service(
    url: str, num_users: int, seconds: float, scripts: Sequence[Sequence[str]] = SCRIPTS, num_threads: int | None = None
) -> Tally:
    """Let users talk for a while; whoever is in a conversation when time is up ends the turn that runs.

    Args:
        seconds: how long.
        scripts: what they say, one conversation each.
        num_threads: conversations after which a user leaves earlier.
    """
    ends_at, total = time.monotonic() + seconds, Tally()
    with ThreadPoolExecutor(num_users) as pool:
        users = [_User(url, number, num_users, scripts, ends_at) for number in range(num_users)]
        for tally in pool.map(lambda user: user.run(num_threads), users):
            total.add(tally)
    return total


class _Fault(Exception):
    """Something that must not happen. Args: what, in words."""


class _User:
    """One person; every second turn comes as events."""

    def __init__(self, url: str, number: int, num_users: int, scripts: Sequence[Sequence[str]], ends_at: float) -> None:
        self._client = httpx.Client(base_url=url, timeout=REQUEST_S)
        self._number, self._num_users, self._scripts, self._ends_at = number, num_users, scripts, ends_at
        self._tally = Tally()

    def run(self, num_threads: int | None) -> Tally:
        """Conversations until time is up."""
        done = 0
        with self._client:
            while not self._is_over() and done != num_threads:
                place = self._number + done * self._num_users
                try:
                    self._converse(self._scripts[place % len(self._scripts)], place)
                except (_Fault, httpx.HTTPError) as fault:
                    self._tally.faults.append(str(fault) or type(fault).__name__)
                    threading.Event().wait(1.0)  # a service that is down is not asked a thousand times a second
                done += 1
        return self._tally

    def _converse(self, script: Sequence[str], seed: int) -> None:
        portrait = draw_portrait((), "", seed)  # somebody else each time: nothing is there already
        image = self._call("upload", "POST", "/v1/images", 201, content=portrait)
        if image is None:
            return
        thread = self._call("open", "POST", "/v1/threads", 201, json={"image": image["id"]})
        if thread is None:
            return
        path, answered = f"/v1/threads/{thread['id']}", 0
        for number, words in enumerate(script):
            if self._is_over() or not self._turn(f"{path}/turns", words, bool(number % 2)):
                break
            answered += 1
        state = self._call("state", "GET", f"{path}/state", 200)
        if state is not None and state["num_turns"] != answered:
            raise _Fault(f"{answered} turns were answered and {state['num_turns']} are on the thread")
        if state is not None:
            self._call("picture", "GET", state["turn"]["image"]["url"], 200)
        self._call("delete", "DELETE", path, 204)

    def _turn(self, path: str, words: str, has_events: bool) -> bool:
        """One turn, repeated while it is refused; whether it was answered."""
        headers = {"Accept": "text/event-stream" if has_events else "application/json"}
        headers["Idempotency-Key"] = uuid.uuid4().hex
        while True:
            started = time.monotonic()
            response = self._send("turn", "POST", path, headers=headers, json={"utterance": words})
            if response.status_code != 429:
                break
            if not self._waits(response):
                return False
        self._tally.accepted += 1
        outcome = _outcome(response)
        if outcome.get("error"):
            raise _Fault(f"a turn came to nothing: {outcome['error']}")
        self._tally.answered += 1
        self._tally.latencies_s.append(time.monotonic() - started)
        return True

    def _call(self, what: str, method: str, path: str, status: int, **request: Any) -> Any:
        """Answer of a request that must give `status`, in the end; None where time was up before."""
        while True:
            response = self._send(what, method, path, **request)
            if response.status_code == status:
                is_json = response.headers.get("content-type") == "application/json" and response.content
                return response.json() if is_json else response.content
            if response.status_code != 429:
                raise _Fault(f"{what}: {response.status_code} {response.text[:200]}")
            if not self._waits(response):
                return None

    def _send(self, what: str, method: str, path: str, **request: Any) -> httpx.Response:
        response = self._client.request(method, path, **request)
        self._tally.statuses[what, response.status_code] += 1
        return response

    def _waits(self, response: httpx.Response) -> bool:
        """Wait as a 429 says; False where time is up."""
        if "retry-after" not in response.headers:
            raise _Fault("a 429 does not say when to come back")
        wait_s = min(float(response.headers["retry-after"]), MAX_WAIT_S)
        threading.Event().wait(min(wait_s, max(0.0, self._ends_at - time.monotonic())))
        return not self._is_over()

    def _is_over(self) -> bool:
        return time.monotonic() >= self._ends_at


def _outcome(response: httpx.Response) -> dict[str, Any]:
    """What a turn came to. Raises: _Fault."""
    if response.status_code != 200:
        raise _Fault(f"turn: {response.status_code} {response.text[:200]}")
    if response.headers["content-type"].startswith("application/json"):
        return response.json()
    last = response.text.strip().rsplit("\n\n", 1)[-1]
    kind, _, data = last.partition("\ndata: ")
    if kind != "event: response":
        raise _Fault(f"the events of a turn ended with {last[:200]!r}")
    return json.loads(data)
