"""Asks a language model until its answer is of use; over the same endpoints as the LLM trackers."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ..dialogue.llm.endpoint import OpenAiEndpoint
from ..dialogue.llm.outcome import ChatRequest, Completion, Message
from ..dialogue.llm.patience import Completer, Patient
from ..dialogue.llm.settings import LlmSettings
from .errors import EndpointFailed

Check = Callable[[str], object]
"""Looks at an answer and raises ValueError where it is unusable: the model is then asked again."""


@dataclass(frozen=True, slots=True)
class ChatClient:
    """A model at an endpoint; `open_chat_client` makes one."""

    settings: LlmSettings
    completer: Completer

    def at(self, temperature: float) -> "ChatClient":
        """The same model at another temperature."""
        return replace(self, settings=self.settings.model_copy(update={"temperature": temperature}))

    def ask(self, messages: Sequence[Message], check: Check = lambda answer: None) -> str:
        """The model's answer.

        Raises:
            EndpointUnusable: an error that trying again does not mend (bad key, unknown model, bad URL).
            EndpointFailed: no usable answer in `settings.attempts` attempts.
        """
        request = ChatRequest(self.settings.model, tuple(messages), self.settings.temperature)
        reason = ""
        for _ in range(self.settings.attempts):
            outcome = self.completer.complete(request)
            if outcome.completion is None:  # it was asked often enough
                reason = f"{outcome.failure}: {outcome.reason}"
                break
            try:
                answer = _text(outcome.completion)
                check(answer)
                return answer
            except ValueError as error:
                reason = str(error)
        raise EndpointFailed(self.settings.base_url, self.settings.attempts, reason)


def open_chat_client(settings: LlmSettings, sleep: Callable[[float], None] = time.sleep) -> ChatClient:
    """A client of a real endpoint.

    Raises:
        ExtraMissing: langchain-openai is not installed.
    """
    return ChatClient(settings, Patient(OpenAiEndpoint(settings), settings, sleep))


def _text(completion: Completion) -> str:
    if completion.refusal:
        raise ValueError(f"refused: {completion.refusal}")
    if completion.is_cut:
        raise ValueError("the answer was cut off")
    if not completion.text.strip():
        raise ValueError("an empty answer")
    return completion.text
