from dataclasses import replace

import pytest
from chatedit.dialogue.belief_state import EMPTY
from chatedit.dialogue.dialogue_file import Act, Prediction
from chatedit.eval.dialogue_scores import score, spread
from chatedit.eval.errors import PredictionsDoNotFit
from chatedit.eval.score_tables import breakdown, response_table, tracking_table
from rich.console import Console
from small_dialogues import BLOND, STERN

PERFECT = [
    Prediction(d.id, tuple(t.state for t in d.turns), tuple(t.system for t in d.turns), tuple(t.act for t in d.turns))
    for d in (BLOND, STERN)
]
POOR = [
    Prediction("stern", (None, EMPTY), ("Done.", "Done."), (Act("suggest", "hair", "goatee"), None)),
    Prediction("blond", (BLOND.turns[0].state, EMPTY, EMPTY), ("Done.",) * 3, (Act("next"),) * 3),
]


def test_the_annotation_itself_scores_full_marks():
    scores = score("gold", PERFECT, [BLOND, STERN])
    assert scores.joint_accuracy.mean == scores.slot_f1.f1 == scores.slot_f1_by_turn.f1 == 1.0
    assert scores.unreadable == 0.0
    assert scores.responses.bleu == pytest.approx(100.0)
    assert scores.responses.illogical == 0.0


def test_a_poor_model_by_hand():
    scores = score("poor", POOR, [BLOND, STERN])
    assert scores.joint_accuracy.mean == 2 / 5
    assert scores.unreadable == 1 / 5
    assert scores.by_turn == {1: 0.5, 2: 0.5, 3: 0.0}
    assert scores.by_kind["start over"] == (1.0, 1)
    assert scores.responses.distinct_1 == 1 / 5
    assert scores.responses.illogical == 2 / 5


def test_predictions_without_replies_or_acts_are_scored_for_what_they_have():
    silent = [Prediction(p.id, p.states, ()) for p in PERFECT]
    assert score("silent", silent, [BLOND, STERN]).responses is None
    wordy = [Prediction(p.id, p.states, p.responses) for p in PERFECT]
    assert score("wordy", wordy, [BLOND, STERN]).responses.illogical is None


def test_repaired_replies_are_counted_where_predictions_tell_them():
    assert score("silent", PERFECT, [BLOND, STERN]).responses.repaired is None
    told = [replace(p, repairs=(True,) + (False,) * (len(p.states) - 1)) for p in PERFECT]
    assert score("told", told, [BLOND, STERN]).responses.repaired == 2 / 5


def test_predictions_for_other_dialogues_are_refused_by_name():
    with pytest.raises(PredictionsDoNotFit, match="mine: no prediction for dialogue blond"):
        score("mine", PERFECT[1:], [BLOND])
    short = Prediction("blond", BLOND.turns[0].state and (EMPTY,), ())
    with pytest.raises(PredictionsDoNotFit, match="1 predictions for 3 gold turns"):
        score("mine", [short], [BLOND])


def test_the_spread_is_the_sample_deviation():
    assert spread([1.0, 2.0, 3.0]) == (2.0, 1.0)
    assert spread([4.0]) == (4.0, None)


def test_tables_fit_80_columns_and_stand_beside_the_paper():
    scores = [score("a", PERFECT, [BLOND, STERN]), score("b", POOR, [BLOND, STERN])]
    console = Console(width=80, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    for table in (tracking_table(scores), response_table(scores), *breakdown(scores)):
        console.print(table)
    console.file.close()
    text = console.export_text()
    assert "89.065" in text
    assert "100.00" in text
    assert "70.00" in text  # the mean of 1 and 2 / 5
    assert "…" not in text


def test_scores_go_into_json():
    import json

    record = json.loads(json.dumps(score("a", POOR, [BLOND, STERN]).to_json()))
    assert record["joint_accuracy"]["mean"] == 2 / 5
    assert record["by_kind"]["request"] == {"accuracy": 0.5, "turns": 2}
