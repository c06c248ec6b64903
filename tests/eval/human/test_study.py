import pytest
from chatedit.eval.human.answers import Answer, AnswerFolder
from chatedit.eval.human.errors import AnswersMismatch
from chatedit.eval.human.pairs import read_pairs
from chatedit.eval.human.study import items_for
from small_study import write_pairs

ONE = Answer("one", "left")


def test_sides_are_balanced_and_order_and_sides_differ_by_annotator_and_seed(tmp_path):
    pairs = read_pairs(write_pairs(tmp_path, 9))
    seen = [items_for(name, pairs, seed) for name, seed in (("ada", 0), ("bob", 0), ("ada", 1))]
    for items in seen:
        assert {item.pair.id for item in items} == {pair.id for pair in pairs}
        assert sum(item.left == "one" for item in items) in (4, 5)
    assert len({tuple((item.pair.id, item.left) for item in items) for items in seen}) == 3
    assert items_for("ada", pairs, 0) == seen[0]


def test_an_item_knows_who_stands_where(tmp_path):
    for item in items_for("ada", read_pairs(write_pairs(tmp_path)), 0):
        assert item.side("left").system == ("ours" if item.left == "one" else "theirs")
        assert item.place(item.choice("right")) == "right"


def test_the_last_answer_counts(tmp_path):
    folder = AnswerFolder(tmp_path / "answers", "f")
    folder.add("ada", "p", "humanness", ONE)
    folder.add("ada", "p", "humanness", Answer("other", "right"))
    assert folder.read("ada") == {("p", "humanness"): Answer("other", "right")}
    assert folder.annotators() == ["ada"]
    assert folder.read("bob") == {}


@pytest.mark.parametrize("cut", [1, 30, 200])
def test_a_line_that_a_crash_cut_off_is_not_answered_and_does_not_spoil_the_next(tmp_path, cut):
    folder = AnswerFolder(tmp_path, "f")
    folder.add("ada", "p", "humanness", ONE)
    path = tmp_path / "ada.jsonl"
    path.write_bytes(path.read_bytes()[:-cut])
    assert folder.read("ada") == {}
    folder.add("ada", "q", "humanness", ONE)
    assert folder.read("ada") == {("q", "humanness"): ONE}


def test_answers_to_other_pairs_are_refused(tmp_path):
    AnswerFolder(tmp_path, "f").add("ada", "p", "humanness", ONE)
    with pytest.raises(AnswersMismatch, match="other pairs"):
        AnswerFolder(tmp_path, "g").read("ada")


@pytest.mark.parametrize("name", ["", "../ada", "a/b", "-x", "a" * 41])
def test_names_cannot_leave_the_folder(tmp_path, name):
    with pytest.raises(ValueError, match="no name"):
        AnswerFolder(tmp_path, "f").add(name, "p", "humanness", ONE)
