import json
from dataclasses import replace

import pytest
from chat_server import ChatServer
from chatedit.dialogue import belief_state
from chatedit.dialogue.dialogue_file import read_dialogues
from chatedit.dialogue.llm.errors import EndpointUnusable
from chatedit.dialogue.llm.settings import LlmSettings
from chatedit.dialogue.protocols import Tracked
from chatedit.eval.chat_client import open_chat_client
from chatedit.eval.errors import JournalMismatch
from chatedit.eval.paraphrase import kept_where_unchanged, paraphrase, second_opinion, tracker_check
from small_dialogues import BLOND

DIALOGUES = [replace(BLOND, id=f"d{number}") for number in range(6)]


def kindly(messages):
    """Every line with a word before it; a request for red hair is what the model makes of `blond` in `d3`."""
    lines = json.loads(messages[-1]["content"])
    return "Here you are:\n" + json.dumps([{key: f"Kindly, {text}" for key, text in line.items()} for line in lines])


class HearsKeywords:
    """A tracker for BLOND's words."""

    def track(self, contexts):
        return [Tracked(self._after(c.state, c.user)) for c in contexts]

    def _after(self, state, user):
        if "blond" in user:
            return belief_state.add(state, "hair color", "blond hair")
        if "undo the bangs" in user:
            return belief_state.remove(state, "hair", "bangs")
        return belief_state.add(state, "hair", "bangs") if "yes" in user else state


CHECKS = [tracker_check(HearsKeywords())]


@pytest.fixture
def server():
    with ChatServer(kindly) as server:
        yield server


@pytest.fixture
def client(server):
    return client_of(server, attempts=3)


def client_of(server, attempts):
    settings = LlmSettings(model="m", base_url=server.url, timeout_s=0.5, attempts=attempts)
    return open_chat_client(settings, sleep=lambda seconds: None)


def test_all_turns_are_reworded_and_states_and_acts_stay(client, tmp_path):
    out = tmp_path / "out.jsonl"
    result = paraphrase(DIALOGUES, client, CHECKS, out, concurrency=3)
    assert (result.num_reworded, result.num_dropped, result.failed) == (18, 0, ())
    found = read_dialogues(out)
    assert [d.id for d in found] == [d.id for d in DIALOGUES]
    for turn, old in zip(found[0].turns, BLOND.turns, strict=True):
        assert turn.user == f"Kindly, {old.user}"
        assert (turn.state, turn.act) == (old.state, old.act)
    assert list(tmp_path.iterdir()) == [out]


def test_a_turn_that_would_be_understood_otherwise_keeps_its_words(client, server, tmp_path):
    server.answer = lambda messages: kindly(messages).replace("make her blond", "make her red-haired")
    result = paraphrase(DIALOGUES[:1], client, CHECKS, tmp_path / "out.jsonl")
    assert (result.num_reworded, result.num_dropped) == (2, 1)
    first, second, _ = read_dialogues(tmp_path / "out.jsonl")[0].turns
    assert first.user == BLOND.turns[0].user
    assert second.user == "Kindly, yes please"


def test_a_user_line_goes_back_together_with_the_system_line_that_it_answers():
    changed = [replace(turn, user=f"New {turn.user}", system=f"New {turn.system}") for turn in BLOND.turns]
    changed[1] = replace(changed[1], user="no thanks")
    kept = kept_where_unchanged(BLOND, replace(BLOND, turns=tuple(changed)), CHECKS).turns
    assert (kept[0].system, kept[1].user) == (BLOND.turns[0].system, BLOND.turns[1].user)
    assert (kept[1].system, kept[2].user) == ("New Here they are. What next?", "New undo the bangs")


def test_a_server_that_misbehaves_now_and_then_costs_nothing(server, tmp_path):
    server.mishaps = [429, b"{", "hangup", 500, b'{"choices": [{"message": {"content": "[]"}}]}']
    result = paraphrase(DIALOGUES, client_of(server, attempts=6), CHECKS, tmp_path / "out.jsonl", concurrency=2)
    assert result.failed == ()
    assert result.num_reworded == 18


def test_no_more_calls_run_at_a_time_than_asked_for(client, server, tmp_path):
    paraphrase(DIALOGUES, client, CHECKS, tmp_path / "out.jsonl", concurrency=2)
    assert server.most_at_once <= 2


def test_an_interrupted_run_asks_only_for_what_is_missing(client, server, tmp_path):
    out = tmp_path / "out.jsonl"
    server.mishaps = [b"", b"", b""]
    first = paraphrase(DIALOGUES, client, CHECKS, out, concurrency=1)
    assert first.failed == ("d0",)
    assert not out.exists()
    asked = len(server.requests)
    second = paraphrase(DIALOGUES, client, CHECKS, out, concurrency=1)
    assert len(server.requests) == asked + 1
    assert second.num_reworded == 18
    assert len(read_dialogues(out)) == 6


def test_a_journal_that_was_cut_off_in_the_middle_of_a_line_is_mended(client, server, tmp_path):
    out = tmp_path / "out.jsonl"
    server.mishaps = [b"", b"", b""]
    paraphrase(DIALOGUES, client, CHECKS, out, concurrency=1)
    journal = tmp_path / "out.jsonl.journal"
    journal.write_text(journal.read_text()[:-40])
    assert paraphrase(DIALOGUES, client, CHECKS, out, concurrency=1).num_reworded == 18
    assert len(read_dialogues(out)) == 6


def test_a_refused_key_ends_the_run_and_keeps_what_is_done(client, server, tmp_path):
    out = tmp_path / "out.jsonl"
    calls = []

    def then_refused():
        calls.append(1)
        if len(calls) == 2:
            server.mishaps = [401]

    with pytest.raises(EndpointUnusable):
        paraphrase(DIALOGUES, client, CHECKS, out, concurrency=1, on_dialogue=then_refused)
    asked = len(server.requests)
    paraphrase(DIALOGUES, client, CHECKS, out, concurrency=1)
    assert len(server.requests) - asked <= 4


def test_the_journal_of_another_run_is_not_mixed_in(client, server, tmp_path):
    out = tmp_path / "out.jsonl"
    server.mishaps = [b"", b"", b""]
    paraphrase(DIALOGUES, client, CHECKS, out, concurrency=1)
    with pytest.raises(JournalMismatch, match="other dialogues or settings"):
        paraphrase(DIALOGUES[:2], client, CHECKS, out)


def test_a_second_opinion_has_to_name_just_the_annotated_changes(client, server, tmp_path):
    opinions = iter(["add blond hair", "Add bangs.", "drop bangs, add lipstick"])
    server.answer = lambda messages: kindly(messages) if messages[-1]["content"][0] == "[" else next(opinions)
    result = paraphrase(DIALOGUES[:1], client, [second_opinion(client)], tmp_path / "out.jsonl")
    assert (result.num_reworded, result.num_dropped) == (2, 1)
