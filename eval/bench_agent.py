"""How long a turn takes: the graph itself with stubbed models, and the whole line with the real ones."""

import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

import numpy as np

from ..agent.assembly import open_agent
from ..agent.checkpointers import open_checkpointer
from ..agent.conversation import Conversations
from ..agent.graph import build_graph
from ..dialogue import belief_state
from ..dialogue.belief_state import diff
from ..dialogue.dialogue_file import Act
from ..dialogue.formats import Context
from ..dialogue.ontology import ONTOLOGY
from ..dialogue.protocols import Reply, Tracked
from ..tools.edit_face import edit_face_tool
from ..tools.editor import EditMetrics, EditProgress, EditRequest, EditResult, Inversion
from ..tools.leases import FolderLeases
from ..tools.photo import admit_photo
from ..tools.samples import shipped_samples
from ..tools.store import Store

FOUR_TURNS = (
    "Could you make the hair blond?",
    "Please add some lipstick.",
    "Now I would like a big smile.",
    "Give the portrait bangs as well.",
)


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds of some turns: what they are, how many, the median and the 95th percentile."""

    name: str
    turns: int
    p50_ms: float
    p95_ms: float


class StubModel:
    """Requests one more value a turn, in no time."""

    def track(self, contexts: Sequence[Context]) -> list[Tracked]:
        results = []
        for context in contexts:
            value = ONTOLOGY.values[len(context.exchanges) % len(ONTOLOGY.values)]
            state = belief_state.add(context.state, ONTOLOGY.slot_of(value), value)
            results.append(Tracked(state, diff(context.state, state)))
        return results

    def respond(self, contexts, states, attributes, seed=None) -> list[Reply]:
        return [Reply(Act("next"), "There you are. What else?")] * len(contexts)

    def turn(self, contexts, attributes, seed=None) -> list[tuple[Tracked, Reply]]:
        tracked = self.track(contexts)
        states = [one.state for one in tracked]
        return list(zip(tracked, self.respond(contexts, states, attributes), strict=True))


class StubEditor:
    """Returns the photo at once; everything shows."""

    version = "stub"

    def __init__(self, picture: bytes) -> None:
        self._picture = picture

    def invert(self, image: bytes) -> Inversion:
        return Inversion(np.zeros((12, 96), dtype=np.float32), self._picture, {})

    def edit(self, request: EditRequest, on_progress: Callable[[EditProgress], None] | None = None) -> EditResult:
        shown = {value: 1.0 for held in request.belief_state.values() for value in held}
        return EditResult(self._picture, request.w_source, EditMetrics(shown, 1.0, 0, 0.0))

    def cancel(self, request_id: str) -> bool:
        return False


def time_graph(num_threads: int = 10, turns: int = 4) -> Timing:
    """Overhead of graph, checkpoints in SQLite, store and leases: turns of fresh threads over stubs."""
    milliseconds = []
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        checkpointer = stack.enter_context(open_checkpointer(folder / "threads.sqlite"))
        editor, store = StubEditor(b"picture"), Store(folder / "pictures")
        graph = build_graph(StubModel(), edit_face_tool(editor, store), checkpointer)
        talk = Conversations(graph, FolderLeases(folder / "leases"), editor.cancel)
        for number in range(num_threads + 1):
            talk.open(str(number), admit_photo(editor, store, f"photo {number}".encode(), "", ()))
            for turn in range(turns):
                started = time.perf_counter()
                talk.say(str(number), f"turn {turn}")
                if number:  # the first thread warms up
                    milliseconds.append((time.perf_counter() - started) * 1000)
    return _timing("graph alone, models stubbed", milliseconds)


def time_conversations(count: int, pack: str = "portraits") -> list[Timing]:
    """Four-turn conversations with the real models about the portraits that ship, then the same states again."""
    first, again = [], []
    samples = shipped_samples(pack)
    with tempfile.TemporaryDirectory() as name, open_agent(Path(name), pack) as agent:
        for number in range(count + 1):
            sample = samples[number % len(samples)]
            data = sample.path.read_bytes()
            photo = admit_photo(agent.editor, agent.store, data, sample.caption, sample.attributes)
            for milliseconds, thread in ((first, f"{number} first"), (again, f"{number} again")):
                agent.talk.open(thread, photo)
                for words in FOUR_TURNS:
                    started = time.perf_counter()
                    agent.talk.say(thread, words)
                    if number:  # the first conversation warms up
                        milliseconds.append((time.perf_counter() - started) * 1000)
    return [_timing("turn, real models", first), _timing("turn that repeats a known state", again)]


def _timing(name: str, milliseconds: Sequence[float]) -> Timing:
    return Timing(name, len(milliseconds), median(milliseconds), quantiles(milliseconds, n=20)[-1])


def main(count: int = 5) -> None:
    """Print all timings; `python -m chatedit.eval.bench_agent`."""
    for timing in (time_graph(), *time_conversations(count)):
        print(f"{timing.name:32s} {timing.turns:4d} turns  p50 {timing.p50_ms:8.1f} ms  p95 {timing.p95_ms:8.1f} ms")


if __name__ == "__main__":
    main()
