import pytest
from chatedit.dialogue.belief_state import from_values
from chatedit.dialogue.errors import DataNotReadable, UnknownValue
from chatedit.eval.errors import ReviewRefused
from chatedit.eval.human.review_table import ReviewTable
from chatedit.eval.review import export_csv
from small_dialogues import BLOND, STERN


@pytest.fixture
def table(tmp_path):
    return ReviewTable(tmp_path / "review.csv", [BLOND, STERN])


def test_an_untouched_review_is_the_exported_table_and_writes_no_file(table, tmp_path):
    assert table.table() == export_csv([BLOND, STERN])
    assert table.reviewed() == [BLOND, STERN]
    assert not (tmp_path / "review.csv").exists()


def test_what_was_done_is_there_again_after_a_restart(table, tmp_path):
    table.mark(0, 1, "right")
    table.revise(1, 1, "revised user", "no smile\n and no beard")
    again = ReviewTable(tmp_path / "review.csv", [BLOND, STERN])
    assert again.table() == table.table()
    assert [view.mark for view in again.turns(0)] == ["right", "open", "open"]
    assert again.turns(1)[0].revised_user == "no smile and no beard"


def test_wanting_what_was_there_before_is_no_revision(table):
    table.want(0, 1, "makeup", "lipstick", True)
    assert table.turns(0)[2].state == from_values(["blond hair", "lipstick"])
    table.want(0, 1, "makeup", "lipstick", False)
    table.mark(0, 1, "open")
    assert table.table() == export_csv([BLOND, STERN])


def test_a_state_can_be_emptied_and_filled_again(table):
    table.want(0, 1, "hair color", "blond hair", False)
    assert [view.changes for view in table.turns(0)] == ["nothing", "add bangs", "start over"]
    table.want(0, 2, "hair color", "gray hair", True)
    assert table.turns(0)[1].state == from_values(["gray hair", "bangs"])


def test_values_outside_the_ontology_are_refused(table):
    with pytest.raises(UnknownValue):
        table.want(0, 1, "hair color", "", True)


def test_a_dialogue_is_done_when_every_turn_is_marked_and_none_has_a_problem(table):
    assert table.status(1) == "open"
    table.mark(1, 1, "right")
    table.mark(1, 2, "wrong")
    assert table.status(1) == "problem"
    assert "nothing is revised" in table.turns(1)[1].problem
    table.revise(1, 2, "revised system", "The original again.")
    assert table.status(1) == "done"


def test_a_table_of_other_dialogues_is_refused(table, tmp_path):
    table.mark(0, 1, "right")
    with pytest.raises(ReviewRefused, match="there is no dialogue 'blond'"):
        ReviewTable(tmp_path / "review.csv", [STERN])


def test_a_table_in_another_encoding_is_told(tmp_path):
    (tmp_path / "review.csv").write_bytes(export_csv([BLOND]).replace("make", "m\xe4ke").encode("latin-1"))
    with pytest.raises(DataNotReadable, match="CSV UTF-8"):
        ReviewTable(tmp_path / "review.csv", [BLOND])
