"""The sentence that stands for a turn without words, in the conversation and for the turns that follow."""

from ..dialogue import belief_state
from ..dialogue.belief_state import BeliefState
from .reply import listed


def wish(before: BeliefState, after: BeliefState) -> str:
    """What leads from one state to the other, as a user would say it: `Take back bangs. Lipstick, please.`"""
    update = belief_state.diff(before, after)
    held = belief_state.values(before)
    if update.is_reset and not update.added and len(held) > 1:
        return "Start over."
    sentences = []
    if removed := held if update.is_reset else [value for _, value in update.removed]:
        sentences.append(f"Take back {listed(removed)}.")
    if update.added:
        wanted = listed([value for _, value in update.added])
        sentences.append(f"{wanted[:1].upper()}{wanted[1:]}, please.")
    return " ".join(sentences) or "Leave it as it is."
