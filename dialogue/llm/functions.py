"""Tracking as function calling, with the values as enums (FnCTOD, Li et al. 2024, arXiv:2402.10466).

The domain's schema is a function's signature; what the model calls at a turn is the turn's update, and its calls stay
in the conversation that it sees at later turns.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from .. import belief_state
from ..belief_state import BeliefState, TurnUpdate, diff
from ..dialogue_file import Dialogue
from ..formats import Context
from ..ontology import ONTOLOGY, SINGLE_VALUED, Ontology
from .errors import AnswerNotReadable
from .full_state import slot_schema
from .method import Asked, Reading, annotated_contexts, check, find_json, listed, prompt, slot_descriptions
from .outcome import Completion, FunctionCall, Message

_ANOTHER = "A new conversation about another photo begins; nothing is asked for yet."


@dataclass(frozen=True, slots=True)
class Functions:
    """`edit_face`, `take_back` and `start_over`; see the module. `shots` are annotated dialogues shown before."""

    ontology: Ontology = ONTOLOGY
    shots: tuple[Dialogue, ...] = ()
    nothing: ClassVar[str] = "[]"
    name: ClassVar[str] = "functions"

    def ask(self, context: Context, notes: Sequence[str] | None) -> Asked:
        """See `Method.ask`."""
        messages: list[Message] = [{"role": "system", "content": prompt("tracker_functions.txt")}]
        for shot in self.shots:
            messages += self._shown(shot)
        if self.shots:
            messages.append({"role": "system", "content": _ANOTHER})
        for index, (user, system) in enumerate(context.exchanges):
            is_last = index + 1 == len(context.exchanges)
            calls = _calls(notes[index]) if notes is not None else ()
            if notes is None and is_last:  # the state stands for calls that nobody remembers
                calls = self._calls_for(diff(belief_state.EMPTY, context.state, self.ontology))
            messages += _turn(user, calls, system, len(messages))
        messages.append({"role": "user", "content": context.user})
        return Asked(tuple(messages), tools=self._tools())

    def read(self, context: Context, completion: Completion) -> Reading:
        """See `Method.read`."""
        if completion.is_cut and not completion.calls:
            raise AnswerNotReadable("half JSON", "the answer was cut before any call")
        state = context.state
        for call in completion.calls:
            state = self._applied(state, call, completion.is_cut)
        return Reading(state, json.dumps([list(call) for call in completion.calls]))

    def _applied(self, state: BeliefState, call: FunctionCall, is_cut: bool) -> BeliefState:
        given = find_json(Completion(call.arguments or "{}", is_cut=is_cut))
        if not isinstance(given, dict):
            raise AnswerNotReadable("wrong shape", f"the arguments of {call.name} are {given!r}")
        match call.name:
            case "start_over":
                return belief_state.EMPTY
            case "take_back":
                for value in listed(given.get("values")):
                    state = belief_state.remove(state, self._slot_of(value), value, self.ontology)
                return state
            case "edit_face":
                for argument, held in given.items():
                    slot = argument.replace("_", " ")
                    for value in listed(held):
                        check(self.ontology, slot, value)
                        state = belief_state.add(state, slot, value, self.ontology)
                return state
        raise AnswerNotReadable("wrong shape", f"there is no function {call.name!r}")

    def _slot_of(self, value: str) -> str:
        for slot, values in self.ontology.slots.items():
            if value in values:
                return slot
        raise AnswerNotReadable("out of ontology", f"no slot has the value {value!r}")

    def _shown(self, shot: Dialogue) -> list[Message]:
        messages: list[Message] = [{"role": "system", "content": _ANOTHER}]
        for index, (context, after) in enumerate(annotated_contexts(shot)):
            calls = self._calls_for(diff(context.state, after, self.ontology))
            messages += _turn(context.user, calls, shot.turns[index].system or "", f"{shot.id}-{len(messages)}")
        return messages

    def _calls_for(self, update: TurnUpdate) -> tuple[FunctionCall, ...]:
        calls = [FunctionCall("start_over", "{}")] if update.is_reset else []
        if update.removed:
            calls.append(FunctionCall("take_back", json.dumps({"values": [value for _, value in update.removed]})))
        if update.added:
            given: dict[str, Any] = {_name(slot): None if slot in SINGLE_VALUED else [] for slot in self.ontology.slots}
            for slot, value in update.added:
                given[_name(slot)] = value if slot in SINGLE_VALUED else [*given[_name(slot)], value]
            calls.append(FunctionCall("edit_face", json.dumps(given)))
        return tuple(calls)

    def _tools(self) -> tuple[Mapping[str, Any], ...]:
        slots = {
            _name(slot): slot_schema(slot, self.ontology) | {"description": slot_descriptions()[slot]}
            for slot in self.ontology.slots
        }
        every = {"type": "array", "items": {"type": "string", "enum": list(self.ontology.values)}}
        return (
            _tool("edit_face", "Change the face in the photo; null or an empty list where nothing changes.", slots),
            _tool("take_back", "Undo earlier wishes, so that the photo is as it was there.", {"values": every}),
            _tool("start_over", "Undo all wishes.", {}),
        )


def _name(slot: str) -> str:
    return slot.replace(" ", "_")


def _tool(name: str, description: str, properties: dict[str, Any]) -> Mapping[str, Any]:
    parameters = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    function = {"name": name, "description": description, "parameters": parameters, "strict": True}
    return {"type": "function", "function": function}


def _calls(note: str) -> tuple[FunctionCall, ...]:
    return tuple(FunctionCall(*call) for call in json.loads(note))


def _turn(user: str, calls: Sequence[FunctionCall], system: str, place: object) -> list[Message]:
    """A past turn: the user's words, the calls with their results, the system's words."""
    messages: list[Message] = [{"role": "user", "content": user}]
    if calls:
        named = [(f"call-{place}-{number}", call) for number, call in enumerate(calls)]
        wanted = [{"id": i, "type": "function", "function": call._asdict()} for i, call in named]
        messages.append({"role": "assistant", "content": None, "tool_calls": wanted})
        messages += [{"role": "tool", "tool_call_id": i, "content": "done"} for i, _ in named]
    return [*messages, {"role": "assistant", "content": system}]
