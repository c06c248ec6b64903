"""What a turn does to the belief state: kinds that every annotated file has, simulated or not."""

from ...dialogue.belief_state import EMPTY, BeliefState, diff, pairs
from ...dialogue.dialogue_file import Act, Dialogue
from ...dialogue.ontology import OPEN_ONTOLOGY

KINDS = (
    "asks for one value",
    "asks for several values",
    "accepts a suggestion",
    "accepts a suggestion and asks for more",
    "answers a question",
    "replaces a value",
    "takes back",
    "takes back and asks for more",
    "starts over",
    "changes nothing",
    "declines a suggestion",
)


def turn_kinds(dialogue: Dialogue) -> list[str]:
    """Kind of each turn, of `KINDS`; needs annotated states, and acts to tell suggestions and questions."""
    states = [EMPTY, *(turn.state or EMPTY for turn in dialogue.turns)]
    acts = [None, *(turn.act for turn in dialogue.turns)]
    return [kind_of(states[i], states[i + 1], acts[i]) for i in range(len(dialogue.turns))]


def kind_of(before: BeliefState, after: BeliefState, act: Act | None) -> str:
    """Kind of a turn that leads from one state to the other, after the system's act (None where it is not known)."""
    update = diff(before, after, OPEN_ONTOLOGY)
    suggested = act.value if act is not None and act.type == "suggest" else ""
    if not update.added:
        if update.is_reset:
            return "starts over"
        if update.removed:
            return "takes back"
        return "declines a suggestion" if suggested else "changes nothing"
    if suggested and suggested in {value for _, value in update.added}:
        return "accepts a suggestion" + (" and asks for more" if len(update.added) > 1 else "")
    if update.is_reset or update.removed:
        return "takes back and asks for more"
    if set(pairs(before)) - set(pairs(after)):
        return "replaces a value"
    if act is not None and act.type == "request" and act.slot in {slot for slot, _ in update.added}:
        return "answers a question"
    return "asks for one value" if len(update.added) == 1 else "asks for several values"
