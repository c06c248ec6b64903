"""A Chromium for tests and pictures of web pages: found, or installed where there is none. Needs the extra `dev`."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright

VARIABLE = "CHATEDIT_CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
INSTALL_S = 600
FLAGS = [
    "--no-sandbox",  # root, as in containers, cannot have one; the pages are our own
    "--disable-dev-shm-usage",  # containers have 64 MB of it
    "--use-fake-device-for-media-stream",  # a camera for those that have none
    "--use-fake-ui-for-media-stream",
]


class NoChromium(Exception):
    """There is no browser, and none could be installed."""

    def __str__(self) -> str:
        return f"no Chromium: install one (`playwright install chromium`), or give its path in {VARIABLE}"


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """A headless Chromium.

    While it is open, `asyncio.run` cannot be used in this thread (Playwright's loop is running in it).
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(playwright), args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def chromium(playwright: Playwright) -> str:
    """Path of an executable: that of `CHATEDIT_CHROMIUM`, the system's, Playwright's, or one that is installed now.

    Raises:
        NoChromium: there is none, and nothing that was tried installs one.
    """
    if found := _found(playwright):
        return found
    for install in (_from_playwright, _from_debian):
        install()
        if found := _found(playwright):
            return found
    raise NoChromium


def _found(playwright: Playwright) -> str | None:
    if given := os.environ.get(VARIABLE):
        return given
    if path := next(filter(None, map(shutil.which, NAMES)), None):
        return path
    own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


def _from_playwright() -> None:
    """Its own download server, which closed networks do not reach."""
    _try(["playwright", "install", "chromium", *(["--with-deps"] if _can_use_apt() else [])])


def _from_debian() -> None:
    """Debian's package, from whatever mirror the machine uses."""
    if _can_use_apt():
        _try(["apt-get", "update"])
        _try(["apt-get", "install", "--yes", "--no-install-recommends", "chromium"])


def _can_use_apt() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def _try(command: list[str]) -> None:
    beside = Path(sys.executable).with_name(command[0])  # of this virtual environment
    program = str(beside) if beside.exists() else shutil.which(command[0])
    if program is not None:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run([program, *command[1:]], env=environment, timeout=INSTALL_S, capture_output=True, check=False)
