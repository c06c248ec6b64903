"""The system's own sentences (`prompts/phrases/system.yaml`), for when the policy has to speak for the model."""

import random
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from .belief_state import BeliefState, diff
from .dialogue_file import Act
from .ontology import ONTOLOGY, OPEN_ONTOLOGY
from .person import Person, fill


@cache
def system_phrases() -> dict[str, Any]:
    """Act -> phrasings (for `request` by slot, for `suggest` and `done_value` by value)."""
    text = (files("chatedit.prompts") / "phrases" / "system.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)


def question(act: Act, person: Person, rng: random.Random) -> str:
    """The act as a question, in natural language."""
    phrases = system_phrases()
    if act.type == "next":
        return _say(phrases["next"], person, rng)
    return _say(phrases[act.type][act.value or act.slot], person, rng)


def remark(kind: str, person: Person, rng: random.Random) -> str:
    """A sentence of one kind: `done`, `undone`, `reset`, `declined`, `unchanged`, `nothing_heard`."""
    return _say(system_phrases()[kind], person, rng)


def done(value: str, person: Person, rng: random.Random) -> str:
    """A sentence that says that `value` (of the ontology) is done."""
    return _say(system_phrases()["done_value"][value], person, rng)


def acknowledgement(before: BeliefState, after: BeliefState, person: Person, rng: random.Random) -> str:
    """What a turn changed, in a sentence or two; only what the state really holds is named."""
    update = diff(before, after, OPEN_ONTOLOGY)
    if len(update.added) in (1, 2) and all(value in ONTOLOGY.values for _, value in update.added):
        return " ".join(done(value, person, rng) for _, value in update.added)
    if update.added:
        return remark("done", person, rng)
    if update.is_reset:
        return remark("reset", person, rng)
    return remark("undone" if update.removed else "unchanged", person, rng)


def person_of(caption: str) -> Person:
    """Whom a caption is about."""
    words = set(caption.lower().replace(".", " ").replace(",", " ").split())
    if words & {"woman", "she", "her", "girl", "lady"}:
        return "woman"
    return "man" if words & {"man", "he", "his", "boy", "gentleman"} else "neutral"


def _say(templates: Sequence[str], person: Person, rng: random.Random) -> str:
    return fill(rng.choice(list(templates)), person, is_system=True)
