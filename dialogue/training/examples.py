"""Training examples of every task, made from annotated dialogues."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from .. import belief_state, formats
from ..belief_state import TurnUpdate, diff
from ..contexts import as_said, context_at
from ..dialogue_file import Dialogue
from ..errors import DataNotReadable, NothingToLearn
from ..formats import Context, Prompts, StateFormat
from ..ontology import ONTOLOGY, OPEN_ONTOLOGY
from .auxiliary import IGNORED

Task = Literal["state", "response", "question"]
KNOWN: Sequence[tuple[str, str]] = [(slot, value) for slot, values in ONTOLOGY.slots.items() for value in values]
_CONTEXT_FREE = frozenset({"request", "correct"})
NOTHING, ADD, DROP = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Example:
    """One input and its target; `labels` (empty, or HEADS of them) says what the turn does to each value of the
    ontology, and to the one that a question names."""

    task: Task
    prefix: str
    body: str
    target: str
    labels: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Mixture:
    """How many examples a turn gives.

    Attributes:
        response: chance that a turn also gives a response example.
        question: chance that a turn also gives a question example.
        alone: chance that a plain request is shown without the dialogue before it (curriculum).
    """

    state_format: StateFormat = "update"
    response: float = 0.3
    question: float = 0.0
    alone: float = 0.0


def examples(
    dialogues: Iterable[Dialogue],
    prompts: Prompts,
    mixture: Mixture,
    rng: random.Random,
    doubted: Sequence[tuple[str, str]] = KNOWN,
) -> Iterator[Example]:
    """Examples of all turns, dialogue by dialogue.

    Args:
        doubted: slots and values that questions may ask about beside those that the turn changes.
    Raises:
        DataNotReadable: a dialogue is not annotated.
    """
    for dialogue in dialogues:
        states = [turn.state for turn in dialogue.turns]
        systems = [turn.system or "" for turn in dialogue.turns]
        if any(state is None for state in states):
            raise DataNotReadable(f"dialogue {dialogue.id}", "training needs a state after every turn")
        for index, turn in enumerate(dialogue.turns):
            context = context_at(dialogue, index, states, systems)  # type: ignore[arg-type]
            update = as_said(diff(context.state, turn.state or {}, OPEN_ONTOLOGY), context.state, turn.kind)
            if mixture.alone and turn.kind in _CONTEXT_FREE and rng.random() < mixture.alone:
                context = Context(dialogue.caption, (), turn.user)
                update = TurnUpdate(update.added)
            yield state_example(*_listed(context, update, turn.kind), prompts, mixture.state_format)
            if turn.system and turn.act and rng.random() < mixture.response:
                target = formats.response_target(turn.act, turn.system)
                yield Example("response", *formats.response_input(context, prompts), target)
            if rng.random() < mixture.question:
                slot, value = _doubt(context, update, doubted, rng)
                yield question_example(context, update, slot, value, prompts)


def _listed(context: Context, update: TurnUpdate, kind: str) -> tuple[Context, TurnUpdate]:
    """Context and update within the ontology: what is asked beyond it changes nothing."""
    known = replace(context, state=belief_state.listed(context.state))
    after = belief_state.apply(context.state, update, OPEN_ONTOLOGY)
    return known, as_said(diff(known.state, belief_state.listed(after)), known.state, kind)


def values_of(dialogues: Iterable[Dialogue]) -> list[tuple[str, str]]:
    """Slots and values of the states that the ontology does not list, sorted."""
    held = {pair for d in dialogues for turn in d.turns for pair in belief_state.pairs(turn.state or {})}
    return sorted(held.difference(KNOWN))


def _doubt(
    context: Context, update: TurnUpdate, doubted: Sequence[tuple[str, str]], rng: random.Random
) -> tuple[str, str]:
    """Slot and value to ask about: half the time what the turn changes, else mostly what is easily taken for it."""
    held = belief_state.pairs(context.state)
    changed = [*update.added, *(held if update.is_reset else update.removed)]
    if changed and rng.random() < 0.5:
        return rng.choice(changed)
    slots = {slot for slot, _ in changed}
    alike = [pair for pair in doubted if pair[0] in slots and pair not in changed]
    return rng.choice(rng.choice([group for group in (alike, held, doubted) if group]))


def state_example(context: Context, update: TurnUpdate, prompts: Prompts, state_format: StateFormat) -> Example:
    """The tracking task of one turn."""
    labels = (*value_labels(context, update), IGNORED)
    if state_format != "history":
        target = formats.picks_target if state_format == "picks" else formats.update_target
        return Example("state", *formats.update_input(context, prompts), target(update), labels)
    after = belief_state.apply(context.state, update, OPEN_ONTOLOGY)
    return Example("state", *formats.history_input(context, prompts), formats.state_target(after), labels)


def question_example(context: Context, update: TurnUpdate, slot: str, value: str, prompts: Prompts) -> Example:
    """The question task of one turn and value; the encoder also learns what the turn does to all others."""
    answer = formats.question_target(update, context.state, slot, value)
    labels = (*value_labels(context, update), {"nothing": NOTHING, "add": ADD, "drop": DROP}[answer])
    return Example("question", *formats.question_input(context, slot, value, prompts), answer, labels)


def value_labels(context: Context, update: TurnUpdate) -> tuple[int, ...]:
    """NOTHING, ADD or DROP for each value of the ontology."""
    added = {value for _, value in update.added}
    gone = set(belief_state.values(context.state)) if update.is_reset else {value for _, value in update.removed}
    return tuple(ADD if v in added else DROP if v in gone else NOTHING for v in ONTOLOGY.values)


def batches(pool: Sequence[Example], size: int, rng: random.Random, window: int = 12) -> Iterator[list[Example]]:
    """Random full batches of like length: sorted within a window of a few batches only, so that tasks stay mixed.

    What is left over after the last full batch is dropped; a pool smaller than a batch is one batch.

    Raises:
        NothingToLearn: the pool is empty.
    """
    if not pool:
        raise NothingToLearn("the training examples")
    size = min(size, len(pool))
    order = rng.sample(range(len(pool)), len(pool) - len(pool) % size)
    for start in range(0, len(order), size * window):
        chunk = [pool[i] for i in order[start : start + size * window]]
        chunk.sort(key=lambda example: len(example.prefix) + len(example.body))
        parts = [chunk[i : i + size] for i in range(0, len(chunk), size)]
        rng.shuffle(parts)
        yield from parts
