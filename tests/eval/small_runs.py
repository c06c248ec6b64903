"""Two trackers on the two small dialogues: one that errs once and carries it, one that fails in every way."""

from chatedit.dialogue.belief_state import from_values
from chatedit.dialogue.measured import Measured
from chatedit.dialogue.protocols import Tracked
from chatedit.eval.compare.run import Run
from small_dialogues import BLOND, STERN


def said(*values, **changes):
    given = {"latency_ms": 10.0, "tokens_in": 100, "tokens_out": 10, "cost_usd": 0.5} | changes
    return Measured(Tracked(from_values(values)), **given)


def failed(kind, *values, **changes):
    given = {"latency_ms": 40.0, "tokens_in": 100, "tokens_out": 10, "cost_usd": 0.5} | changes
    return Measured(Tracked(from_values(values), error=f"{kind}: <b>told</b>"), kind, {kind: 2}, **given)


CAREFUL = Run(
    "careful",
    (
        (said("black hair"), said("black hair", "bangs"), said("black hair", "bangs")),
        (said("no smiling", "no beard"), said()),
    ),
)
FAILING = Run(
    "failing",
    (
        (failed("timeout", tokens_in=None, tokens_out=None, cost_usd=None), failed("refusal"), said("blond hair")),
        (failed("half JSON"), failed("out of ontology")),
    ),
    "a note",
)
PERFECT = Run("perfect", tuple(tuple(said(*v) for v in d) for d in (
    (("blond hair",), ("blond hair", "bangs"), ("blond hair",)), (("no smiling", "no beard"), ())
)))  # fmt: skip
DIALOGUES = (BLOND, STERN)
