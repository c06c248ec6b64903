"""The page of the comparison in a real browser."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from chatedit.eval.human.answers import AnswerFolder
from chatedit.eval.human.judging_site import judging_site
from chatedit.eval.human.pairs import Pair, fingerprint, read_pairs
from chatedit.eval.human.study import QUESTIONS, items_for
from playwright.sync_api import Page, expect
from small_study import listening, write_pairs


@dataclass(frozen=True)
class Study:
    url: str
    pairs: list[Pair]
    answers: AnswerFolder
    folder: Path


@pytest.fixture
def study(tmp_path: Path) -> Iterator[Study]:
    pairs = read_pairs(write_pairs(tmp_path))
    answers = AnswerFolder(tmp_path / "answers", fingerprint(pairs))
    with listening(judging_site(pairs, answers, seed=3)) as url:
        yield Study(url, pairs, answers, tmp_path)


def begin(page: Page, study: Study, name: str = "ada") -> None:
    page.goto(study.url)
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button").click()


def answer_all(page: Page, place: str) -> None:
    for question in QUESTIONS:
        page.get_by_role("group", name=question.text).get_by_label(place).check()
    expect(page.get_by_role("status")).to_have_text("Saved; all questions answered")


def test_an_annotator_judges_all_pairs_and_the_systems_behind_the_sides_are_kept(page: Page, study: Study):
    begin(page, study)
    for number in range(1, 4):
        expect(page.get_by_role("heading", level=1)).to_have_text(f"Pair {number} of 3")
        answer_all(page, "Left")
        page.get_by_role("link", name="Next pair" if number < 3 else "Finish").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("All answered. Thank you!")
    kept = study.answers.read("ada")
    for item in items_for("ada", study.pairs, seed=3):
        assert {kept[item.pair.id, q.name].choice for q in QUESTIONS} == {item.left}


def test_every_click_is_on_the_disk_and_the_page_resumes_where_it_was_left(page: Page, study: Study):
    begin(page, study)
    answer_all(page, "Right")
    page.get_by_role("link", name="Next pair").click()
    page.get_by_role("group", name=QUESTIONS[1].text).get_by_label("Left").check()
    expect(page.get_by_role("status")).to_have_text("Saved; 3 of the questions open")
    assert len(study.answers.read("ada")) == 5

    begin(page, study)
    expect(page.get_by_role("heading", level=1)).to_have_text("Pair 2 of 3")
    expect(page.get_by_role("group", name=QUESTIONS[1].text).get_by_label("Left")).to_be_checked()
    expect(page.get_by_role("group", name=QUESTIONS[0].text).get_by_label("Left")).not_to_be_checked()
    page.get_by_role("link", name="Back").click()
    expect(page.get_by_role("group", name=QUESTIONS[0].text).get_by_label("Right")).to_be_checked()


def test_a_changed_mind_counts_and_annotators_do_not_see_each_other(page: Page, study: Study):
    begin(page, study)
    answer_all(page, "Left")
    answer_all(page, "Right")
    [first, *_] = items_for("ada", study.pairs, seed=3)
    assert study.answers.read("ada")[first.pair.id, "humanness"].place == "right"
    begin(page, study, "bob")
    assert page.get_by_role("radio", checked=True).count() == 0


def test_the_keyboard_alone_suffices(page: Page, study: Study):
    page.goto(study.url)
    page.keyboard.press("Tab")
    page.keyboard.type("ada")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Pair 1 of 3")
    for _ in QUESTIONS:
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        page.keyboard.press("ArrowRight")
    expect(page.get_by_role("status")).to_have_text("Saved; all questions answered")
    assert {answer.place for answer in study.answers.read("ada").values()} == {"right"}


def test_a_click_while_the_program_is_down_is_kept_when_it_is_back(page: Page, study: Study):
    begin(page, study)
    page.route("**/answers", lambda route: route.abort())
    page.get_by_role("group", name=QUESTIONS[0].text).get_by_label("Left").check()
    expect(page.get_by_role("status")).to_contain_text("Not saved: the program does not answer")
    page.unroute("**/answers")
    expect(page.get_by_role("status")).to_have_text("Saved; 3 of the questions open")
    assert len(study.answers.read("ada")) == 1


def test_the_browser_learns_nothing_about_the_systems_and_asks_nobody_else(page: Page, study: Study):
    hosts, bodies = set(), []

    def seen(response) -> None:
        hosts.add(response.url.split("/")[2])
        if response.status == 200:
            bodies.append(response.body())

    page.on("response", seen)
    begin(page, study)
    answer_all(page, "Left")
    page.wait_for_load_state("networkidle")
    assert hosts == {study.url.removeprefix("http://")}
    told = b"".join(bodies).lower()
    assert b"ours" not in told
    assert b"theirs" not in told


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_finding_of_axe_and_nothing_wider_than_a_phone(page: Page, study: Study, scheme):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 360, "height": 740})
    for path in ("/", "/judge/ada/1", "/judge/ada"):
        page.goto(study.url + path)
        found = Axe().run(page).response["violations"]
        assert [f["id"] for f in found if f["impact"] in ("serious", "critical")] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_what_is_written_is_a_line_for_each_click(page: Page, study: Study):
    begin(page, study)
    answer_all(page, "Left")
    head, *lines = (study.folder / "answers" / "ada.jsonl").read_text().splitlines()
    assert json.loads(head) == {"pairs": fingerprint(study.pairs)}
    assert [json.loads(line)["question"] for line in lines] == [question.name for question in QUESTIONS]
