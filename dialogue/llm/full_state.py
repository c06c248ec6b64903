"""The whole dialogue in, the whole belief state out, held to a JSON schema (structured outputs, strict)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from .. import belief_state
from ..belief_state import BeliefState
from ..dialogue_file import Dialogue
from ..errors import BeliefStateNotReadable, ContradictoryState, UnknownSlot, UnknownValue
from ..formats import Context
from ..ontology import ONTOLOGY, SINGLE_VALUED, Ontology
from .errors import AnswerNotReadable
from .method import Asked, Reading, annotated_contexts, find_json, listed, prompt
from .outcome import Completion, Message


@dataclass(frozen=True, slots=True)
class FullState:
    """Nothing is carried from turn to turn, so no error is either. `shots` are annotated dialogues shown before."""

    ontology: Ontology = ONTOLOGY
    shots: tuple[Dialogue, ...] = ()
    nothing: ClassVar[str] = ""
    name: ClassVar[str] = "state"

    def ask(self, context: Context, notes: Sequence[str] | None) -> Asked:
        """See `Method.ask`; needs no notes."""
        slots = "\n".join(f"- {slot}: {', '.join(values)}" for slot, values in self.ontology.slots.items())
        messages: list[Message] = [{"role": "system", "content": prompt("tracker_state.txt", slots=slots)}]
        for shot in self.shots:
            last, state = annotated_contexts(shot)[-1]
            messages += [_asked(last), {"role": "assistant", "content": json.dumps(self._answer(state))}]
        return Asked((*messages, _asked(context)), schema(self.ontology))

    def read(self, context: Context, completion: Completion) -> Reading:
        """See `Method.read`."""
        found = find_json(completion)
        if not isinstance(found, dict):
            raise AnswerNotReadable("wrong shape", f"expected an object of slot -> values, not {found!r}")
        held = {slot: listed(values) for slot, values in found.items()}
        try:
            state = belief_state.from_json({slot: values for slot, values in held.items() if values}, self.ontology)
        except (UnknownSlot, UnknownValue) as error:
            raise AnswerNotReadable("out of ontology", str(error)) from error
        except ContradictoryState as error:
            raise AnswerNotReadable("contradiction", str(error)) from error
        except BeliefStateNotReadable as error:
            raise AnswerNotReadable("wrong shape", str(error)) from error
        return Reading(state, "")

    def _answer(self, state: BeliefState) -> dict[str, Any]:
        held = belief_state.to_json(state)
        return {s: next(iter(held.get(s, ())), None) if s in SINGLE_VALUED else held.get(s, []) for s in schema_slots()}


def schema_slots() -> tuple[str, ...]:
    """Slots in the order of the schema."""
    return tuple(ONTOLOGY.slots)


def schema(ontology: Ontology) -> Mapping[str, Any]:
    """JSON schema of a belief state: every slot is required, as strict schemas demand."""
    properties = {slot: slot_schema(slot, ontology) for slot in schema_slots()}
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def slot_schema(slot: str, ontology: Ontology) -> dict[str, Any]:
    """One value or null, or a list of values."""
    values = list(ontology.slots[slot])
    if slot in SINGLE_VALUED:
        return {"type": ["string", "null"], "enum": [*values, None]}
    return {"type": "array", "items": {"type": "string", "enum": values}}


def _asked(context: Context) -> Message:
    lines = [f"user: {user}\nsystem: {system}" for user, system in context.exchanges]
    return {"role": "user", "content": "\n".join([*lines, f"user: {context.user}"])}
