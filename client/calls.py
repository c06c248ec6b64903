"""The HTTP API as data: for every operation its request, and how its answer is read."""

import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, TypeAdapter

from ..serving.schemas import (
    Cancelled,
    Health,
    ImageView,
    OntologyView,
    OutcomeView,
    PortraitView,
    StateView,
    ThreadPage,
    ThreadView,
    TurnPage,
    Version,
)

Answer = TypeVar("Answer")
Shape = TypeVar("Shape", bound=BaseModel)
State = Mapping[str, Collection[str]]


@dataclass(frozen=True, slots=True)
class Call(Generic[Answer]):
    """One operation.

    Attributes:
        read: turns the body of the answer into what the caller gets.
        is_repeatable: doing it twice comes to the same.
    """

    method: str
    path: str
    read: Callable[[bytes], Answer]
    json: Any = None
    content: bytes | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    is_repeatable: bool = True

    def request(self, accept: str | None = None) -> dict[str, Any]:
        """Arguments of httpx."""
        headers = dict(self.headers) | ({} if accept is None else {"Accept": accept})
        params = {name: value for name, value in self.params.items() if value is not None}
        return {
            "method": self.method,
            "url": self.path,
            "json": self.json,
            "content": self.content,
            "params": params,
            "headers": headers,
        }


def upload(data: bytes) -> Call[ImageView]:
    return Call(
        "POST", "/v1/images", _as(ImageView), content=data, headers={"Content-Type": "application/octet-stream"}
    )


def download(image: str) -> Call[bytes]:
    return Call("GET", f"/v1/images/{image}", bytes)


def delete_image(image: str) -> Call[None]:
    return Call("DELETE", f"/v1/images/{image}", _nothing)


def open_thread(
    image: str,
    caption: str | None,
    attributes: Collection[str] | None,
    metadata: Mapping[str, Any] | None,
    key: str | None,
) -> Call[ThreadView]:
    shown = None if attributes is None else list(attributes)
    body = {"image": image, "caption": caption, "attributes": shown, "metadata": dict(metadata or {})}
    return Call("POST", "/v1/threads", _as(ThreadView), json=body, headers=_key(key))


def thread(thread: str) -> Call[ThreadView]:
    return Call("GET", f"/v1/threads/{thread}", _as(ThreadView))


def threads(limit: int, cursor: str | None) -> Call[ThreadPage]:
    return Call("GET", "/v1/threads", _as(ThreadPage), params={"limit": limit, "cursor": cursor})


def delete_thread(thread: str) -> Call[None]:
    return Call("DELETE", f"/v1/threads/{thread}", _nothing)


def state(thread: str) -> Call[StateView]:
    return Call("GET", f"/v1/threads/{thread}/state", _as(StateView))


def turns(thread: str, limit: int, cursor: str | None) -> Call[TurnPage]:
    return Call("GET", f"/v1/threads/{thread}/turns", _as(TurnPage), params={"limit": limit, "cursor": cursor})


def strip(thread: str) -> Call[bytes]:
    return Call("GET", f"/v1/threads/{thread}/strip", bytes)


def dialogue(thread: str) -> Call[dict[str, Any]]:
    return Call("GET", f"/v1/threads/{thread}/dialogue", TypeAdapter(dict[str, Any]).validate_json)


def say(thread: str, utterance: str, key: str | None) -> Call[OutcomeView]:
    return _move(thread, "turns", {"utterance": utterance}, key)


def set_state(thread: str, belief_state: State, key: str | None) -> Call[OutcomeView]:
    wanted = {slot: list(values) for slot, values in belief_state.items()}
    path, body = f"/v1/threads/{thread}/state", {"belief_state": wanted}
    return Call("PUT", path, _as(OutcomeView), json=body, headers=_key(key))


def try_ideas(thread: str, utterances: Collection[str]) -> Call[list[OutcomeView]]:
    read = TypeAdapter(list[OutcomeView]).validate_json
    path, body = f"/v1/threads/{thread}/ideas", {"utterances": list(utterances)}
    return Call("POST", path, read, json=body, is_repeatable=False)  # it takes no key


def undo(thread: str, steps: int, key: str | None) -> Call[OutcomeView]:
    return _move(thread, "undo", {"steps": steps}, key)


def redo(thread: str, steps: int, key: str | None) -> Call[OutcomeView]:
    return _move(thread, "redo", {"steps": steps}, key)


def branch(thread: str, version: int, key: str | None) -> Call[OutcomeView]:
    return _move(thread, "branch", {"version": version}, key)


def compare(thread: str, one: int, other: int) -> Call[OutcomeView]:
    path, body = f"/v1/threads/{thread}/compare", {"one": one, "other": other}
    return Call("POST", path, _as(OutcomeView), json=body)


def cancel(thread: str) -> Call[Cancelled]:
    return Call("POST", f"/v1/threads/{thread}/cancel", _as(Cancelled))


def portraits() -> Call[list[PortraitView]]:
    return Call("GET", "/v1/portraits", TypeAdapter(list[PortraitView]).validate_json)


def portrait(name: str) -> Call[bytes]:
    return Call("GET", f"/v1/portraits/{name}", bytes)


def ontology() -> Call[OntologyView]:
    return Call("GET", "/v1/ontology", _as(OntologyView))


def ready() -> Call[Health]:
    return Call("GET", "/ready", _as(Health))


def version() -> Call[Version]:
    return Call("GET", "/version", _as(Version))


def _move(thread: str, what: str, body: Mapping[str, Any], key: str | None) -> Call[OutcomeView]:
    return Call("POST", f"/v1/threads/{thread}/{what}", _as(OutcomeView), json=dict(body), headers=_key(key))


def _key(key: str | None) -> dict[str, str]:
    """Without a key of the caller's own, one of ours: so that trying again does nothing twice."""
    return {"Idempotency-Key": key or str(uuid.uuid4())}


def _as(model: type[Shape]) -> Callable[[bytes], Shape]:
    return model.model_validate_json


def _nothing(_: bytes) -> None:
    return None
