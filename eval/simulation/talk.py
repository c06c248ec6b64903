"""What user and system know in the middle of a simulated dialogue, and which wishes make sense there."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ...dialogue import belief_state, policy
from ...dialogue.belief_state import BeliefState
from ...dialogue.dialogue_file import Act, Turn
from ...dialogue.ontology import ONTOLOGY, SINGLE_VALUED, UNSEEN, excluded_by
from .photo import Photo
from .wording import Speaker

_PAINTED = ("heavy makeup", "lipstick", "no makeup")


@dataclass(frozen=True, slots=True)
class SimulationConfig:
    """How dialogues are drawn.

    Attributes:
        hardness: share of dialogues whose user also corrects, takes back, keeps, and wanders off.
        scenes: share of dialogues taken whole from the hand-written scenes.
        extra: chance that a request names a value outside the ontology (which then changes nothing, unless the
            dialogue is an open one).
        is_open: values outside the ontology enter the state: training data of the question format.
        unseen: chance that a request names a value of Table 9 (the out-of-distribution test set).
    """

    hardness: float = 0.5
    scenes: float = 0.12
    extra: float = 0.02
    is_open: bool = False
    unseen: float = 0.0


@dataclass(slots=True)
class Talk:
    """A dialogue under way. `declined` holds the values whose suggestion the user turned down."""

    speaker: Speaker
    photo: Photo
    config: SimulationConfig
    is_hard: bool
    state: BeliefState = field(default_factory=lambda: belief_state.EMPTY)
    last_added: tuple[str, ...] = ()
    last_act: Act = field(default_factory=lambda: Act("next"))
    declined: set[str] = field(default_factory=set)
    turns: list[Turn] = field(default_factory=list)

    @property
    def rng(self) -> random.Random:
        """The dialogue's only source of chance."""
        return self.speaker.rng

    @property
    def held(self) -> tuple[str, ...]:
        """Values of the state, in canonical order."""
        return belief_state.values(self.state)

    def emptied(self) -> "Talk":
        """The talk as it is after starting over."""
        return replace(self, state=belief_state.EMPTY)

    def slot_of(self, value: str) -> str:
        """Slot of a value, in the ontology or outside it."""
        return self.speaker.bank.slots.get(value) or ONTOLOGY.slot_of(value)

    def counts(self, value: str) -> bool:
        """Values outside the ontology are tracked in open dialogues only."""
        return value in ONTOLOGY.values or self.config.is_open

    def keepable(self) -> list[str]:
        """What the user may ask to leave alone: what was asked for, and what the photo shows."""
        shown = [value for value in self.photo.attributes if not value.startswith("no ")]
        return [*self.held, *shown] or ["bangs"]

    def are_rivals(self, one: str, other: str) -> bool:
        """True where two values cannot stand beside each other."""
        is_same_slot = self.slot_of(one) == self.slot_of(other)
        return one in excluded_by(other) or (is_same_slot and self.slot_of(one) in SINGLE_VALUED)

    def wanted(self, count: int, among: Sequence[str] | None = None) -> list[str]:
        """Up to `count` values that neither the photo nor the state has and that go together.

        Values outside the ontology are drawn as the configuration says, unless `among` narrows the choice.
        """
        pool = self._pool(ONTOLOGY.values if among is None else among)
        chosen: list[str] = []
        for _ in range(count):
            outside = self._outside() if among is None else []
            choice = outside or [value for value in pool if not self._clashes(value, chosen)]
            if choice:
                chosen.append(self.rng.choice(choice))
        kept: list[str] = []
        for value in chosen:
            if not self._clashes(value, kept):
                kept.append(value)
        return kept

    def _clashes(self, value: str, chosen: Sequence[str]) -> bool:
        return any(value == other or self.are_rivals(value, other) for other in chosen)

    def _pool(self, among: Sequence[str]) -> list[str]:
        rng = self.rng
        pool = [v for v in among if policy.is_worth_asking(v, self.photo.attributes) and v not in self.held]
        if not self.photo.is_male and rng.random() < 0.96:
            return [v for v in pool if v not in policy.FACIAL_HAIR]
        if self.photo.is_male and rng.random() < 0.5:
            return [v for v in pool if v not in _PAINTED] or pool
        return pool

    def _outside(self) -> list[str]:
        rng, bank = self.rng, self.speaker.bank
        if rng.random() < self.config.unseen:
            slot = rng.choice(list(UNSEEN))
            return [value for value in UNSEEN[slot] if value not in self.held]
        if bank.extra and rng.random() < self.config.extra:
            slot = rng.choice(sorted({bank.slots[value] for value in bank.extra}))
            return [value for value in bank.extra if bank.slots[value] == slot and value not in self.held]
        return []
