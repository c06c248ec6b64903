"""Threads: one turn at a time, resumed after a crash, moved through their history by API."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any, cast

from langchain_core.messages import AIMessage, HumanMessage, RemoveMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import StateSnapshot, StreamMode

from ..dialogue import belief_state
from ..dialogue.errors import DialogueError
from ..tools.edit_face import ON_PROGRESS
from ..tools.errors import EditCancelled, InvalidBeliefState
from ..tools.photo import Photo
from .answer import Answer, answer_of, answer_to_move
from .errors import ThreadBusy, UnknownThread
from .navigation import Navigation
from .nodes import describe_move, with_opinions
from .reply import failed
from .second_opinion import SecondOpinion
from .state import DialogueState, JsonState, Turn
from .thread_leases import Leases
from .versions import first_of, head, highest_version, moved, root, standing_at, turns_of
from .wish import wish

logger = logging.getLogger(__name__)
OnEvent = Callable[[str, dict[str, Any]], None]
"""Called with (`start`, {}) once the turn has the thread for itself, with (`progress`, {"edit", "step", "num_steps"}),
then perhaps from the editor's thread, and with (name of a node that ended, its update)."""


class Conversations:
    """All threads of a graph.

    Args:
        graph: `build_graph(...)` with a checkpointer.
        leases: who may write to a thread.
        cancel_edit: `Editor.cancel`, so that a turn can be cancelled.
        opinion: the graph's second tracker, if it has one.
    """

    def __init__(
        self,
        graph: CompiledStateGraph,
        leases: Leases,
        cancel_edit: Callable[[str], bool] = lambda _: False,
        opinion: SecondOpinion | None = None,
    ) -> None:
        self._graph, self._leases, self._cancel_edit, self._opinion = graph, leases, cancel_edit, opinion
        self._lock = Lock()
        self._edits: dict[str, str] = {}  # thread -> key of the edit that runs
        self._cancelled: set[str] = set()  # threads to cancel as soon as their edit starts

    def open(self, thread: str, photo: Photo) -> Turn:
        """Start a thread with a photo; a thread that has one stays as it is.

        Raises:
            ThreadBusy
        """
        with self._hold(thread):
            state = self._values(thread)
            if not state.get("image"):
                values: dict[str, Any] = {
                    "image": photo.reference,
                    "picture": photo.image,
                    "caption": photo.caption,
                    "attributes": list(photo.attributes),
                    "belief_state": {},
                }
                values |= {"turns": [root(cast(DialogueState, values))], "head": 0, "redo": []}
                self._graph.update_state(_config(thread), values, as_node="respond")
            return head(self._values(thread))

    def say(
        self,
        thread: str,
        utterance: str,
        on_event: OnEvent | None = None,
        message_id: str | None = None,
        after: int | None = None,
    ) -> Answer:
        """One turn. A turn that a killed process left is finished first.

        Args:
            message_id: makes the call idempotent: the answer to a message that was answered already is given again.
            after: id of the turn that it follows; where it is not the one shown, the conversation branches off there.
        Raises:
            ThreadBusy: a turn is running on this thread.
            UnknownThread: the thread has no photo.
        """
        return self._turn(thread, lambda _: utterance, {}, on_event, message_id, after)

    def set_state(
        self, thread: str, wanted: JsonState, on_event: OnEvent | None = None, message_id: str | None = None
    ) -> Answer:
        """A turn without words: the belief state becomes `wanted`, and the photo is edited towards it.

        Raises:
            InvalidBeliefState, and as `say`.
        """
        try:
            after = belief_state.from_json(wanted)
        except DialogueError as error:
            raise InvalidBeliefState(str(error)) from error

        def words(state: DialogueState) -> str:
            return wish(belief_state.from_json(state.get("belief_state", {})), after)

        return self._turn(thread, words, {"requested": belief_state.to_json(after)}, on_event, message_id, None)

    def resume(self, thread: str, on_event: OnEvent | None = None) -> Answer | None:
        """Finish a turn that a killed process left; None where there is none.

        Raises:
            ThreadBusy
        """
        with self._hold(thread):
            snapshot = self._graph.get_state(_config(thread))
            return self._finish(thread, snapshot, on_event) if snapshot.next else None

    def undo(self, thread: str, steps: int = 1, move_id: str | None = None) -> Answer:
        """Back by versions; a `move_id` that was used last moves nothing.

        Raises:
            NothingToUndo, ThreadBusy, UnknownThread
        """
        return self._move(thread, Navigation("undo", steps), move_id)

    def redo(self, thread: str, steps: int = 1, move_id: str | None = None) -> Answer:
        """Take undos back; `move_id` as in `undo`. Raises: NothingToRedo, ThreadBusy, UnknownThread."""
        return self._move(thread, Navigation("redo", steps), move_id)

    def go_to(self, thread: str, version: int, move_id: str | None = None) -> Answer:
        """To any version; what is said next branches off there. Raises: UnknownVersion, ThreadBusy, UnknownThread."""
        return self._move(thread, Navigation("go_to", versions=(version,)), move_id)

    def start_over(self, thread: str) -> Answer:
        """To the photo as it came; all versions stay reachable. Raises: ThreadBusy, UnknownThread."""
        return self.go_to(thread, 0)

    def compare(self, thread: str, one: int, other: int) -> Answer:
        """Two versions side by side. Raises: UnknownVersion, ThreadBusy, UnknownThread."""
        return self._move(thread, Navigation("compare", versions=(one, other)))

    def try_ideas(self, thread: str, utterances: Sequence[str], on_event: OnEvent | None = None) -> list[Answer]:
        """Each idea from the turn that the conversation stands at, as branches; it stands there again afterwards.

        Keep one with `go_to(thread, answer.turn["version"])`. An idea that is cancelled is the last one tried.

        Raises:
            ThreadBusy, UnknownThread
        """
        start = head(self.state(thread))["id"]
        answers: list[Answer] = []
        try:
            for utterance in utterances:
                answers.append(self.say(thread, utterance, on_event, after=start))
                if (error := answers[-1].error) is not None and error["type"] == EditCancelled.__name__:
                    break
        finally:  # also where `on_event` refuses an idea, as the service does once its client left
            with self._hold(thread):
                self._at(thread, self._known(thread), start)
        return answers

    def cancel(self, thread: str) -> bool:
        """Cancel the turn that runs on a thread; False where none runs. The turn then answers that it was cancelled."""
        with self._lock:
            if (key := self._edits.get(thread)) is None:
                return False
            self._cancelled.add(thread)
        if key:
            self._cancel_edit(key)
        return True

    def state(self, thread: str) -> DialogueState:
        """The whole state of a thread.

        Raises:
            UnknownThread
        """
        return self._known(thread)

    def history(self, thread: str) -> list[Turn]:
        """All turns of all branches, the photo first.

        Raises:
            UnknownThread
        """
        return turns_of(self._known(thread))

    def versions(self, thread: str) -> list[Turn]:
        """The turn that made each version, the photo first.

        Raises:
            UnknownThread
        """
        state = self._known(thread)
        return [first_of(state, version) for version in range(highest_version(state) + 1)]

    def opinions(self, thread: str, timeout_s: float = 0.0) -> list[dict[str, Any]]:
        """What the second tracker thought of the turns; what it said since the last answer is written down first.

        Waits up to `timeout_s` for what it was asked and has not answered.

        Raises:
            ThreadBusy, UnknownThread
        """
        with self._hold(thread):
            state = self._ready(thread, None)
            if self._opinion is not None and (told := self._opinion.collect(thread, timeout_s)):
                self._graph.update_state(_config(thread), {"opinions": with_opinions(state, told)}, as_node="respond")
            return self._known(thread).get("opinions", [])

    def snapshots(self, thread: str, limit: int = 1) -> list[StateSnapshot]:
        """Checkpoints of a thread, the newest first; also of one without a photo, which may have none."""
        return list(self._graph.get_state_history(_config(thread), limit=limit))

    def delete(self, thread: str) -> None:
        """Forget a thread (its pictures stay in the store, where other threads may share them).

        Raises:
            ThreadBusy
        """
        with self._hold(thread):
            checkpointer = self._graph.checkpointer
            assert isinstance(checkpointer, BaseCheckpointSaver)
            checkpointer.delete_thread(thread)
            if self._opinion is not None:
                self._opinion.forget(thread)

    def _turn(
        self,
        thread: str,
        words: Callable[[DialogueState], str],
        more: dict[str, Any],
        on_event: OnEvent | None,
        message_id: str | None,
        after: int | None,
    ) -> Answer:
        """A turn: `words` are the user's, to where the conversation stands; `more` goes in beside the message."""
        with self._hold(thread):
            if on_event is not None:
                on_event("start", {})
            state = self._ready(thread, on_event)
            for turn in turns_of(state):
                if message_id and turn["message_id"] == message_id:
                    return answer_of({**state, **standing_at(turn)}, turn["system"], False)  # type: ignore[typeddict-item]
            if after is None and message_id and state.get("last_move") == message_id:
                return answer_to_move(state)
            if after is not None:
                state = self._at(thread, state, after)
            self._forget_message(thread, state, message_id)
            utterance = words(state)
            message = HumanMessage(utterance, id=message_id)
            return self._run(thread, state, {"messages": [message], **more}, utterance, on_event)

    def _move(self, thread: str, navigation: Navigation, move_id: str | None = None) -> Answer:
        """Fork the graph's history at the checkpoint of the version; the tree of turns comes along."""
        with self._hold(thread):
            state = self._ready(thread, None)
            if move_id and state.get("last_move") == move_id:
                return answer_to_move(state)
            update = {**moved(state, navigation), "last_move": move_id or ""}
            shown = head(state)["version"]
            if "head" not in update:
                self._graph.update_state(_config(thread), update, as_node="navigate")
            else:
                self._fork(thread, state, update)
            now = self._values(thread)
            return answer_of(now, describe_move(state, update), head(now)["version"] != shown)

    def _at(self, thread: str, state: DialogueState, turn: int) -> DialogueState:
        """The state at a turn, to which the conversation moves where it stands elsewhere."""
        if turn == head(state)["id"]:
            return state
        self._fork(thread, state, {**standing_at(turns_of(state)[turn]), "redo": []})
        return self._known(thread)

    def _fork(self, thread: str, state: DialogueState, update: dict[str, Any]) -> None:
        """Go on from the checkpoint of the head that `update` names."""
        origin = self._checkpoint_of(thread, update["head"])
        self._graph.update_state(origin, {**state, **update}, as_node="navigate")

    def _forget_message(self, thread: str, state: DialogueState, message_id: str | None) -> None:
        """Drop a message that came to nothing: said again it must come last, and not take its old place."""
        if message_id and any(message.id == message_id for message in state["messages"]):
            update = {"messages": [RemoveMessage(id=message_id)]}
            self._graph.update_state(_config(thread), update, as_node="respond")

    def _checkpoint_of(self, thread: str, turn: int) -> RunnableConfig:
        """The checkpoint at which a turn had just been answered; the newest where the history does not have it."""
        for snapshot in self._graph.get_state_history(_config(thread)):
            turns = snapshot.values.get("turns") or [None]
            if not snapshot.next and len(turns) - 1 == turn and snapshot.values.get("head", 0) == turn:
                return snapshot.config
        return _config(thread)

    def _ready(self, thread: str, on_event: OnEvent | None) -> DialogueState:
        """The state of a thread that is ready for a turn: one that a killed process left is finished first."""
        snapshot = self._graph.get_state(_config(thread))
        if snapshot.next:
            self._finish(thread, snapshot, on_event)
            return self._known(thread)
        return _with_photo(thread, snapshot)

    def _finish(self, thread: str, snapshot: StateSnapshot, on_event: OnEvent | None) -> Answer:
        state = cast(DialogueState, snapshot.values)
        pending = state.get("pending")
        return self._run(thread, state, None, pending["user"] if pending else "", on_event)

    def _run(
        self, thread: str, state: DialogueState, given: dict[str, Any] | None, user: str, on_event: OnEvent | None
    ) -> Answer:
        """Run the graph to its end; whatever breaks, the thread is left ready for the next turn."""
        shown = head(state)["version"]
        modes: list[StreamMode] = ["values"] if on_event is None else ["updates", "values"]
        config = _config(thread)
        config["configurable"][ON_PROGRESS] = lambda data: self._follow(thread, data, on_event)  # type: ignore[index]
        with self._lock:
            self._edits[thread] = ""
        try:
            # "sync": what the user said is on disk before anything is done about it
            for mode, data in self._graph.stream(given, config, stream_mode=modes, durability="sync"):
                if mode == "values":
                    state = cast(DialogueState, data)
                elif on_event is not None:
                    for node, update in cast("dict[str, Any]", cast(object, data)).items():
                        on_event(node, update or {})
        except Exception as error:
            logger.exception("turn on thread %s failed", thread)
            self._abandon(thread, error, user)
            state = self._values(thread)
        finally:
            with self._lock:
                self._edits.pop(thread, None)
                self._cancelled.discard(thread)
        return answer_of(state, str(state["messages"][-1].text), head(state)["version"] != shown)

    def _follow(self, thread: str, data: dict[str, Any], on_event: OnEvent | None) -> None:
        """Progress of the edit of a turn; it names the edit, so that the turn can be cancelled."""
        with self._lock:
            self._edits[thread] = data["edit"]
            is_cancelled = thread in self._cancelled
        if is_cancelled:
            self._cancel_edit(data["edit"])
        if on_event is not None:
            on_event("progress", data)

    def _abandon(self, thread: str, error: Exception, user: str) -> None:
        name = type(error).__name__
        values = {
            "pending": None,
            "requested": None,
            "error": {"type": name, "message": str(error), "user": user},
            "messages": [AIMessage(failed(name, "something went wrong on my side"))],
        }
        self._graph.update_state(_config(thread), values, as_node="respond")

    @contextmanager
    def _hold(self, thread: str) -> Iterator[None]:
        with self._leases.hold(f"thread {thread}") as is_mine:
            if not is_mine:
                raise ThreadBusy(thread)
            yield

    def _known(self, thread: str) -> DialogueState:
        return _with_photo(thread, self._graph.get_state(_config(thread)))

    def _values(self, thread: str) -> DialogueState:
        return cast(DialogueState, self._graph.get_state(_config(thread)).values)


def _config(thread: str) -> RunnableConfig:
    return {"configurable": {"thread_id": thread}}


def _with_photo(thread: str, snapshot: StateSnapshot) -> DialogueState:
    state = cast(DialogueState, snapshot.values)
    if not state.get("image"):
        raise UnknownThread(thread)
    return state
