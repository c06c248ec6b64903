"""References as URLs: the service's plain data in the form of the API."""

from collections.abc import Mapping
from typing import Any

from ..agent.state import DialogueState, Turn
from ..agent.versions import head, highest_version, turns_of
from ..tools.samples import Sample
from .outcomes import Outcome
from .schemas import (
    ErrorView,
    ImageView,
    MetricsView,
    OpinionView,
    OutcomeView,
    PortraitView,
    StateView,
    ThreadView,
    TurnView,
)
from .signed_urls import UrlSigner
from .thread_index import ThreadRecord

IMAGES, PORTRAITS = "/v1/images", "/v1/portraits"


class Views:
    """Views for one caller.

    Args:
        base_url: how the caller reaches the service.
        owner: who the caller is.
        signer: makes URLs that need no key; None where no keys are needed.
    """

    def __init__(self, base_url: str, owner: str, signer: UrlSigner | None) -> None:
        self._base, self._owner, self._signer = base_url.rstrip("/"), owner, signer

    def url(self, reference: str) -> str:
        """URL of a picture."""
        query = "" if self._signer is None else f"?{self._signer.query(self._owner, reference)}"
        return f"{self._base}{IMAGES}/{reference}{query}"

    def image(self, reference: str, **more: Any) -> ImageView:
        """A picture."""
        return ImageView(id=reference, url=self.url(reference), **more)

    def thread(self, record: ThreadRecord) -> ThreadView:
        """A thread."""
        image = self.image(record.image) if record.image else None
        return ThreadView(
            id=record.id,
            created_at=record.created_at,
            updated_at=record.updated_at,
            image=image,
            metadata=dict(record.metadata),
        )

    def turn(self, turn: Turn) -> TurnView:
        """A turn."""
        known = {name: turn["metrics"][name] for name in MetricsView.model_fields if name in turn["metrics"]}
        return TurnView(
            id=turn["id"],
            parent=turn["parent"],
            version=turn["version"],
            user=turn["user"],
            reply=turn["system"],
            act=turn["act"],
            belief_state=turn["belief_state"],
            **turn["update"],
            missing=turn["missing"],
            image=self.image(turn["image"]),
            metrics=MetricsView(**known),
        )

    def outcome(self, outcome: Outcome) -> OutcomeView:
        """What a turn or a move came to."""
        pair = outcome["comparison"]
        return OutcomeView(
            thread=outcome["thread"],
            reply=outcome["reply"],
            turn=self.turn(outcome["turn"]),
            is_changed=outcome["is_changed"],
            comparison=None if pair is None else [self.turn(turn) for turn in pair],
            error=None if outcome["error"] is None else ErrorView(**outcome["error"]),
        )

    def state(self, thread: str, state: DialogueState) -> StateView:
        """Where a conversation stands."""
        return StateView(
            thread=thread,
            caption=state.get("caption", ""),
            attributes=state.get("attributes", []),
            belief_state=state.get("belief_state", {}),
            turn=self.turn(head(state)),
            num_turns=len(turns_of(state)) - 1,
            num_versions=highest_version(state) + 1,
            can_redo=bool(state.get("redo")),
            opinions=[_opinion(record) for record in state.get("opinions", [])],
        )

    def portrait(self, sample: Sample) -> PortraitView:
        """A portrait that ships."""
        return PortraitView(
            name=sample.name,
            caption=sample.caption,
            attributes=list(sample.attributes),
            url=f"{self._base}{PORTRAITS}/{sample.name}",
        )

    def event(self, kind: str, data: dict[str, Any]) -> dict[str, Any]:
        """An event of a turn: references become pictures."""
        shown = dict(data)
        for name in ("image", "preview"):
            if shown.get(name):
                shown[name] = self.image(shown[name]).model_dump(exclude_none=True)
        return shown


def _opinion(record: Mapping[str, Any]) -> OpinionView:
    known = {name: record[name] for name in OpinionView.model_fields}
    return OpinionView(**known)
