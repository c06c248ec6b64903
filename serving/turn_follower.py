"""Follows one turn: books what it makes and what it costs, passes its events on, hears of a cancel from elsewhere."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from .holdings import Holdings
from .run_board import RunBoard
from .turn_watch import TurnWatch

OnEvent = Callable[[str, dict[str, Any]], None]
"""Called, perhaps from another thread, with `start` {"run"}, `state` {"belief_state", "update"}, `progress` {"step",
"num_steps", "preview"}, `image` {"image", "relevance", "identity"}; `node` {"name", "update"} for each node of the
graph that ended. Pictures are references."""
CANCEL_POLL_S = 0.25


class TurnFollower:
    """What `Conversations.say` reports to.

    Args:
        holdings, board: where to book.
        owner, thread: whose turn on which thread.
        cancel: cancels the turn in this process.
        on_event: who else listens.
        metadata: of the run.
        watch: times the turn.
    """

    def __init__(
        self,
        holdings: Holdings,
        board: RunBoard,
        owner: str,
        thread: str,
        cancel: Callable[[], object],
        on_event: OnEvent | None = None,
        metadata: Mapping[str, Any] | None = None,
        watch: TurnWatch | None = None,
    ) -> None:
        self._holdings, self._board, self._owner, self._thread = holdings, board, owner, thread
        self._cancel, self._on_event, self._metadata = cancel, on_event, metadata
        self._watch = watch or TurnWatch()
        self._asked_at = time.monotonic()
        self._running_since: float | None = None  # of the edit
        self._held: set[tuple[str, str]] = set()  # booked already
        self.run: str | None = None
        self.compute_s = 0.0
        self.failure: str | None = None

    def __call__(self, kind: str, data: dict[str, Any]) -> None:
        """One event of the conversation."""
        if kind == "start":
            if self.run is not None:  # one of several ideas
                self._board.finish(self.run, "success")
            self.run = self._board.start_alone(self._owner, self._thread, self._metadata)
            self._watch.started(self.run)
            self._pass("start", {"run": self.run})
        elif kind == "progress":
            self._progress(data)
        else:
            self._node(kind, data)

    def end_edit(self) -> None:
        """Count the seconds of an edit that came to nothing: they were used, too."""
        if self._running_since is not None:
            self.compute_s += time.monotonic() - self._running_since
            self._running_since = None

    def _progress(self, data: dict[str, Any]) -> None:
        if data["step"] == 0:
            self._hold("edit", data["edit"])
        elif self._running_since is None:  # the time in a queue is not the caller's
            self._running_since = time.monotonic()
        preview = data.get("preview")
        if preview is not None:
            self._hold("image", preview)
        if data["num_steps"]:
            self._pass("progress", {"step": data["step"], "num_steps": data["num_steps"], "preview": preview})
        if self.run is not None and time.monotonic() - self._asked_at >= CANCEL_POLL_S:
            self._asked_at = time.monotonic()
            if self._board.is_cancelled(self.run):
                self._cancel()

    def _node(self, name: str, update: dict[str, Any]) -> None:
        self._watch.ended(name)
        pending = update.get("pending")
        if name == "track" and pending:
            self._pass("state", {"belief_state": pending["belief_state"], "update": pending["update"]})
        if name == "edit":
            for message in update.get("messages", []):
                self._edited(getattr(message, "artifact", None))
            self.end_edit()
        self._pass("node", {"name": name, "update": update})

    def _edited(self, artifact: Any) -> None:
        if not isinstance(artifact, dict):
            return
        if artifact["key"]:
            self._hold("edit", artifact["key"])
        self._hold("image", artifact["image"])
        self._running_since = None
        if not artifact["is_known"]:
            self.compute_s += artifact["seconds"]
        shown = {name: artifact[name] for name in ("image", "relevance", "identity")}
        self._pass("image", shown)

    def _hold(self, kind: Any, key: str) -> None:
        if (kind, key) not in self._held:
            self._holdings.add(self._owner, self._thread, kind, key)
            self._held.add((kind, key))

    def _pass(self, kind: str, data: dict[str, Any]) -> None:
        if self._on_event is not None:
            self._on_event(kind, data)
