"""What the simulated system says: what was done, then what it asks."""

from collections.abc import Sequence

from ...dialogue.dialogue_file import Act
from ...dialogue.ontology import ONTOLOGY
from ...dialogue.person import fill
from .wording import Speaker

_UNCHANGED = {"small talk", "mention", "keep"}


def reply(speaker: Speaker, kind: str, added: Sequence[str], removed: Sequence[str], act: Act) -> str:
    """An acknowledgement of what the turn changed, then the question of `act`, in natural language."""
    return f"{_acknowledgement(speaker, kind, added, removed)} {question(speaker, act)}".strip()


def question(speaker: Speaker, act: Act) -> str:
    """The words of a system act."""
    system = speaker.bank.system
    if act.type == "suggest":
        return _say(speaker, system["suggest"][act.value])
    if act.type == "request":
        return _say(speaker, system["request"][act.slot])
    return _say(speaker, system["next"])


def _acknowledgement(speaker: Speaker, kind: str, added: Sequence[str], removed: Sequence[str]) -> str:
    system, rng = speaker.bank.system, speaker.rng
    named = [v for v in added if v in ONTOLOGY.values]
    if kind == "start over" and not added:
        return _say(speaker, system["reset"])
    if added:
        if len(named) == 1 == len(added) and rng.random() < 0.8:
            return _say(speaker, system["done_value"][named[0]])
        if len(named) == 2 == len(added) and rng.random() < 0.6:
            return " ".join(_say(speaker, system["done_value"][v]) for v in named)
        return _say(speaker, system["done"])
    if removed:
        return _say(speaker, system["undone"])
    if kind in ("decline", "answer no"):
        return _say(speaker, system["declined"])
    return _say(speaker, system["unchanged" if kind in _UNCHANGED else "nothing_heard"])


def _say(speaker: Speaker, templates: Sequence[str]) -> str:
    return fill(speaker.rng.choice(templates), speaker.person, is_system=True)
