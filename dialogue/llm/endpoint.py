"""One call to an endpoint that speaks OpenAI's chat completions, over langchain-openai."""

import json
import re
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import SecretStr

from .errors import CallFailed, EndpointUnusable, ExtraMissing
from .outcome import ChatRequest, Completion, FunctionCall
from .settings import LlmSettings

if TYPE_CHECKING:
    import openai
    from langchain_core.messages import AIMessage

_SHOWN = 300  # characters of an endpoint's error that a message quotes
_WORTH_ANOTHER_TRY = frozenset({408, 409, 425, 500, 502, 503, 504, 529})
_TOO_LONG = re.compile(r"context (length|size|window)|too many tokens", re.IGNORECASE)  # of endpoints without codes
_REFUSED = re.compile(
    r"\W*((i'?m|i am)? ?(really |very )?sorry\W+(but )?)?(i|we)( can ?not| can'?t|'?m unable to| am unable to| won'?t) "
    r"(help|assist|comply|fulfil|do|provide|continue|edit|support|track)",
    re.IGNORECASE,
)


class Endpoint(Protocol):
    """Answers one request once."""

    def call(self, request: ChatRequest) -> Completion:
        """The answer.

        Raises:
            CallFailed: another try may succeed.
            EndpointUnusable: no other try will.
        """
        ...


class OpenAiEndpoint:
    """Calls a real endpoint. It never tries twice: `patience.Patient` does."""

    def __init__(self, settings: LlmSettings) -> None:
        try:
            from langchain_openai import ChatOpenAI
        except ImportError as error:
            raise ExtraMissing("langchain-openai", "llm") from error
        self._url = settings.base_url
        self._chat = ChatOpenAI(
            model=settings.model,
            base_url=settings.base_url,
            api_key=settings.api_key if settings.api_key.get_secret_value() else SecretStr("none"),
            timeout=settings.timeout_s,
            max_retries=0,
            use_responses_api=False,  # compatible endpoints speak chat completions only
        )

    def call(self, request: ChatRequest) -> Completion:
        """See `Endpoint.call`."""
        import openai

        options: dict[str, Any] = {"model": request.model}
        if request.temperature is not None:
            options["temperature"] = request.temperature
        if request.schema is not None:
            wanted = {"name": "belief_state", "schema": dict(request.schema), "strict": True}
            options["response_format"] = {"type": "json_schema", "json_schema": wanted}
        if request.tools:
            options |= {"tools": [dict(tool) for tool in request.tools], "tool_choice": "auto"}
        try:
            message = self._chat.invoke(list(request.messages), **options)
        except openai.LengthFinishReasonError as error:
            return _cut(error)
        except openai.ContentFilterFinishReasonError as error:
            return Completion(refusal=str(error))
        except openai.APIError as error:
            return self._told(error)
        except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:  # no chat completion at all
            raise CallFailed("malformed response", f"{type(error).__name__}: {error}"[:_SHOWN], 0.0) from error
        return _completion(message)

    def _told(self, error: "openai.APIError") -> Completion:
        """A refusal, where the error is one; else raises."""
        import openai

        said = str(error)[:_SHOWN]
        if isinstance(error, openai.APITimeoutError):
            raise CallFailed("timeout", said, 0.0) from error
        if isinstance(error, openai.APIConnectionError):
            raise CallFailed("connection", said, 0.0) from error
        if not isinstance(error, openai.APIStatusError):
            raise CallFailed("malformed response", said, 0.0) from error
        wait_s = _retry_after_s(error.response.headers.get("Retry-After"))
        if error.status_code == 429 and error.code != "insufficient_quota":
            raise CallFailed("rate limit", said, wait_s) from error
        if error.status_code in _WORTH_ANOTHER_TRY:
            raise CallFailed("server error", said, wait_s) from error
        if error.code == "content_filter":
            return Completion(refusal=said, tokens_in=0, tokens_out=0)  # stopped before the model: nothing to pay
        is_told_in_words = error.status_code in (400, 413) and _TOO_LONG.search(str(error))
        if error.code == "context_length_exceeded" or is_told_in_words:
            raise CallFailed("too long", said, 0.0) from error
        raise EndpointUnusable(self._url, error.status_code, said) from error


def _completion(message: "AIMessage") -> Completion:
    text = message.text
    calls = [FunctionCall(call["name"], _as_json(call["args"])) for call in message.tool_calls]
    calls += [FunctionCall(c["name"] or "", c["args"] or "") for c in message.invalid_tool_calls]
    finish = message.response_metadata.get("finish_reason")
    refusal = message.additional_kwargs.get("refusal") or ("filtered" if finish == "content_filter" else "")
    if not refusal and not calls and "{" not in text and _REFUSED.match(text.replace("’", "'")):
        refusal = text
    usage = message.usage_metadata
    tokens = (usage["input_tokens"], usage["output_tokens"]) if usage else (None, None)
    return Completion(text, tuple(calls), finish == "length", refusal, *tokens)


def _cut(error: "openai.LengthFinishReasonError") -> Completion:
    usage = error.completion.usage
    text = error.completion.choices[0].message.content or ""
    tokens = (usage.prompt_tokens, usage.completion_tokens) if usage else (None, None)
    return Completion(text, (), True, "", *tokens)


def _as_json(arguments: dict[str, Any]) -> str:
    return json.dumps(arguments, ensure_ascii=False)


def _retry_after_s(header: str | None) -> float:
    return float(header) if header and re.fullmatch(r"\d+(\.\d+)?", header.strip()) else 0.0
