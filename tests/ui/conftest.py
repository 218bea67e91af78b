"""A browser and a seeded daemon for each worker; a window for each test, which fails when something went wrong behind the scenes.

Of a test that fails there is a picture: `.cache/failed/NAME.png`.
"""

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.ui.browser import Visit, chromium, visit
from tests.ui.world import World

FAILED = Path(".cache/failed")
_report = pytest.StashKey[pytest.TestReport]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep the report where the window's fixture finds it."""
    made = yield
    if made.when == "call":
        item.stash[_report] = made
    return made


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A daemon in which something of everything has happened. Tests may add to it."""
    with World(tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium. It ends with the module: while Playwright drives it, no test of the same worker can run a loop of its own."""
    with chromium() as started:
        yield started


@pytest.fixture
def admin(browser: Browser, world: World, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """A window that is logged in as the admin; at its end nothing may have gone wrong in it."""
    with visit(browser, world.url, world.link()) as made:
        yield made
        report = request.node.stash.get(_report, None)
        if report is not None and report.failed:
            FAILED.mkdir(parents=True, exist_ok=True)
            made.page.screenshot(path=FAILED / f"{request.node.name}.png")
        assert made.flaws == []
