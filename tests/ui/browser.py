"""Drive Debian's Chromium as a person would, and note all that a person would not see: errors in the console, requests that failed.

Rules
1. The browser is the machine's own (`chromium` of Debian, or what $CHROMIUM names); none is downloaded. A missing one fails, with the cure.
2. A page notes each console error, each uncaught error and each answer that is not good; `Visit.flawless` says that there was none.
3. What a request's end by the page itself looks like (ERR_ABORTED) is no failure.

Used by: conftest.py, screenshots.py.
"""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

BUILD = Path(__file__).parents[2] / "src" / "onbeat" / "static" / "index.html"
DESKTOP, PHONE = (1440, 900), (390, 844)
PATIENCE = 20_000
"""Milliseconds until something that does not come is missing; the machine may have much else to do."""
expect.set_options(timeout=PATIENCE)


class NoBrowser(RuntimeError):
    """Chromium, or the UI's build, is not there; the text says what to do."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, until the end of the block. Raises NoBrowser."""
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        raise NoBrowser("Chromium is not on this machine: sudo apt-get install -y --no-install-recommends chromium")
    if not BUILD.exists():
        raise NoBrowser("the web UI is not built: make ui")
    # Chromium has no sandbox of its own for root; what it loads here is ours.
    flags = ["--disable-dev-shm-usage", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=flags)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visit:
    """A browser's window, logged in, and what went wrong in it."""

    context: BrowserContext
    page: Page
    url: str
    wrong: list[str] = field(default_factory=list)
    expected: list[re.Pattern[str]] = field(default_factory=list)

    def go(self, address: str) -> Page:
        """Open a page of the app: `/executions?state=FAILED`."""
        self.page.goto(f"{self.url}/ui{address}")
        return self.page

    def expect_wrong(self, pattern: str) -> None:
        """Something that this test provokes: it is not held against the page."""
        self.expected.append(re.compile(pattern))

    @property
    def flaws(self) -> list[str]:
        """What went wrong and was not provoked."""
        return [each for each in self.wrong if not any(pattern.search(each) for pattern in self.expected)]


@contextmanager
def visit(
    browser: Browser, url: str, link: str | None, size: tuple[int, int] = DESKTOP, dark: bool = False, still: bool = True
) -> Iterator[Visit]:
    """A window of its own. link: logs it in. still: without motion."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce" if still else "no-preference",
        locale="en-GB",
        timezone_id="Europe/Zurich",
    )
    context.set_default_timeout(PATIENCE)
    made = Visit(context, context.new_page(), url)
    watch(made)
    try:
        if link is not None:
            made.page.goto(link)
            made.page.get_by_role("button").click()
            made.page.wait_for_url("**/ui/**")
        yield made
    finally:
        context.close()


def watch(made: Visit) -> None:
    """Note what goes wrong in the window."""
    page, wrong = made.page, made.wrong
    page.on(
        "console", lambda said: wrong.append(f"console: {said.text} ({said.location.get('url', '')})") if said.type == "error" else None
    )
    page.on("pageerror", lambda error: wrong.append(f"uncaught: {error}"))
    page.on(
        "requestfailed",
        lambda request: None if "ERR_ABORTED" in (request.failure or "") else wrong.append(f"failed: {request.url}: {request.failure}"),
    )
    page.on("response", lambda answer: wrong.append(f"status {answer.status}: {answer.url}") if answer.status >= 400 else None)
