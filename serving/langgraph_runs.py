"""Runs in the form of LangGraph's API: a turn, started, streamed, joined."""

from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from typing import Any

from fastapi import Request
from langchain_core.messages import AIMessage, HumanMessage
from starlette.concurrency import run_in_threadpool

from ..agent.reply import NO_PHOTO
from .border import Border, Caller
from .errors import NotAllowed
from .langgraph_schemas import RunCreate
from .langgraph_views import Spoken, messages_view, spoken, state_of, update_view, values_view
from .outcomes import Outcome
from .problems import problem_of
from .running_turn import RunningTurn
from .schemas import MAX_UTTERANCE
from .sse import HEARTBEAT, sse_event
from .turn_follower import OnEvent

MAX_KNOWN_RUNS = 256
DEFAULT_MODE = "values"


class Run:
    """One run on a thread; `begin` makes one.

    Attributes:
        id: on the board.
        turn: the turn in its thread.
    """

    def __init__(self, border: Border, caller: Caller, thread: str, given: RunCreate, is_detached: bool) -> None:
        self._border, self._caller, self._thread = border, caller, thread
        self._modes = _modes(given.stream_mode)
        self._said: Spoken = spoken(given.input)
        if len(self._said.text) > MAX_UTTERANCE:
            raise NotAllowed(f"a message may have at most {MAX_UTTERANCE} characters")
        self._metadata = dict(given.metadata or {})
        self.id = ""  # before the turn, which begins at once and tells its own
        service, owner = border.service, caller.owner
        self.turn: RunningTurn[Outcome | None] = RunningTurn(
            border, self._work, lambda: service.cancel(owner, thread), is_detached
        )

    async def begun(self) -> None:
        """Wait until it runs; then it has an id.

        Raises:
            Exception: what refused it.
        """
        await self.turn.started()

    def _work(self, on_event: OnEvent) -> Outcome | None:
        """Take the photo, where one came, and answer the words, where there are any; None where there are none."""

        def told(kind: str, data: dict[str, Any]) -> None:
            if kind == "start":
                self.id = data["run"]
            on_event(kind, data)

        service, owner, said = self._border.service, self._caller.owner, self._said
        if said.photo is not None:
            reference = said.photo
            if isinstance(reference, bytes):
                reference = service.put_image(owner, reference).reference
            service.attach_photo(owner, self._thread, reference)
        is_ready = bool((state_of(service.snapshots(owner, self._thread)) or {}).get("image"))
        if not said.text or not is_ready:
            run = service.board.start(owner, self._thread, self._metadata)
            service.board.finish(run, "success")
            told("start", {"run": run})
            return None
        return service.say(owner, self._thread, said.text, None, told, self._metadata, said.message_id)

    def values(self) -> dict[str, Any]:
        """The thread's values now; where it has no photo yet, with a message that asks for one."""
        state = state_of(self._border.service.snapshots(self._caller.owner, self._thread))
        if state is not None and state.get("image"):
            return values_view(state, self._caller.views)
        words = [HumanMessage(self._said.text, id=self._said.message_id), AIMessage(NO_PHOTO)]
        return {"messages": messages_view(words, [], self._caller.views)}

    async def events(self) -> AsyncIterator[str]:
        """Server-sent events in the modes that were asked for."""
        views = self._caller.views
        yield sse_event("metadata", {"run_id": self.id, "attempt": 1})
        async for event in self.turn.events():
            if event is None:
                yield HEARTBEAT
            elif event[0] == "node" and "updates" in self._modes:
                data = event[1]
                yield sse_event("updates", {data["name"]: update_view(data["update"], views)})
            elif event[0] in ("progress", "image") and "custom" in self._modes:
                yield sse_event("custom", {"kind": event[0], **views.event(*event)})
        try:
            self.turn.outcome()
            values = await run_in_threadpool(self.values)
        except Exception as error:  # outermost: the answer has begun, so the error is an event
            problem, _ = problem_of(error)
            yield sse_event("error", {"error": problem.type.rsplit(":", 1)[-1], "message": problem.detail})
            return
        for text in self._last(values):
            yield text
        yield sse_event("end", None)

    def _last(self, values: dict[str, Any]) -> list[str]:
        """The end of the story: the answer as a message, all values."""
        answer = values["messages"][-1] if values.get("messages") else None
        found = []
        if answer is not None and "messages" in self._modes:
            found.append(sse_event("messages/complete", [answer]))
        if answer is not None and "messages-tuple" in self._modes:
            found.append(sse_event("messages", [answer, {"langgraph_node": "respond", "run_id": self.id}]))
        if "values" in self._modes:
            found.append(sse_event("values", values))
        return found

    async def result(self, request: Request) -> dict[str, Any]:
        """The values at the end."""
        await self.turn.result(request)
        return await run_in_threadpool(self.values)


class KnownRuns:
    """Runs of this process, for those who come back for them; the oldest that are over are forgotten."""

    def __init__(self) -> None:
        self._runs: OrderedDict[str, Run] = OrderedDict()

    def add(self, run: Run) -> None:
        """Remember a run that has begun."""
        self._runs[run.id] = run
        for name in [name for name, one in self._runs.items() if one.turn.is_over]:
            if len(self._runs) > MAX_KNOWN_RUNS:
                del self._runs[name]

    def get(self, run: str) -> Run | None:
        """A run of this process, if it is one."""
        return self._runs.get(run)


def _modes(given: str | Sequence[str] | None) -> set[str]:
    return {given} if isinstance(given, str) else set(given or (DEFAULT_MODE,))
