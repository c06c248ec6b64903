import pytest
from chatedit.dialogue.dialogue_file import Dialogue, Turn
from chatedit.dialogue.errors import DataNotReadable
from chatedit.eval.figures import draw_attributes, draw_flow
from chatedit.eval.statistics import flow, statistics
from small_dialogues import BLOND, STERN


def test_table_3_by_hand():
    table = statistics([BLOND, STERN]).table
    assert table["dialogues"] == 2
    assert table["utterances"] == 10
    assert table["turns per dialogue"] == 2.5
    assert table["words per user turn"] == (3 + 2 + 3 + 4 + 3) / 5
    assert table["words per system turn"] == (2 + 5 + 4 + 2 + 4) / 5
    assert table["attributes mentioned per dialogue"] == 2.0
    assert table["the same, with suggestions"] == 2.0


def test_a_suggestion_that_nobody_took_counts_in_its_own_line_only():
    declined = Dialogue("d", "", (), (BLOND.turns[0],))
    table = statistics([declined]).table
    assert table["attributes mentioned per dialogue"] == 1.0
    assert table["the same, with suggestions"] == 2.0


def test_combinations_are_the_states_of_turns_and_the_empty_one_is_none():
    combinations = statistics([BLOND, STERN]).combinations
    assert combinations == {
        frozenset({"blond hair"}): 2,
        frozenset({"blond hair", "bangs"}): 1,
        frozenset({"no smiling", "no beard"}): 1,
    }


def test_rare_is_less_than_five_times():
    assert statistics([BLOND] * 3).rare_share == 0.5  # six times {blond hair}, three times with bangs


def test_the_flow_counts_every_step_and_a_turn_that_changes_nothing():
    columns = flow([BLOND, STERN])
    assert columns[0] == {("start", "hair color"): 1, ("start", "hair"): 1}
    assert columns[1] == {("hair color", "suggest"): 1, ("hair", "request"): 1}
    assert columns[2] == {("suggest", "hair"): 1, ("request", "hair"): 1}
    quiet = Dialogue("q", "", (), (Turn("hi", {}, "Hello.", BLOND.turns[1].act),))
    assert flow([quiet])[0] == {("start", "nothing"): 1}


def test_dialogues_without_states_are_refused():
    with pytest.raises(DataNotReadable, match="dialogue raw"):
        statistics([Dialogue("raw", "", (), (Turn("hi"),))])
    with pytest.raises(DataNotReadable, match="no dialogue"):
        statistics([])


def test_the_figures_are_drawn(tmp_path):
    from PIL import Image

    draw_attributes(statistics([BLOND, STERN]), tmp_path / "3.png")
    draw_flow(flow([BLOND, STERN]), tmp_path / "4.png")
    for name in ("3.png", "4.png"):
        with Image.open(tmp_path / name) as image:
            assert image.width > 1000
            assert len(image.convert("RGB").getcolors(1 << 24) or ()) > 20
