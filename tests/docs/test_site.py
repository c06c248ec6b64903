"""The docs site builds without a warning, asks nobody for anything, and can be read by everyone."""

import runpy
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

ROOT = Path(__file__).parents[2]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return runpy.run_path(str(ROOT / "docs" / "build_site.py"))["build_site"](tmp_path_factory.mktemp("docs"))


def test_every_page_of_the_docs_is_in_the_site_and_in_its_menu(site: Path):
    menu = (ROOT / "docs" / "zensical.toml").read_text()
    for page in (ROOT / "docs").rglob("*.md"):
        name = page.relative_to(ROOT / "docs")
        assert (site / name.with_suffix(".html")).is_file()
        assert f'"{name}"' in menu


def test_the_reference_is_made_of_the_code(site: Path):
    text = (site / "reference" / "dialogue.html").read_text()
    assert "that attribute is as in the photo again (rule 5)" in text
    assert "UnknownValue" in text
    assert "chatedit compare trackers" in (site / "reference" / "commands.html").read_text()


def test_reading_asks_nobody_else_and_search_works(page: Page, site: Path):
    with served(site) as url:
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{url}/index.html")
        page.get_by_role("link", name="Concepts").first.click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Concepts")
        page.keyboard.press("/")
        page.keyboard.type("lipstick")
        page.wait_for_timeout(500)
        for name in ("concepts", "reference/dialogue"):
            page.goto(f"{url}/{name}.html", wait_until="networkidle")
        assert [one for one in asked if not one.startswith((url, "data:", "blob:"))] == []


@pytest.mark.parametrize("name", ["index", "concepts", "quick-start", "limits"])
def test_no_serious_finding_of_axe_in_what_we_wrote(page: Page, site: Path, name: str):
    with served(site) as url:
        page.goto(f"{url}/{name}.html")
        found = Axe().run(page, context=".md-content").response["violations"]
    assert [f["id"] for f in found if f["impact"] in ("serious", "critical")] == []
