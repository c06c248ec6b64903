"""What the ways to ask a language model for the belief state have in common."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, ClassVar, NamedTuple, Protocol

import yaml

from ..belief_state import BeliefState
from ..contexts import context_at
from ..dialogue_file import Dialogue
from ..formats import Context
from ..ontology import Ontology
from .errors import AnswerNotReadable
from .outcome import Completion, Message


class Asked(NamedTuple):
    """A request but for model and temperature; see `outcome.ChatRequest`."""

    messages: tuple[Message, ...]
    schema: Mapping[str, Any] | None = None
    tools: tuple[Mapping[str, Any], ...] = ()


class Reading(NamedTuple):
    """What an answer says.

    Attributes:
        state: the belief state after the turn.
        note: the answer as the method shows it to the model at later turns of the dialogue.
    """

    state: BeliefState
    note: str


class Method(Protocol):
    """One way to ask."""

    name: ClassVar[str]
    nothing: ClassVar[str]
    """The note of a turn that changes nothing (or of which nothing is known)."""

    def ask(self, context: Context, notes: Sequence[str] | None) -> Asked:
        """The request for one turn.

        Args:
            notes: the model's own answers to the earlier turns, one an exchange; None where they are not known (the
                conversation began elsewhere), and the state before the turn has to stand for them.
        """
        ...

    def read(self, context: Context, completion: Completion) -> Reading:
        """The state in an answer.

        Raises:
            AnswerNotReadable
        """
        ...


def prompt(name: str, **texts: str) -> str:
    """A prompt text of `prompts/`, with `{name}` replaced by its text; other braces stay."""
    text = (files("chatedit.prompts") / name).read_text(encoding="utf-8").strip()
    for key, value in texts.items():
        text = text.replace(f"{{{key}}}", value)
    return text


@cache
def slot_descriptions() -> Mapping[str, str]:
    """What each slot is about."""
    return yaml.safe_load((files("chatedit.prompts") / "tracker_slots.yaml").read_text(encoding="utf-8"))


def annotated_contexts(dialogue: Dialogue) -> list[tuple[Context, BeliefState]]:
    """Contexts of an example's turns with the states after them, as annotated."""
    states = [turn.state or {} for turn in dialogue.turns]
    systems = [turn.system or "" for turn in dialogue.turns]
    return [(context_at(dialogue, index, states, systems), states[index]) for index in range(len(states))]


def find_json(completion: Completion) -> Any:
    """The first JSON object or list in an answer, which may be wrapped in words or a code fence.

    Raises:
        AnswerNotReadable: half JSON, or malformed JSON.
    """
    text = completion.text
    starts = [place for place in (text.find("{"), text.find("[")) if place >= 0]
    if not starts:
        raise AnswerNotReadable("half JSON" if completion.is_cut else "malformed JSON", f"no JSON in {text[:80]!r}")
    try:
        return json.JSONDecoder().raw_decode(text, min(starts))[0]
    except json.JSONDecodeError as error:
        broke_off = completion.is_cut or error.pos >= len(text.rstrip()) or "Unterminated" in error.msg
        raise AnswerNotReadable("half JSON" if broke_off else "malformed JSON", str(error)) from error


def listed(held: Any) -> list[str]:
    """A value, a list of values or nothing, as a list of tidy texts.

    Raises:
        AnswerNotReadable: something else.
    """
    values = [] if held is None else [held] if isinstance(held, str) else held
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise AnswerNotReadable("wrong shape", f"expected a value or a list of values, not {held!r}")
    return [" ".join(value.lower().split()) for value in values if value.strip()]


def check(ontology: Ontology, slot: str, value: str) -> None:
    """Refuse what the ontology does not list.

    Raises:
        AnswerNotReadable: out of ontology.
    """
    if value not in ontology.slots.get(slot, ()):
        raise AnswerNotReadable("out of ontology", f"{slot!r} has no value {value!r}")
