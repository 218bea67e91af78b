"""A browser and a seeded daemon for each worker; a window for each test, which fails when something went wrong behind the scenes."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.ui.browser import Visit, chromium, visit
from tests.ui.world import World


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A daemon in which something of everything has happened. Tests may add to it."""
    with World(tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    with chromium() as started:
        yield started


@pytest.fixture
def admin(browser: Browser, world: World) -> Iterator[Visit]:
    """A window that is logged in as the admin; at its end nothing may have gone wrong in it."""
    with visit(browser, world.url, world.link()) as made:
        yield made
        assert made.flaws == []
