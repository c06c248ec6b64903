"""A tracker to run beside the first one, by name: `keywords`, or a language model as `llm-state:MODEL`."""

import os
from collections.abc import Callable
from dataclasses import dataclass

from .errors import UnknownTracker
from .keywords import KeywordTracker
from .llm.methods import METHODS
from .llm.prices import load_prices
from .llm.settings import LlmSettings
from .llm.tracker import open_llm_tracker
from .ontology import ONTOLOGY
from .protocols import Tracker

KNOWN = f"keywords, or {', '.join(f'{name}:MODEL' for name in METHODS)}"


@dataclass(frozen=True, slots=True)
class SecondTracker:
    """A tracker, what records call it, and what it has cost so far in US dollars."""

    tracker: Tracker
    name: str
    total_cost_usd: Callable[[], float] = lambda: 0.0


def open_second_tracker(name: str) -> SecondTracker:
    """The tracker of a name.

    A language model is reached at the environment's CHATEDIT_LLM_BASE_URL (OpenAI's where unset) with the key of
    CHATEDIT_LLM_API_KEY; CHATEDIT_LLM_MODEL names the model where `name` does not.

    Raises:
        UnknownTracker: no such tracker, or no model named.
        ExtraMissing: langchain-openai is not installed.
    """
    if name == "keywords":
        return SecondTracker(KeywordTracker(), name)
    method, _, model = name.partition(":")
    model = model or os.environ.get("CHATEDIT_LLM_MODEL", "")
    if method not in METHODS:
        raise UnknownTracker(name, f"choose from {KNOWN}")
    if not model:
        raise UnknownTracker(name, f"name the model: {method}:MODEL, or CHATEDIT_LLM_MODEL")
    reached = {"base_url": "CHATEDIT_LLM_BASE_URL", "api_key": "CHATEDIT_LLM_API_KEY"}
    given = {field: os.environ[variable] for field, variable in reached.items() if os.environ.get(variable)}
    settings = LlmSettings.model_validate({"model": model, **given})
    tracker = open_llm_tracker(METHODS[method](ONTOLOGY, ()), settings, load_prices())
    return SecondTracker(tracker, f"{method}:{model}", tracker.total_cost_usd)
