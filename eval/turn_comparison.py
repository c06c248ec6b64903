"""Multi-turn against single-turn editing (paper, Table 5 and Figure 2), over the same simulated wishes.

Multi-turn edits the original towards everything asked so far.  Single-turn edits the picture of the turn before towards
what this turn asks for, inverted anew: what earlier turns reached may be forgotten, and errors add up.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..dialogue.belief_state import BeliefState, add, from_values, values
from ..dialogue.ontology import ONTOLOGY
from ..editing.attribute_reader import Reader, load_reader
from ..editing.edit_job import EditResult
from ..editing.edit_quality import EditQuality, Originals, judge
from ..editing.engine import Engine
from ..editing.image_file import to_tensor
from ..editing.inversion import invert
from ..editing.pack import Pack
from ..editing.portraits.factors import attributes_of, sample_portrait
from ..editing.portraits.renderer import render
from ..editing.presets import Preset

NUM_TURNS, MOST_VALUES_A_TURN, AT_A_TIME = 4, 2, 8
MULTI_TURN, SINGLE_TURN = "multi-turn", "single-turn"


@dataclass(frozen=True, slots=True)
class Conversation:
    """Wishes about one portrait.

    Attributes:
        wishes: what each turn asks for, values.
        states: belief state after each turn.
    """

    wishes: tuple[tuple[str, ...], ...]
    states: tuple[BeliefState, ...]


@dataclass(frozen=True, slots=True)
class TurnComparison:
    """Outcome of both ways.

    Attributes:
        conversations: what was asked.
        pictures: originals, [N, 3, S, S].
        results: way -> pictures after each turn, [turns, N, 3, S, S].
        quality: way -> quality after each turn, against the full state and the original.
    """

    conversations: Sequence[Conversation]
    pictures: Tensor
    results: Mapping[str, Tensor]
    quality: Mapping[str, Sequence[EditQuality]]


def sample_conversations(pack: Pack, count: int, seed: int = 0) -> tuple[list[Conversation], Tensor]:
    """Wishes of four turns about `count` portraits, and the portraits [count, 3, S, S].

    Each turn asks for one or two values that the photo lacks and that were not asked for before.
    """
    rng = np.random.default_rng(seed)
    portraits = [sample_portrait(rng) for _ in range(count)]
    conversations = [_conversation(rng, attributes_of(portrait)) for portrait in portraits]
    size = pack.image_size
    return conversations, torch.cat([to_tensor(Image.fromarray(render(one, size)), size) for one in portraits])


def compare_turns(
    pack: Pack,
    preset: Preset,
    conversations: Sequence[Conversation],
    pictures: Tensor,
    report: Callable[[], None] = lambda: None,
) -> TurnComparison:
    """Edit every conversation both ways; `report` is called after each turn of each way.

    Raises:
        EditError: an edit failed.
    """
    originals = Originals(pictures, _inverted(pack, pictures))
    reader, ways = load_reader(pack), {MULTI_TURN: _multi_turn, SINGLE_TURN: _single_turn}
    results: dict[str, Tensor] = {}
    quality: dict[str, list[EditQuality]] = {}
    for name, way in ways.items():
        turns = []
        for turn in way(pack, preset, conversations, originals):
            turns.append(turn)
            report()
        results[name] = torch.stack(turns)
        quality[name] = _qualities(pack, reader, originals, turns, conversations)
    return TurnComparison(conversations, pictures, results, quality)


def _multi_turn(
    pack: Pack, preset: Preset, conversations: Sequence[Conversation], originals: Originals
) -> Iterator[Tensor]:
    for turn in range(NUM_TURNS):
        states = [conversation.states[turn] for conversation in conversations]
        yield _edited(pack, preset, originals.w_plus, states)


def _single_turn(
    pack: Pack, preset: Preset, conversations: Sequence[Conversation], originals: Originals
) -> Iterator[Tensor]:
    w_plus = originals.w_plus
    for turn in range(NUM_TURNS):
        pictures = _edited(pack, preset, w_plus, [from_values(one.wishes[turn]) for one in conversations])
        yield pictures
        w_plus = _inverted(pack, pictures)


def _inverted(pack: Pack, pictures: Tensor) -> Tensor:
    """Latents [N, num_ws, D], a few at a time: maps of many would not stay in the cache."""
    return torch.cat([invert(pack, part).cpu() for part in pictures.split(AT_A_TIME)])


def _edited(pack: Pack, preset: Preset, w_plus: Tensor, states: Sequence[BeliefState]) -> Tensor:
    """Pictures [N, 3, S, S] of edits of latents."""
    engine = Engine(pack.models(), pack.device, max_waiting=len(states))
    outcomes = engine.run([pack.job(w, state, preset) for w, state in zip(w_plus, states, strict=True)])
    for outcome in outcomes:
        if not isinstance(outcome, EditResult):
            raise outcome
    return torch.stack([outcome.image for outcome in outcomes if isinstance(outcome, EditResult)])


def _qualities(
    pack: Pack,
    reader: Reader | None,
    originals: Originals,
    turns: Sequence[Tensor],
    conversations: Sequence[Conversation],
) -> list[EditQuality]:
    states = [[conversation.states[turn] for conversation in conversations] for turn in range(len(turns))]
    return [judge(pack, reader, originals, *turn) for turn in zip(turns, states, strict=True)]


def _conversation(rng: np.random.Generator, there: set[str]) -> Conversation:
    state: BeliefState = {}
    known = set(there)
    wishes, states = [], []
    for _ in range(NUM_TURNS):
        asked: list[str] = []
        for _ in range(int(rng.integers(1, MOST_VALUES_A_TURN + 1))):
            fresh = [value for value in ONTOLOGY.values if value not in known and _keeps(state, asked, value)]
            if fresh:
                value = str(rng.choice(fresh))
                state = add(state, ONTOLOGY.slot_of(value), value)
                asked.append(value)
                known.add(value)
        wishes.append(tuple(asked))
        states.append(state)
    return Conversation(tuple(wishes), tuple(states))


def _keeps(state: BeliefState, asked: Sequence[str], value: str) -> bool:
    """Whether adding the value takes nothing back that the same turn asks for."""
    return set(asked) <= set(values(add(state, ONTOLOGY.slot_of(value), value)))
