"""The dialogue model behind a Ray Serve handle; see `dialogue.protocols.DialogueModel`."""

from collections.abc import Collection, Sequence
from typing import cast

from ray.serve.handle import DeploymentHandle

from ..dialogue.belief_state import BeliefState
from ..dialogue.formats import Context
from ..dialogue.protocols import Reply, Tracked
from ..tools.ray_calls import call
from ..tools.tracing import carrier, span

TURN_S = 60.0


class RayDialogueModel:
    """Asks whatever replica is free; what several conversations ask at once runs as one batch there."""

    def __init__(self, handle: DeploymentHandle) -> None:
        self._handle = handle

    def track(self, contexts: Sequence[Context]) -> list[Tracked]:
        """See the protocol."""
        return [tracked for tracked, _ in self.turn(contexts, [()] * len(contexts))]

    def respond(
        self,
        contexts: Sequence[Context],
        states: Sequence[BeliefState],
        attributes: Sequence[Collection[str]],
        seed: int | None = None,
    ) -> list[Reply]:
        """See the protocol."""
        return call(self._handle.respond, contexts, states, attributes, seed, timeout_s=TURN_S)

    def turn(
        self, contexts: Sequence[Context], attributes: Sequence[Collection[str]], seed: int | None = None
    ) -> list[tuple[Tracked, Reply]]:
        """See the protocol."""
        with span("track"):
            pairs, trace = zip(contexts, attributes, strict=True), carrier()
            return [
                cast("tuple[Tracked, Reply]", call(self._handle.turn, one, list(held), seed, trace, timeout_s=TURN_S))
                for one, held in pairs
            ]
