"""The review page in a real browser."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from chatedit.dialogue.belief_state import from_values
from chatedit.dialogue.dialogue_file import Act, read_dialogues
from chatedit.dialogue.ontology import OPEN_ONTOLOGY
from chatedit.eval.human.review_site import review_site
from chatedit.eval.human.review_table import ReviewTable
from chatedit.eval.review import import_csv
from playwright.sync_api import Locator, Page, expect
from small_dialogues import BLOND, STERN
from small_study import listening

DIALOGUES = [BLOND, STERN]


@dataclass(frozen=True)
class Review:
    url: str
    path: Path

    def imported(self):
        """What `chatedit data review import` makes of the table."""
        return import_csv(self.path.read_text(encoding="utf-8-sig"), DIALOGUES)


@pytest.fixture
def review(tmp_path: Path) -> Iterator[Review]:
    path = tmp_path / "review.csv"
    with listening(review_site(ReviewTable(path, DIALOGUES))) as url:
        yield Review(url, path)


def turn(page: Page, number: int) -> Locator:
    return page.get_by_role("article", name=f"Turn {number}")


def saved(page: Page) -> None:
    expect(page.get_by_role("status")).to_have_text("Saved")


def test_a_dialogue_is_ticked_and_the_next_one_follows(page: Page, review: Review):
    page.goto(review.url)
    page.get_by_role("link", name="Go on with number 1").click()
    for number in (1, 2, 3):
        turn(page, number).get_by_label("✓ correct").check()
    saved(page)
    assert review.imported() == (DIALOGUES, 3, 0, 2)
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("stern")
    page.get_by_role("link", name="All dialogues").click()
    expect(page.get_by_role("row", name="blond")).to_contain_text("done")
    expect(page.get_by_role("row", name="stern")).to_contain_text("open")


def test_corrected_values_follow_the_rules_and_carry_over_to_later_turns(page: Page, review: Review):
    page.goto(f"{review.url}/dialogues/1")
    first = turn(page, 1)
    first.get_by_text("Revise turn 1").click()
    first.get_by_role("checkbox", name="black hair", exact=True).check()  # a hair color replaces the other
    first.get_by_role("checkbox", name="lipstick", exact=True).check()
    expect(turn(page, 3)).to_contain_text("hair color: black hair; makeup: lipstick")
    expect(first.get_by_role("checkbox", name="blond hair", exact=True)).not_to_be_checked()
    expect(first.get_by_label("✗ wrong")).to_be_checked()
    states = [t.state for t in review.imported().dialogues[0].turns]
    assert states == [
        from_values(v)
        for v in (["black hair", "lipstick"], ["black hair", "lipstick", "bangs"], ["black hair", "lipstick"])
    ]


def test_taking_a_correction_back_leaves_no_trace_but_the_mark(page: Page, review: Review):
    page.goto(f"{review.url}/dialogues/1")
    first = turn(page, 1)
    first.get_by_text("Revise turn 1").click()
    first.get_by_role("checkbox", name="lipstick", exact=True).check()
    first.get_by_role("checkbox", name="lipstick", exact=True).uncheck()
    expect(first.get_by_role("alert")).to_contain_text("marked ✗, but nothing is revised")
    first.get_by_label("✓ correct").check()
    expect(first.get_by_role("alert")).to_have_count(0)
    assert review.imported() == (DIALOGUES, 1, 0, 4)


def test_words_and_acts_are_corrected(page: Page, review: Review):
    page.goto(f"{review.url}/dialogues/2")
    first = turn(page, 1)
    first.get_by_text("Revise turn 1").click()
    first.get_by_label("User says").fill("No smile and no beard, please.")
    first.get_by_label("System says").fill("Done. Pale skin?")
    first.get_by_label("System act").select_option("suggest pale skin")
    saved(page)
    page.reload()
    expect(first.get_by_label("User says")).to_have_value("No smile and no beard, please.")
    mended = review.imported().dialogues[1].turns[0]
    assert (mended.user, mended.system) == ("No smile and no beard, please.", "Done. Pale skin?")
    assert mended.act == Act("suggest", "makeup", "pale skin")


def test_what_breaks_the_rules_is_kept_told_and_not_exported(page: Page, review: Review):
    page.goto(f"{review.url}/dialogues/1")
    first = turn(page, 1)
    first.get_by_text("Revise turn 1").click()
    first.get_by_label("System act").select_option("suggest blond hair")
    expect(first.get_by_role("alert")).to_contain_text("repeats or contradicts the state")
    page.reload()
    expect(first.get_by_role("alert")).to_contain_text("repeats or contradicts the state")
    assert page.request.get(f"{review.url}/reviewed.jsonl").status == 409
    page.get_by_role("link", name="All dialogues").click()
    expect(page.get_by_role("row", name="blond")).to_contain_text("problem")


def test_typing_is_kept_without_leaving_the_field(page: Page, review: Review):
    page.goto(f"{review.url}/dialogues/1")
    turn(page, 1).get_by_text("Revise turn 1").click()
    turn(page, 1).get_by_label("User says").fill("blond, please")
    saved(page)
    assert review.imported().dialogues[0].turns[0].user == "blond, please"


def test_the_corrected_dialogues_are_exported_in_the_format_of_every_command(
    page: Page, review: Review, tmp_path: Path
):
    page.goto(f"{review.url}/dialogues/1")
    turn(page, 3).get_by_text("Revise turn 3").click()
    turn(page, 3).get_by_role("checkbox", name="bangs", exact=True).check()
    saved(page)
    page.goto(review.url)
    with page.expect_download() as download:
        page.get_by_role("link", name="the corrected dialogues").click()
    download.value.save_as(tmp_path / "reviewed.jsonl")
    exported = read_dialogues(tmp_path / "reviewed.jsonl", OPEN_ONTOLOGY)
    assert exported == review.imported().dialogues
    assert exported[0].turns[2].state == from_values(["blond hair", "bangs"])


def test_a_review_begun_in_a_spreadsheet_is_continued(page: Page, tmp_path: Path):
    path = tmp_path / "review.csv"
    ReviewTable(path, DIALOGUES).mark(0, 2, "right")
    text = path.read_text(encoding="utf-8-sig")
    path.write_text(
        "\ufeff" + "\r\n".join(line for line in text.splitlines() if ",stern," not in line), encoding="utf-8"
    )
    with listening(review_site(ReviewTable(path, DIALOGUES))) as url:
        page.goto(f"{url}/dialogues/1")
        expect(turn(page, 2).get_by_label("✓ correct")).to_be_checked()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_finding_of_axe_and_nothing_wider_than_a_phone(page: Page, review: Review, scheme):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 360, "height": 740})
    for path in ("/", "/dialogues/1"):
        page.goto(review.url + path)
        for summary in page.locator("summary").all():
            summary.click()
        found = Axe().run(page).response["violations"]
        assert [f["id"] for f in found if f["impact"] in ("serious", "critical")] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_no_other_site_can_use_it(page: Page, review: Review):
    url = f"{review.url}/dialogues/1/turns/1"
    assert page.request.get(review.url, headers={"Host": "evil.example"}).status == 400
    form = page.request.post(url, data='{"mark": "right"}', headers={"Content-Type": "text/plain"})
    assert form.status == 422
    assert not review.path.exists()
