import json

import pytest
from chatedit.cli import app
from chatedit.eval.human.answers import Answer, AnswerFolder
from chatedit.eval.human.pairs import fingerprint, read_pairs
from chatedit.eval.human.study import QUESTIONS
from small_study import write_pairs
from typer.testing import CliRunner


def run(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments], env={"COLUMNS": "140"})


@pytest.fixture
def judged(tmp_path):
    """Three pairs that three people answered: `ours` wins each question twice."""
    path = write_pairs(tmp_path)
    pairs = read_pairs(path)
    answers = AnswerFolder(tmp_path / "pairs-answers", fingerprint(pairs))
    for name in ("ada", "bob", "eve"):
        for number, pair in enumerate(pairs):
            for question in QUESTIONS:
                is_ours = number < 2 and not (name == "eve" and number == 1)
                answers.add(name, pair.id, question.name, Answer("one" if is_ours else "other", "left"))
    return path


def test_the_report_tells_wins_kappa_and_how_often_left_was_chosen(judged):
    done = run("eval", "human", "report", judged)
    assert done.exit_code == 0, done.output
    assert "ours against theirs: 3 pairs, 3 annotators" in done.output
    rows = [line for line in done.output.splitlines() if "humanness" in line]
    assert [cell.strip() for cell in rows[0].split("│")[1:-1]] == [
        "humanness",
        "2",
        "1",
        "0",
        "0",
        "1.000",
        "1.00",
        "0.55",
        "3 x 3",
    ]
    assert "the paper reports 0.26" in done.output


def test_the_report_as_json(judged):
    told = json.loads(run("eval", "human", "report", judged, "--json").output)
    assert told["annotators"] == ["ada", "bob", "eve"]
    assert {q["wins_one"] for q in told["questions"]} == {2}
    assert told["mean_kappa"] == pytest.approx(0.55)


def test_a_study_without_answers_or_with_those_of_another_is_told(judged, tmp_path):
    empty = run("eval", "human", "report", judged, "--answers", tmp_path / "nothing")
    assert (empty.exit_code, "holds no answers yet" in " ".join(empty.output.split())) == (1, True)
    judged.write_text(judged.read_text().replace("Done.", "Ready."))
    other = run("eval", "human", "report", judged)
    assert (other.exit_code, "answers to other pairs" in " ".join(other.output.split())) == (1, True)
