"""Scripted models and editors behind the real protocols."""

import io
import threading
from collections.abc import Callable, Mapping

import numpy as np
from chatedit.dialogue import belief_state
from chatedit.dialogue.belief_state import BeliefState, diff
from chatedit.dialogue.dialogue_file import Act
from chatedit.dialogue.formats import Context
from chatedit.dialogue.ontology import ONTOLOGY
from chatedit.dialogue.protocols import Reply, Tracked
from chatedit.tools.editor import EditMetrics, EditProgress, EditRequest, EditResult, Inversion
from chatedit.tools.errors import EditCancelled, EditFailed
from PIL import Image


def png(seed: int = 0, side: int = 8) -> bytes:
    """A small picture of one colour."""
    buffer = io.BytesIO()
    colour = tuple((seed * step) % 256 for step in (37, 91, 151))
    Image.new("RGB", (side, side), colour).save(buffer, format="PNG")
    return buffer.getvalue()


class WordModel:
    """Understands `add VALUE`, `drop VALUE` and `start over`, joined by `;`; answers with what changed."""

    def __init__(self) -> None:
        self.contexts: list[Context] = []

    def track(self, contexts):
        self.contexts += contexts
        return [self._tracked(context) for context in contexts]

    def respond(self, contexts, states, attributes, seed=None):
        return [Reply(Act("next"), f"Done with {c.user}. What else?") for c in contexts]

    def turn(self, contexts, attributes, seed=None):
        tracked = self.track(contexts)
        return list(zip(tracked, self.respond(contexts, [t.state for t in tracked], attributes, seed), strict=True))

    @staticmethod
    def _tracked(context: Context) -> Tracked:
        state: BeliefState = context.state
        for part in (piece.strip() for piece in context.user.split(";")):
            verb, _, value = part.partition(" ")
            if part == "start over":
                state = belief_state.EMPTY
            elif part == "gibberish":
                return Tracked(state, error="the model's output cannot be read")
            elif verb == "add":
                state = belief_state.add(state, ONTOLOGY.slot_of(value), value)
            elif verb == "drop":
                state = belief_state.remove(state, ONTOLOGY.slot_of(value), value)
        return Tracked(state, diff(context.state, state))


class FakeEditor:
    """Counts its edits. `relevance(value, weight)` tells what shows; `fail` holds errors to raise, one an edit."""

    version = "fake-1"

    def __init__(self, relevance: Callable[[str, float], float] | None = None, identity: float = 0.9) -> None:
        self.requests: list[EditRequest] = []
        self.fail: list[Exception | None] = []
        self.num_inversions = 0
        self.identity = identity
        self.wait_for: threading.Event | None = None
        self.started = threading.Event()
        self._relevance = relevance or (lambda value, weight: 0.9)
        self._cancelled: set[str] = set()

    def invert(self, image: bytes) -> Inversion:
        self.num_inversions += 1
        w_plus = np.full((2, 4), float(len(image)), dtype=np.float32)
        return Inversion(w_plus, image, {"brown hair": 0.9, "no beard": 0.8, "bangs": 0.2})

    def edit(self, request: EditRequest, on_progress: Callable[[EditProgress], None] | None = None) -> EditResult:
        self.requests.append(request)
        if on_progress is not None:  # in another thread, as the engine does
            reporter = threading.Thread(target=on_progress, args=(EditProgress(request.id, 5, 10),))
            reporter.start()
            reporter.join()
        self.started.set()
        if self.wait_for is not None:
            self.wait_for.wait(20)
        if request.id in self._cancelled:
            raise EditCancelled(3)
        if self.fail and (error := self.fail.pop(0)) is not None:
            raise error
        weights: Mapping[str, float] = dict(request.options.emphasis)
        values = [value for held in request.belief_state.values() for value in held]
        relevance = {value: self._relevance(value, weights.get(value, 1.0)) for value in values}
        picture = png(int(request.id[:6], 16))
        return EditResult(picture, request.w_source, EditMetrics(relevance, self.identity, 10, 0.01))

    def cancel(self, request_id: str) -> bool:
        self._cancelled.add(request_id)
        if self.wait_for is not None:
            self.wait_for.set()
        return True


class Diverged(EditFailed):
    def __str__(self) -> str:
        return "the optimisation diverged"
