"""Stage 2: PPTOD-style multi-task pre-training on Schema-Guided Dialogue (Su et al. 2022, section 3)."""

import random
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from ..formats import Prompts, wrap
from ..special_tokens import ACT, BELIEF, RESPONSE, USER
from .examples import Example

_MAX_CHARACTERS = 420


def examples_of(dialogues: Iterable[dict[str, Any]], prompts: Prompts, rng: random.Random) -> Iterator[Example]:
    """Tracking (what the turn adds), questions (whether it adds one value) and responses, one task a turn."""
    known: deque[str] = deque(maxlen=50)  # values of other dialogues, to ask for in vain
    for dialogue in dialogues:
        before: dict[str, str] = {}
        system = ""
        for turn in dialogue["turns"]:
            state = {slot: value for slots in turn["state"].values() for slot, value in slots.items()}
            body = f"{wrap(RESPONSE, system)} {wrap(USER, turn['user'])}" if system else wrap(USER, turn["user"])
            example = _one(turn, before, state, body, prompts, rng, known)
            if example and len(example.prefix) + len(example.body) < _MAX_CHARACTERS:
                yield example
            before, system = state, turn["system"]


def _one(
    turn: dict[str, Any],
    before: dict[str, str],
    state: dict[str, str],
    body: str,
    prompts: Prompts,
    rng: random.Random,
    known: deque[str],
) -> Example | None:
    new = {slot: value for slot, value in state.items() if before.get(slot) != value}
    memory = wrap(BELIEF, ", ".join(list(before.values())[-4:]) or "nothing")
    task = rng.choice(("state", "question", "response"))
    if task == "state":
        target = ", ".join(f"add {value}".lower() for value in new.values()) or "nothing"
        return Example("state", f"{prompts.state} {memory}", body, target)
    if task == "question":
        if not state:
            return None
        asked, value = rng.choice(list((new or state).items()))
        if rng.random() < 0.4:
            value = rng.choice([*state.values(), *known])
        known.append(value)
        target = "add" if new.get(asked) == value else "nothing"
        return Example("question", f"{prompts.question} what is the {_words(asked)}? {value}? {memory}", body, target)
    acts = turn["system_acts"]
    if not turn["system"] or not acts:
        return None
    act = f"{acts[0]['act'].lower().replace('_', ' ')} {_words(acts[0]['slot'])}".strip()
    return Example(
        "response", f"{prompts.response} {memory}", body, f"{wrap(ACT, act)} {wrap(RESPONSE, turn['system'])}"
    )


def _words(slot: str) -> str:
    return slot.replace("_", " ")
