"""Each turn alone, as Talk-to-Edit (Jiang et al. 2021) reads it: what the paper's tracker is better than."""

from collections.abc import Sequence
from dataclasses import replace

from . import belief_state
from .belief_state import diff
from .formats import Context
from .ontology import OPEN_ONTOLOGY
from .protocols import Tracked, Tracker


class SingleTurnTracker:
    """Shows another tracker the new utterance and nothing else; what it asks for is added to what there is.

    As in Talk-to-Edit, where each edit goes on top of the last picture: nothing that needs the conversation (yes,
    "undo that", "not so blond after all") can be understood, and nothing is taken back but by its opposite.
    """

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker

    def track(self, contexts: Sequence[Context]) -> list[Tracked]:
        """See `protocols.Tracker.track`."""
        alone = [Context(context.caption, (), context.user) for context in contexts]
        results = zip(contexts, self._tracker.track(alone), strict=True)
        return [_on_top(context, tracked) for context, tracked in results]


def _on_top(context: Context, alone: Tracked) -> Tracked:
    if alone.error:
        return replace(alone, state=context.state)
    state = context.state
    for slot, value in belief_state.pairs(alone.state):
        state = belief_state.add(state, slot, value, OPEN_ONTOLOGY)
    return Tracked(state, diff(context.state, state, OPEN_ONTOLOGY))
