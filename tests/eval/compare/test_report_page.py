"""The HTML report in a real browser."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from chatedit.eval.compare.comparison import compare
from chatedit.eval.compare.report_files import write_report
from playwright.sync_api import Page, expect
from small_runs import CAREFUL, DIALOGUES, FAILING, PERFECT


@pytest.mark.parametrize("width", [360, 1280])
def test_the_report_shows_plots_and_tables_needs_nothing_else_and_fits_a_phone(page: Page, tmp_path, width):
    write_report(compare([CAREFUL, FAILING, PERFECT], DIALOGUES), tmp_path, "Trackers", {"date": "today"})
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_viewport_size({"width": width, "height": 800})
    page.goto((tmp_path / "report.html").as_uri())
    expect(page.get_by_role("img", name="Joint accuracy, with 95 % intervals")).to_be_visible()
    expect(page.get_by_role("rowheader", name="careful").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert asked == [(tmp_path / "report.html").as_uri()]
    found = Axe().run(page).response["violations"]
    assert [f["id"] for f in found if f["impact"] in ("serious", "critical")] == []
