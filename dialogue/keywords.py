"""A tracker of keywords and rules: the baseline that knows words and no language."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import yaml

from . import belief_state
from .belief_state import TurnUpdate, diff
from .formats import Context, last_words
from .ontology import ONTOLOGY, excluded_by
from .protocols import Tracked

_CLAUSES = re.compile(r"[.!?;:,\n]+|\b(?:but|and|then|plus|also|instead|n)\b")
_OPPOSITES = {"smiling": "no smiling", "bangs": "no bangs", "mustache": "no beard", "goatee": "no beard"}
_OPPOSITES |= {"heavy makeup": "no makeup"}


class Mention(NamedTuple):
    """A value that a clause names."""

    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Keywords:
    """`prompts/keywords.yaml`, compiled."""

    values: dict[str, re.Pattern[str]]
    cues: dict[str, re.Pattern[str]]

    def has(self, cue: str, text: str) -> bool:
        """True where the text has one of the words of a cue (`negative`, `accept`, ...)."""
        return bool(self.cues[cue].search(text))

    def mentions(self, text: str) -> list[Mention]:
        """Values named in a text, in its order; of those that overlap only the longest."""
        found = [Mention(v, *m.span()) for v, pattern in self.values.items() for m in pattern.finditer(text)]
        kept: list[Mention] = []
        for one in sorted(found, key=lambda m: (m.start - m.end, m.start)):
            if all(one.end <= other.start or one.start >= other.end for other in kept):
                kept.append(one)
        return sorted(kept, key=lambda m: m.start)


@cache
def load_keywords() -> Keywords:
    """The keywords that ship."""
    lists = yaml.safe_load((files("chatedit.prompts") / "keywords.yaml").read_text(encoding="utf-8"))
    values = {value: _any_of(patterns) for value, patterns in lists.pop("values").items()}
    return Keywords(values, {cue: _any_of(patterns) for cue, patterns in lists.items()})


class KeywordTracker:
    """Names of values, words of negation, yes and no; it accepts a suggestion by finding its keyword, too."""

    def __init__(self, keywords: Keywords | None = None) -> None:
        self._keywords = keywords or load_keywords()

    def track(self, contexts: Sequence[Context]) -> list[Tracked]:
        """See `protocols.Tracker.track`."""
        return [self._track(context) for context in contexts]

    def _track(self, context: Context) -> Tracked:
        text = " ".join(context.user.lower().replace("’", "'").split()).strip(" .!?")
        state = belief_state.apply(context.state, self._update(context, text))
        return Tracked(state, diff(context.state, state))

    def _update(self, context: Context, text: str) -> TurnUpdate:
        if self._keywords.has("start_over", text):
            return TurnUpdate(is_reset=True)
        if self._keywords.has("undo_last", text) and not self._keywords.mentions(text):
            return TurnUpdate(removed=context.last_update.added)
        added, removed = self._answered(context, text), []
        for clause in _CLAUSES.split(text):
            for value in self._asked_for(clause):
                added.append(value)
            removed += self._taken_back(clause, context)
        # a value that is named as the old one of an exchange must not be added, whichever clause names it first
        added = [value for value in added if value not in removed]
        return TurnUpdate(_pairs(added), _pairs(removed))

    def _answered(self, context: Context, text: str) -> list[str]:
        """What accepting the system's suggestion adds."""
        start = next(filter(str.strip, _CLAUSES.split(text)), "")
        if not context.exchanges or self._keywords.has("decline", start) or not self._keywords.has("accept", start):
            return []
        return [m.value for m in self._keywords.mentions(last_words(context.exchanges[-1][1]).lower())][:1]

    def _asked_for(self, clause: str) -> list[str]:
        if self._keywords.has("mention", clause):
            return []
        if not self._keywords.has("negative", clause):
            return [m.value for m in self._keywords.mentions(clause)]
        if self._keywords.has("take_back", clause):
            return []
        named = [m.value for m in self._keywords.mentions(clause)]
        opposites = [value if value.startswith("no ") else _OPPOSITES.get(value, "") for value in named]
        return [value for value in opposites if value]

    def _taken_back(self, clause: str, context: Context) -> list[str]:
        """Values of the state that the clause takes away and that have no opposite of their own to stand for that."""
        if self._keywords.has("mention", clause) or not self._keywords.has("negative", clause):
            return []
        held = belief_state.values(context.state)
        named = [m.value for m in self._keywords.mentions(clause)]
        if self._keywords.has("take_back", clause):
            meant = {*named, *(other for value in named for other in excluded_by(value))}
            return [value for value in held if value in meant]
        return [value for value in held if value in named and value not in _OPPOSITES]


def _any_of(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(patterns)})(?!\w)")


def _pairs(values: Sequence[str]) -> tuple[tuple[str, str], ...]:
    return tuple((ONTOLOGY.slot_of(value), value) for value in dict.fromkeys(values))
