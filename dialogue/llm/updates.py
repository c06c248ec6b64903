"""Turn by turn, as Heck et al. 2023 (arXiv:2306.01386, app. A) ask ChatGPT; the paper's comparison (section 5.1).

The first message holds the slots with descriptions, the categorical values and the question "which of the slots did
the user update in its latest response?"; the dialogue follows message by message, each answered by the model with a
JSON of updates, which are merged. What differs: their "?" and "dontcare" have no meaning for photos; in their place
stand "remove VALUE" and "none", because wishes can be taken back here.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from .. import belief_state
from ..belief_state import BeliefState, diff
from ..dialogue_file import Dialogue
from ..formats import Context
from ..ontology import ONTOLOGY, SINGLE_VALUED, Ontology
from .errors import AnswerNotReadable
from .method import Asked, Reading, annotated_contexts, check, find_json, listed, prompt, slot_descriptions
from .outcome import Completion, Message

_NEXT_DIALOGUE = 'Now consider another dialogue between "system" and "user"; no slot is filled yet.\n'


@dataclass(frozen=True, slots=True)
class Updates:
    """Updates of the latest turn, merged; see the module. `shots` are annotated dialogues shown before."""

    ontology: Ontology = ONTOLOGY
    shots: tuple[Dialogue, ...] = ()
    nothing: ClassVar[str] = "{}"
    name: ClassVar[str] = "updates"

    def ask(self, context: Context, notes: Sequence[str] | None) -> Asked:
        """See `Method.ask`."""
        pairs = [pair for shot in self.shots for pair in self._shown(shot)]
        start = _NEXT_DIALOGUE if self.shots else ""
        if notes is None and context.exchanges:  # one message for all that went before, answered with the state
            lines = "\n".join(_spoken(context, index) for index in range(len(context.exchanges)))
            pairs.append((start + lines, json.dumps(belief_state.to_json(context.state))))
            start = ""
        for index, note in enumerate(notes or ()):
            pairs.append((start + _spoken(context, index), note))
            start = ""
        messages: list[Message] = []
        for asked, answered in pairs:
            messages += [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]
        messages.append({"role": "user", "content": start + _spoken(context, len(context.exchanges))})
        messages[0] = {"role": "user", "content": f"{self._task()}\n\n{messages[0]['content']}"}
        return Asked(tuple(messages))

    def read(self, context: Context, completion: Completion) -> Reading:
        """See `Method.read`."""
        found = find_json(completion)
        parts = found if isinstance(found, list) else [found]
        state = context.state
        for part in parts:
            if not isinstance(part, dict):
                raise AnswerNotReadable("wrong shape", f"expected a JSON dictionary, not {part!r}")
            for slot, held in part.items():
                state = self._merged(state, " ".join(slot.lower().replace("_", " ").split()), listed(held))
        return Reading(state, json.dumps(found, ensure_ascii=False))

    def _merged(self, state: BeliefState, slot: str, values: Sequence[str]) -> BeliefState:
        if slot not in self.ontology.slots:
            raise AnswerNotReadable("out of ontology", f"there is no slot {slot!r}")
        for value in values:
            if value == "none":
                for held in state.get(slot, frozenset()):
                    state = belief_state.remove(state, slot, held, self.ontology)
                continue
            name = value.removeprefix("remove ")
            check(self.ontology, slot, name)
            change = belief_state.add if name == value else belief_state.remove
            state = change(state, slot, name, self.ontology)
        return state

    def _task(self) -> str:
        categorical = {slot: list(values) for slot, values in self.ontology.slots.items()}
        described = json.dumps(slot_descriptions(), indent=4)
        return prompt("tracker_updates.txt", slots=described, categorical=json.dumps(categorical, indent=4))

    def _shown(self, shot: Dialogue) -> list[tuple[str, str]]:
        pairs = []
        for index, (context, after) in enumerate(annotated_contexts(shot)):
            start = _NEXT_DIALOGUE if index == 0 and shot is not self.shots[0] else ""
            answered = json.dumps(_as_updates(context.state, after, self.ontology))
            pairs.append((start + _spoken(context, index), answered))
        return pairs


def _as_updates(before: BeliefState, after: BeliefState, ontology: Ontology) -> dict[str, Any]:
    update = diff(before, after, ontology)
    changes: dict[str, list[str]] = {slot: ["none"] for slot in before if update.is_reset}
    for slot, value in update.removed:
        changes.setdefault(slot, []).append(f"remove {value}")
    for slot, value in update.added:
        changes.setdefault(slot, []).append(value)
    return {s: v[0] if s in SINGLE_VALUED and len(v) == 1 else v for s, v in changes.items()}


def _spoken(context: Context, index: int) -> str:
    """The exchange that ends with the user's words `index` (from 0)."""
    system = context.exchanges[index - 1][1] if index else ""
    user = context.exchanges[index][0] if index < len(context.exchanges) else context.user
    return f'"system": {json.dumps(system, ensure_ascii=False)}\n"user": {json.dumps(user, ensure_ascii=False)}'
