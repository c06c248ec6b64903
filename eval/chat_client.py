"""A client for any endpoint that speaks OpenAI's chat completions; it waits and tries again where that may help."""

import http.client
import json
import random
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .errors import EndpointFailed, EndpointRefused

Message = dict[str, str]
Check = Callable[[str], object]
"""Looks at an answer and raises ValueError where it is unusable: the model is then asked again."""

_WORTH_ANOTHER_TRY = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_MAX_ANSWER_BYTES = 1_000_000
_SHOWN = 200  # characters of an endpoint's error that a message quotes


@dataclass(frozen=True, slots=True)
class ChatClient:
    """How to reach a model.

    Attributes:
        base_url: up to and including the version, for example `http://localhost:8000/v1`.
        api_key: sent as a bearer token; empty sends none.
        attempts: how often a call is tried in all.
        backoff_s: wait before the second attempt; doubled for each further one, up to `max_backoff_s`, with jitter.
            A Retry-After header, where there is one, is honoured instead (up to the same bound).
        sleep: replaced in tests.
    """

    base_url: str
    model: str
    api_key: str = field(default="", repr=False)
    temperature: float = 0.9
    timeout_s: float = 60.0
    attempts: int = 5
    backoff_s: float = 1.0
    max_backoff_s: float = 60.0
    sleep: Callable[[float], None] = time.sleep

    def ask(self, messages: Sequence[Message], check: Check = lambda answer: None) -> str:
        """The model's answer.

        Raises:
            EndpointRefused: an error that trying again does not mend (bad key, unknown model, bad URL).
            EndpointFailed: no usable answer in `attempts` attempts.
        """
        reason = ""
        for attempt in range(self.attempts):
            wait_s = 0.0
            try:
                answer = self._call(messages)
                check(answer)
                return answer
            except urllib.error.HTTPError as error:
                with error:
                    said = error.read(_MAX_ANSWER_BYTES).decode(errors="replace")[:_SHOWN]
                if error.code not in _WORTH_ANOTHER_TRY:
                    raise EndpointRefused(self._url, error.code, said) from error
                reason = f"status {error.code}: {said}"
                wait_s = _retry_after_s(error.headers.get("Retry-After"))
            except (OSError, http.client.HTTPException, ValueError) as error:
                reason = f"{type(error).__name__}: {error}"
            if attempt + 1 < self.attempts:
                self.sleep(min(wait_s or self._backoff_s(attempt), self.max_backoff_s))
        raise EndpointFailed(self._url, self.attempts, reason)

    @property
    def _url(self) -> str:
        return f"{self.base_url.rstrip('/')}/chat/completions"

    def _backoff_s(self, attempt: int) -> float:
        return self.backoff_s * 2**attempt * random.uniform(0.5, 1.0)

    def _call(self, messages: Sequence[Message]) -> str:
        body = {"model": self.model, "messages": list(messages), "temperature": self.temperature}
        headers = {"Content-Type": "application/json"}
        if self.api_key:
            headers["Authorization"] = f"Bearer {self.api_key}"
        request = urllib.request.Request(self._url, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=self.timeout_s) as response:
            data: Any = json.loads(response.read(_MAX_ANSWER_BYTES))
        try:
            answer = data["choices"][0]["message"]["content"]
        except (KeyError, IndexError, TypeError) as error:
            raise ValueError(f"not a chat completion: {str(data)[:_SHOWN]}") from error
        if not isinstance(answer, str) or not answer.strip():
            raise ValueError("an empty answer")
        return answer


def _retry_after_s(header: str | None) -> float:
    return float(header) if header and header.strip().isdecimal() else 0.0
