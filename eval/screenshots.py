"""Pictures of the web page for the README, and how soon it answers: `python -m chatedit.eval.screenshots docs`.

Serves the page with Ray Serve as `chatedit serve` does, holds a conversation in a real browser, and prints how long the
page, the first preview and the edited picture took. Needs the extra `dev`.
"""

import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, Page

from ..serving.app_config import AppConfig
from ..serving.config import Settings
from ..serving.local_cluster import serving_here
from .chromium import running_chromium

PORT = 8766
WAIT_MS = 60_000
PORTRAIT = 1
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}


class Waits(NamedTuple):
    """Seconds until the page was ready, and from sending a wish to its first preview and to the edited picture."""

    page_s: float
    preview_s: float
    picture_s: float


def take_screenshots(folder: Path) -> Waits:
    """Write `page.png` (wide, light) and `page-phone.png` (narrow, dark)."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as home,
        serving_here(Settings(home=Path(home), port=PORT), AppConfig()) as (url, _),
        running_chromium() as browser,
    ):
        warm_up(browser, url)
        page = browser.new_page(viewport=DESKTOP, device_scale_factor=2)  # type: ignore[arg-type]
        waits = converse(page, url)
        show_both_halves(page)
        page.screenshot(path=folder / "page.png")
        phone = browser.new_page(
            viewport=PHONE,  # type: ignore[arg-type]
            device_scale_factor=2,
            color_scheme="dark",
            is_mobile=True,
            has_touch=True,
        )
        phone.goto(page.url)
        phone.locator("#suggestions button").first.wait_for()
        show_both_halves(phone)
        phone.screenshot(path=folder / "page-phone.png")
    return waits


def warm_up(browser: Browser, url: str) -> None:
    """The first turn of a service also loads what no later one loads."""
    page = browser.new_page()
    open_portrait(page, url, PORTRAIT + 1)
    say(page, "Make the hair gray.")
    page.close()


def converse(page: Page, url: str) -> Waits:
    """A conversation by words and by clicks."""
    page_s = open_portrait(page, url, PORTRAIT)
    preview_s, picture_s = say(page, "Make the hair blond.")
    say(page, "And a big smile, please!")
    page.locator("#palette button", has_text="rosy cheeks").click()
    settle(page)
    say(page, "Give her bangs, too.")
    return Waits(page_s, preview_s, picture_s)


def open_portrait(page: Page, url: str, number: int) -> float:
    """Start with a portrait; seconds until the page had shown all of them."""
    started = time.monotonic()
    page.goto(url)
    page.locator("#portraits li").nth(7).wait_for()
    page_s = time.monotonic() - started
    page.locator("#portraits button").nth(number).click()
    page.locator("#studio").wait_for(timeout=WAIT_MS)
    return page_s


def say(page: Page, words: str) -> tuple[float, float]:
    """Say something; seconds until the first preview, and until the picture."""
    page.locator("#words").fill(words)
    started = time.monotonic()
    page.keyboard.press("Enter")
    page.locator('#after[alt="The edit while it runs"]').wait_for(timeout=WAIT_MS)
    preview_s = time.monotonic() - started
    settle(page)
    return preview_s, time.monotonic() - started


def settle(page: Page) -> None:
    """Wait until the turn is over."""
    page.wait_for_timeout(100)
    page.locator("#working").wait_for(state="hidden", timeout=WAIT_MS)


def show_both_halves(page: Page) -> None:
    """Move the slider to where before and after are both seen."""
    page.locator("#split").evaluate("slider => { slider.value = 42; slider.dispatchEvent(new Event('input')) }")
    page.mouse.move(0, 0)
    page.locator("#log").evaluate("log => { log.scrollTop = log.scrollHeight }")
    page.wait_for_timeout(300)


if __name__ == "__main__":
    taken = take_screenshots(Path(sys.argv[1] if len(sys.argv) > 1 else "docs"))
    print(f"page ready after {taken.page_s:.2f} s")
    print(f"first preview {taken.preview_s:.2f} s after sending, edited picture after {taken.picture_s:.2f} s")
