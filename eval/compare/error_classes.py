"""In what way a predicted belief state is wrong."""

from collections.abc import Collection, Sequence
from typing import Literal, NamedTuple

from ...dialogue.belief_state import BeliefState, pairs
from ...dialogue.llm.outcome import NO_ANSWER
from ...dialogue.ontology import SINGLE_VALUED, excluded_by

ErrorClass = Literal[
    "missed", "spurious", "wrong value", "stale", "out of ontology", "unparsed", "refused", "no answer"
]
CLASSES: dict[ErrorClass, str] = {
    "missed": "a value that was asked for is not there",
    "spurious": "a value is there that nobody asked for",
    "wrong value": "another value stands where the right one should (same slot, or one that excludes it)",
    "stale": "a value is still there that was replaced or taken back",
    "out of ontology": "a slot or value that does not exist",
    "unparsed": "the output is no belief state",
    "refused": "the model declined to answer (not counted as a wrong state)",
    "no answer": "the endpoint gave none in all attempts (not counted as a wrong state)",
}
NOT_WRONG: frozenset[ErrorClass] = frozenset({"unparsed", "out of ontology", "refused", "no answer"})
"""Classes of turns without a state. Out-of-ontology values in a state that was read are errors of that state."""


class TurnError(NamedTuple):
    """One error of one turn: `value` is there and should not be, `expected` is not there and should be (or both)."""

    kind: ErrorClass
    slot: str = ""
    value: str = ""
    expected: str = ""


def failure_error(failure: str) -> TurnError:
    """The error of a turn without a state, by why there is none (`llm.outcome.Failure`, or "unparsed")."""
    if failure in NO_ANSWER:
        return TurnError("no answer")
    if failure == "refusal":
        return TurnError("refused")
    if failure == "out of ontology":
        return TurnError("out of ontology")
    return TurnError("unparsed")


def state_errors(
    predicted: BeliefState, gold: BeliefState, earlier: Sequence[BeliefState], known: Collection[str]
) -> tuple[TurnError, ...]:
    """All errors of a state; a value in the place of a missed one is one error, not two.

    Args:
        earlier: the annotated states of the turns before.
        known: values that exist.
    """
    missed = [pair for pair in pairs(gold) if pair not in pairs(predicted)]
    once = {pair for state in earlier for pair in pairs(state)}
    errors = []
    for slot, value in (pair for pair in pairs(predicted) if pair not in pairs(gold)):
        if value not in known:
            errors.append(TurnError("out of ontology", slot, value))
            continue
        is_stale = (slot, value) in once
        instead = _stands_for(slot, value, missed, rivals_only=is_stale)
        if instead is not None:
            missed.remove(instead)
        kind: ErrorClass = "stale" if is_stale else "spurious" if instead is None else "wrong value"
        errors.append(TurnError(kind, slot, value, instead[1] if instead else ""))
    return (*errors, *(TurnError("missed", slot, expected=value) for slot, value in missed))


def new_errors(errors: Sequence[TurnError], before: Sequence[TurnError]) -> tuple[TurnError, ...]:
    """Errors that the turn before did not have: an error counts where it is made, not for as long as it stays."""
    there = {(error.slot, error.value) for error in before}
    lacking = {(error.slot, error.expected) for error in before}
    found = []
    for error in errors:
        is_new_value = error.value != "" and (error.slot, error.value) not in there
        is_new_miss = error.expected != "" and (error.slot, error.expected) not in lacking
        if is_new_value or (is_new_miss and not error.value):
            found.append(error)
        elif is_new_miss:  # the value stood there before; what is new is that another should
            found.append(TurnError("missed", error.slot, expected=error.expected))
    return tuple(found)


def _stands_for(slot: str, value: str, missed: Sequence[tuple[str, str]], rivals_only: bool) -> tuple[str, str] | None:
    """The missed value whose place `value` takes: one that excludes it, else (where allowed) any of its slot."""
    same = [pair for pair in missed if pair[0] == slot]
    rivals = [pair for pair in same if slot in SINGLE_VALUED or pair[1] in excluded_by(value)]
    return next(iter(rivals or ([] if rivals_only else same)), None)
