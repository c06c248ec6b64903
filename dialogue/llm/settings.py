"""How to reach a language model."""

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class LlmSettings(BaseModel):
    """An endpoint that speaks OpenAI's chat completions, and how patient to be with it.

    Attributes:
        base_url: up to and including the version, for example `http://localhost:8000/v1`.
        api_key: sent as a bearer token; local endpoints often need none.
        temperature: None for models that accept none.
        timeout_s: the longest silence of the endpoint before a try counts as timed out.
        attempts: tries of one call in all, where the endpoint fails (not where the answer is bad).
        backoff_s: wait before the second try, doubled for each further one up to `max_backoff_s`, with jitter; a
            Retry-After of the endpoint is honoured instead, up to the same bound.
        corrections: how often a model is told that its answer could not be read, and asked again.
        concurrency: calls at a time.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(min_length=1)
    base_url: str = "https://api.openai.com/v1"
    api_key: SecretStr = SecretStr("")
    temperature: float | None = Field(default=0.0, ge=0.0, le=2.0)
    timeout_s: float = Field(default=60.0, gt=0.0)
    attempts: int = Field(default=5, ge=1)
    backoff_s: float = Field(default=1.0, ge=0.0)
    max_backoff_s: float = Field(default=60.0, ge=0.0)
    corrections: int = Field(default=1, ge=0)
    concurrency: int = Field(default=4, ge=1, le=64)
