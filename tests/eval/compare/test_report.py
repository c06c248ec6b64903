import csv
import io
import json
from html.parser import HTMLParser

import pytest
from chatedit.dialogue.dialogue_file import Dialogue, Turn
from chatedit.eval.compare.comparison import compare
from chatedit.eval.compare.provenance import provenance
from chatedit.eval.compare.report_files import write_report
from chatedit.eval.compare.report_tables import EXAMPLES, examples
from chatedit.eval.compare.run import Run
from small_dialogues import BLOND
from small_runs import CAREFUL, DIALOGUES, FAILING, PERFECT, said

SOURCE = {"date": "today", "command": "chatedit <compare>"}
VOID = {"meta", "br", "hr", "link", "img", "input"}


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    write_report(compare([CAREFUL, FAILING, PERFECT], DIALOGUES), folder, "Trackers", SOURCE)
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


class Page(HTMLParser):
    """Checks that tags close, and collects text and tags."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.text = [], [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_all_forms_are_written_and_nothing_else(report):
    assert set(report) == {"report.md", "report.html", "report.json", "summary.csv", "turns.csv"}


def test_trackers_of_one_name_both_show_their_examples(tmp_path):
    write_report(compare([CAREFUL, CAREFUL], DIALOGUES), tmp_path, "Trackers", SOURCE)
    assert (tmp_path / "report.html").read_text(encoding="utf-8").count("<details") == 2


def test_markdown_has_every_table_with_the_numbers(report):
    for heading in ("Accuracy", "Pairs", "By turn", "By kind of turn", "Errors", "Failures", "Latency and cost"):
        assert f"## {heading}\n" in report["report.md"]
    assert "| careful | 40.0 |" in report["report.md"]
    assert "| careful / perfect | -60.0 |" in report["report.md"]
    assert "| failing | 40.0 | 40.0 | not known | not known | not known | not known | a note |" in report["report.md"]
    assert "timeout | 0 of 0 | 1 of 2 |" in report["report.md"]
    assert "### wrong value\n- blond, turn 1" in report["report.md"]


def test_the_page_is_whole_shows_plots_and_needs_nothing_from_elsewhere(report):
    page = Page(report["report.html"])
    assert page.open == []
    assert page.tags.count("svg") == 5
    assert not {"script", "link", "img"} & set(page.tags)
    assert "careful / perfect" in page.text
    assert "Joint accuracy by kind of turn" in page.text


def test_what_users_and_models_wrote_cannot_break_the_page(report):
    assert "<b>told</b>" not in report["report.html"]
    assert "<b>told</b>" in Page(report["report.html"]).text
    assert "\\<b\\>told" in report["report.md"]


def test_a_pipe_in_the_words_does_not_break_a_table(tmp_path):
    odd = Dialogue("a|b", "", (), (Turn("x | y\n\n# z", {}),))
    write_report(compare([Run("one|two", ((said("bangs"),),))], [odd]), tmp_path, "T", {})
    text = (tmp_path / "report.md").read_text()
    assert "| one\\|two |" in text
    assert "user: x \\| y \\# z" in text


def test_json_and_csv_hold_the_same_numbers(report):
    scores = json.loads(report["report.json"])["trackers"]
    rows = list(csv.DictReader(io.StringIO(report["summary.csv"])))
    assert [float(row["joint_accuracy"]) for row in rows] == [s["joint_accuracy"]["mean"] for s in scores]
    assert rows[0]["errors: wrong value"] == "1"
    assert rows[1]["usd"] == ""


def test_a_row_a_turn_tells_everything_about_it(report):
    rows = list(csv.DictReader(io.StringIO(report["turns.csv"])))
    assert len(rows) == 3 * 5
    assert rows[0] | {} == {
        "tracker": "careful", "dialogue": "blond", "turn": "1", "kind": "asks for one value", "file_kind": "request",
        "system": "", "user": "make her blond", "gold": "hair color: blond hair", "predicted": "hair color: black hair",
        "right": "0", "errors": "wrong value hair color black hair blond hair", "failure": "", "why": "",
        "latency_ms": "10.0", "tokens_in": "100", "tokens_out": "10", "usd": "0.5",
    }  # fmt: skip


def test_the_same_numbers_give_the_same_bytes(report, tmp_path):
    write_report(compare([CAREFUL, FAILING, PERFECT], DIALOGUES), tmp_path, "Trackers", SOURCE)
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == report


def test_examples_are_the_first_of_each_class_from_different_dialogues():
    many = [Dialogue(str(i), "", (), BLOND.turns) for i in range(9)]
    run = Run("r", tuple((said(), said("bangs"), said("blond hair", "sad")) for _ in many))
    found = dict(examples(compare([run], many).trackers[0]))
    assert {kind: [turn.dialogue for turn in turns] for kind, turns in found.items()} == {
        "missed": ["0", "1", "2"],
        "spurious": ["0", "1", "2"],
    }
    assert len(found["missed"]) == EXAMPLES


def test_keys_are_not_told_in_a_report():
    told = provenance(["chatedit", "--api-key", "secret", "-t", "t5", "--api-key=secret"])
    assert told["command"] == "chatedit -t t5"
