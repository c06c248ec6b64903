"""The trackers that may run beside the first: over a real local endpoint."""

import json

import pytest
from chat_server import ChatServer
from chatedit.dialogue.belief_state import from_values
from chatedit.dialogue.errors import UnknownTracker
from chatedit.dialogue.formats import Context
from chatedit.dialogue.second_trackers import open_second_tracker

CONTEXT = Context("A woman.", (), "make her blond")
USAGE = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}


def test_keywords_cost_nothing():
    second = open_second_tracker("keywords")
    [tracked] = second.tracker.track([CONTEXT])
    assert (tracked.state, second.total_cost_usd()) == (from_values(["blond hair"]), 0.0)


def test_a_language_model_is_reached_as_the_environment_says_and_its_cost_is_told(monkeypatch):
    answer = json.dumps({"expression": None, "hair color": "blond hair", "hair": [], "makeup": []})
    with ChatServer(lambda messages: answer, USAGE) as server:
        monkeypatch.setenv("CHATEDIT_LLM_BASE_URL", server.url)
        monkeypatch.setenv("CHATEDIT_LLM_API_KEY", "secret")
        second = open_second_tracker("llm-state:gpt-4o-mini")
        [tracked] = second.tracker.track([CONTEXT])
        assert set(server.keys) == {"Bearer secret"}
    assert tracked.state == from_values(["blond hair"])
    assert second.name == "llm-state:gpt-4o-mini"
    assert second.total_cost_usd() == pytest.approx((1000 * 0.15 + 100 * 0.60) / 1e6)


@pytest.mark.parametrize("name", ["", "gpt-4o", "llm-state", "t5"])
def test_an_unknown_tracker_or_unnamed_model_is_told(name, monkeypatch):
    monkeypatch.delenv("CHATEDIT_LLM_MODEL", raising=False)
    with pytest.raises(UnknownTracker, match=r"choose from|name the model"):
        open_second_tracker(name)
