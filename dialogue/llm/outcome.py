"""What is asked of a language model, and everything that may come of it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

Message = dict[str, Any]
"""A message in the form of OpenAI's chat completions."""

Failure = Literal[
    "timeout",
    "rate limit",
    "connection",
    "server error",
    "malformed response",
    "too long",
    "refusal",
    "half JSON",
    "malformed JSON",
    "wrong shape",
    "out of ontology",
    "contradiction",
]
NO_ANSWER: frozenset[Failure] = frozenset(
    {"timeout", "rate limit", "connection", "server error", "malformed response", "too long"}
)
"""Failures of the endpoint: nobody knows what the model would have said."""
UNREADABLE: frozenset[Failure] = frozenset(
    {"half JSON", "malformed JSON", "wrong shape", "out of ontology", "contradiction"}
)
"""Failures of the model: it answered, and not with a belief state. Apart from both stands `refusal`."""


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One call.

    Attributes:
        temperature: None where the model takes none.
        schema: JSON schema that the answer has to follow (structured outputs, strict); None for free text.
        tools: functions that the model may call, in the form of chat completions.
    """

    model: str
    messages: tuple[Message, ...]
    temperature: float | None = 0.0
    schema: Mapping[str, Any] | None = None
    tools: tuple[Mapping[str, Any], ...] = ()

    @property
    def key(self) -> str:
        """Names the request in a recording: a hash of everything that may change the answer."""
        parts = [self.model, self.messages, self.temperature, self.schema, self.tools]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


class FunctionCall(NamedTuple):
    """A call that the model wants; `arguments` is JSON as the model wrote it, which may not be JSON at all."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Completion:
    """What the model answered.

    Attributes:
        is_cut: it ran into the limit of tokens (or the connection broke) before it was done.
        refusal: why the model or a filter declined; empty where it did not.
        tokens_in, tokens_out: None where the endpoint does not tell.
    """

    text: str = ""
    calls: tuple[FunctionCall, ...] = ()
    is_cut: bool = False
    refusal: str = ""
    tokens_in: int | None = None
    tokens_out: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request, after all attempts.

    Attributes:
        completion: None where there is no answer.
        failure, reason: why there is none; empty where there is one.
        mishaps: kind -> how many attempts went wrong that way, also where a later one succeeded.
        latency_ms: from asking to having it, failed attempts and waits included.
    """

    completion: Completion | None
    failure: Failure | Literal[""] = ""
    reason: str = ""
    mishaps: Mapping[str, int] = field(default_factory=dict)
    latency_ms: float = 0.0
