"""The service without HTTP: owners, their pictures and threads, turns that are booked, limited and idempotent.

Everything is synchronous and may be called from any thread. HTTP, LangGraph's protocol and MCP are thin over it.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import BoundedSemaphore
from typing import Any, TypeVar, cast

from langgraph.types import StateSnapshot

from ..agent.answer import Answer
from ..agent.conversation import Conversations
from ..agent.export import dialogue_of, strip_of
from ..agent.state import DialogueState, Turn
from ..agent.versions import lineage
from ..dialogue.dialogue_file import dialogue_to_json
from ..editing.image_file import ImageLimits
from ..tools.editor import Editor
from ..tools.errors import EditCancelled, UnknownImage
from ..tools.photo import admit_photo
from ..tools.picture_strip import strip_png
from ..tools.store import Store
from .calls import Calls
from .database import Database
from .errors import ImageInUse, PhotoGiven, ServiceBusy
from .holdings import UPLOADED, Holdings
from .metrics import Metrics
from .outcomes import Outcome, outcome_of, storage_errors
from .run_board import RunBoard, Status
from .thread_index import ThreadIndex, ThreadRecord
from .turn_follower import OnEvent, TurnFollower
from .turn_watch import watched
from .uploads import CleanImage, cleaned
from .usage import Meter, RateLimits

Result = TypeVar("Result")
BUSY_RETRY_AFTER_S = 1.0
_STATUS_OF: dict[str | None, Status] = {None: "success", "EditCancelled": "interrupted"}


@dataclass(frozen=True, slots=True)
class ServiceLimits:
    """What one process accepts.

    Attributes:
        max_turns: turns that run at once; further ones are refused.
        rates: what one owner may use.
        images: what an uploaded picture may be.
    """

    max_turns: int = 16
    rates: RateLimits = field(default_factory=RateLimits)
    images: ImageLimits = field(default_factory=ImageLimits)


@dataclass(frozen=True, slots=True)
class StoredImage:
    """An uploaded picture: its reference, width and height in pixels, bytes of the stored file."""

    reference: str
    width: int
    height: int
    size_bytes: int


class Service:
    """Conversations for many owners. Every method takes the owner first and sees nothing of other owners.

    Args:
        talk: the conversations.
        editor: inverts photos; the one that `talk` edits with.
        store: where pictures are; the one that `talk` uses.
        database: bookkeeping.
        limits: what this process accepts.
        name: of an owner and a text, see `Calls`.
        purge: makes deleted rows unreadable, where the database needs telling.
        metrics: where turns are counted.
    """

    def __init__(
        self,
        talk: Conversations,
        editor: Editor,
        store: Store,
        database: Database,
        name: Callable[[str, str], str],
        limits: ServiceLimits = ServiceLimits(),
        purge: Callable[[], None] = lambda: None,
        metrics: Metrics | None = None,
    ) -> None:
        self._purge, self.metrics = purge, metrics or Metrics()
        self.metrics.turn_slots.set(limits.max_turns)
        self.talk, self.editor, self.store, self.limits = talk, editor, store, limits
        self.threads, self.board = ThreadIndex(database), RunBoard(database)
        self.holdings, self.calls = Holdings(database, store), Calls(database, name)
        self.meter = Meter(database, limits.rates)
        self._slots = BoundedSemaphore(limits.max_turns)

    # -- pictures ------------------------------------------------------------------------------------------------

    def put_image(self, owner: str, data: bytes) -> StoredImage:
        """Check, clean and keep an uploaded picture.

        Raises:
            BadImage, StoreUnavailable
        """
        clean: CleanImage = cleaned(data, self.limits.images)
        reference = self.holdings.put_image(owner, clean.png)
        return StoredImage(reference, clean.width, clean.height, len(clean.png))

    def image(self, owner: str, reference: str) -> bytes:
        """Bytes of a picture (PNG).

        Raises:
            UnknownImage: also where it is somebody else's.
        """
        if not self.holdings.has(owner, "image", reference):
            raise UnknownImage(reference)
        return self.store.image(reference)

    def delete_image(self, owner: str, reference: str) -> None:
        """Forget an upload.

        Raises:
            UnknownImage, ImageInUse: a thread holds it.
        """
        if self.holdings.threads_with(owner, "image", reference):
            raise ImageInUse(reference)
        if not self.holdings.has(owner, "image", reference):
            raise UnknownImage(reference)
        self.holdings.release(owner, UPLOADED, "image", reference, self.editor.version)

    # -- threads -------------------------------------------------------------------------------------------------

    def open_thread(
        self,
        owner: str,
        image: str,
        caption: str | None = None,
        attributes: Collection[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> ThreadRecord:
        """Start a conversation about an uploaded picture.

        Args:
            caption, attributes: what is known of the photo; otherwise as the editor's CLIP sees it.
            metadata: kept beside the thread.
            key: makes the call idempotent.
        Raises:
            UnknownImage, RetryableCall: the picture is no photo that can be edited. ServiceBusy, ComputeUsedUp.
        """
        facts = [image, caption, None if attributes is None else list(attributes), dict(metadata or {})]
        call = self.calls.begin(owner, key, "", *facts)
        self.attach_photo(owner, call.message_id, image, caption, attributes, metadata)
        return self.threads.get(owner, call.message_id)

    def attach_photo(
        self,
        owner: str,
        thread: str,
        image: str,
        caption: str | None = None,
        attributes: Collection[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Give a thread its photo; the thread is made where it is not there.

        Raises:
            ThreadTaken, PhotoGiven, and as `open_thread`.
        """
        if self.threads.image_of(owner, thread) not in ("", image):
            raise PhotoGiven(thread)
        data = self.image(owner, image)
        with self._slot(owner):
            started, is_known = time.monotonic(), self.store.inversion(image, self.editor.version) is not None
            try:
                photo = admit_photo(self.editor, self.store, data, caption, attributes)
            finally:
                if not is_known:
                    self.meter.add_compute(owner, time.monotonic() - started)
            self.threads.create(owner, thread, metadata)
            for reference in {photo.reference, photo.image}:
                self.holdings.add(owner, thread, "image", reference)
            self.holdings.add(owner, thread, "inversion", photo.reference)
            self.talk.open(thread, photo)
            self.threads.touch(thread, image=photo.reference)

    def delete_thread(self, owner: str, thread: str) -> None:
        """Delete everything of a thread: what was said, its pictures, latents, and the upload it was made from.

        What another thread needs too stays until that one goes. Safe to repeat after a crash.

        Raises:
            UnknownThread, ThreadBusy
        """
        self.threads.get(owner, thread)
        with storage_errors():
            self.talk.delete(thread)
        self.holdings.release_thread(owner, thread, self.editor.version)
        self.calls.delete_thread(thread)
        self.board.delete_thread(thread)
        self.threads.delete(thread)  # last: until then it can be deleted again
        self._purge()

    def state(self, owner: str, thread: str) -> DialogueState:
        """The whole state of a thread. Raises: UnknownThread."""
        self.threads.get(owner, thread)
        with storage_errors():
            return self.talk.state(thread)

    def turns(self, owner: str, thread: str, limit: int, after: int = -1) -> list[Turn]:
        """Turns of all branches with ids above `after`, the oldest first. Raises: UnknownThread."""
        self.threads.get(owner, thread)
        with storage_errors():
            return self.talk.history(thread)[after + 1 : after + 1 + limit]

    def dialogue(self, owner: str, thread: str) -> dict[str, Any]:
        """What led to the version shown, as a line of a dialogue file. Raises: UnknownThread."""
        return dialogue_to_json(dialogue_of(self.state(owner, thread), thread))

    def strip(self, owner: str, thread: str) -> bytes:
        """What led to the version shown, as one picture (PNG). Raises: UnknownThread, StoreUnavailable."""
        return strip_png(strip_of(lineage(self.state(owner, thread)), self.store))

    def snapshots(self, owner: str, thread: str, limit: int = 1) -> list[StateSnapshot]:
        """Checkpoints of a thread, the newest first; none where it has no photo. Raises: UnknownThread."""
        self.threads.get(owner, thread)
        with storage_errors():
            return self.talk.snapshots(thread, limit)

    # -- turns ---------------------------------------------------------------------------------------------------

    def say(
        self,
        owner: str,
        thread: str,
        utterance: str,
        key: str | None = None,
        on_event: OnEvent | None = None,
        metadata: Mapping[str, Any] | None = None,
        message_id: str | None = None,
        after: int | None = None,
    ) -> Outcome:
        """One turn.

        Args:
            key: makes the call idempotent, across crashes too; a turn that failed or was cancelled may be repeated.
            on_event: hears of the turn while it runs.
            metadata: of the run.
            message_id: of the caller's own, instead of a key; the same message is answered once, too.
            after: id of the turn that it follows; the one shown where None.
        Raises:
            UnknownThread, ThreadBusy, ServiceBusy, ComputeUsedUp, KeyReused, TurnFailed, DatabaseUnavailable,
            StoreUnavailable
        """

        def say(follower: TurnFollower, call_id: str) -> Answer:
            return self.talk.say(thread, utterance, follower, message_id or call_id, after)

        return self._turn(owner, thread, key, ["say", utterance], say, on_event, metadata)

    def set_state(
        self,
        owner: str,
        thread: str,
        wanted: Mapping[str, list[str]],
        key: str | None = None,
        on_event: OnEvent | None = None,
    ) -> Outcome:
        """A turn without words: the belief state becomes `wanted`. Raises: InvalidBeliefState, and as `say`."""

        def set_state(follower: TurnFollower, call_id: str) -> Answer:
            return self.talk.set_state(thread, dict(wanted), follower, call_id)

        return self._turn(owner, thread, key, ["set_state", dict(wanted)], set_state, on_event, None)

    def try_ideas(
        self, owner: str, thread: str, utterances: Sequence[str], on_event: OnEvent | None = None
    ) -> list[Outcome]:
        """Each idea from the version shown now, as branches; keep one with `go_to`. Raises as `say`."""
        self.threads.get(owner, thread)

        def run(follower: TurnFollower) -> list[Outcome]:
            return [outcome_of(thread, answer) for answer in self.talk.try_ideas(thread, utterances, follower)]

        return self._followed(owner, thread, run, on_event, None)

    def undo(self, owner: str, thread: str, steps: int = 1, key: str | None = None) -> Outcome:
        """Back by versions. Raises: NothingToUndo, and as `say`."""
        return self._move(owner, thread, key, ["undo", steps], lambda move: self.talk.undo(thread, steps, move))

    def redo(self, owner: str, thread: str, steps: int = 1, key: str | None = None) -> Outcome:
        """Take undos back. Raises: NothingToRedo, and as `say`."""
        return self._move(owner, thread, key, ["redo", steps], lambda move: self.talk.redo(thread, steps, move))

    def go_to(self, owner: str, thread: str, version: int, key: str | None = None) -> Outcome:
        """To any version; what is said next branches off there. Raises: UnknownVersion, and as `say`."""
        return self._move(owner, thread, key, ["go_to", version], lambda move: self.talk.go_to(thread, version, move))

    def compare(self, owner: str, thread: str, one: int, other: int) -> Outcome:
        """Two versions side by side. Raises: UnknownVersion, and as `say`."""
        return self._move(owner, thread, None, [], lambda _: self.talk.compare(thread, one, other))

    def cancel(self, owner: str, thread: str) -> bool:
        """Cancel what runs on a thread, in whatever process; False where nothing does. Raises: UnknownThread."""
        self.threads.get(owner, thread)
        is_here = self.talk.cancel(thread)
        return self.board.cancel(thread) or is_here

    # -- inside --------------------------------------------------------------------------------------------------

    def _turn(
        self,
        owner: str,
        thread: str,
        key: str | None,
        facts: list[Any],
        turn: Callable[[TurnFollower, str], Answer],
        on_event: OnEvent | None,
        metadata: Mapping[str, Any] | None,
    ) -> Outcome:
        """One turn, once for each key; `turn` gets the message's id."""
        self.threads.get(owner, thread)
        call = self.calls.begin(owner, key, thread, *facts)
        if call.answer is not None:
            return cast(Outcome, call.answer)

        def run(follower: TurnFollower) -> Outcome:
            outcome = outcome_of(thread, turn(follower, call.message_id))
            follower.failure = (outcome["error"] or {}).get("type")
            return outcome

        outcome = self._followed(owner, thread, run, on_event, metadata)
        if outcome["error"] is None:
            self.calls.finish(owner, call, dict(outcome))
        return outcome

    def _followed(
        self,
        owner: str,
        thread: str,
        run: Callable[[TurnFollower], Result],
        on_event: OnEvent | None,
        metadata: Mapping[str, Any] | None,
    ) -> Result:
        """Run turns in a slot, with their run on the board and their cost on the owner's meter."""
        status: Status = "error"
        with watched(self.metrics, thread) as watch:
            follower = TurnFollower(
                self.holdings, self.board, owner, thread, lambda: self.talk.cancel(thread), on_event, metadata, watch
            )
            try:
                with self._slot(owner):
                    result = run(follower)
                status = _STATUS_OF.get(follower.failure, "error")
                watch.outcome = follower.failure or watch.outcome
                return result
            except EditCancelled:
                status = "interrupted"
                raise
            finally:
                follower.end_edit()
                if follower.compute_s:
                    self.meter.add_compute(owner, follower.compute_s)
                if follower.run is not None:
                    self.board.finish(follower.run, status)
                    self.threads.touch(thread)

    def _move(
        self, owner: str, thread: str, key: str | None, facts: list[Any], move: Callable[[str], Answer]
    ) -> Outcome:
        self.threads.get(owner, thread)
        call = self.calls.begin(owner, key, thread, *facts)
        if call.answer is not None:
            return cast(Outcome, call.answer)
        with storage_errors():
            outcome = outcome_of(thread, move(call.message_id))
        self.threads.touch(thread)
        self.calls.finish(owner, call, dict(outcome))
        return outcome

    @contextmanager
    def _slot(self, owner: str) -> Iterator[None]:
        self.meter.check_compute(owner)
        if not self._slots.acquire(blocking=False):
            raise ServiceBusy(BUSY_RETRY_AFTER_S, self.limits.max_turns)
        try:
            with storage_errors():
                yield
        finally:
            self._slots.release()
