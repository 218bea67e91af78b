"""Go through many pages: in several windows, for most of the time that a page takes is waiting until nothing moves in it any more.

Used by: test_pages.py, test_access.py, test_scripts.py.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import islice

from playwright.sync_api import Browser

from tests.ui.browser import DESKTOP, Visit, visit
from tests.ui.places import PROVOKED
from tests.ui.screenshots import watch_settling
from tests.ui.world import World

WINDOWS = 4


@contextmanager
def windows(
    browser: Browser, world: World, size: tuple[int, int] = DESKTOP, dark: bool = False, log_in: Callable[[Visit], None] | None = None
) -> Iterator[list[Visit]]:
    """Windows in which the admin is logged in, or whom `log_in` logs in."""
    with ExitStack() as stack:
        several = [stack.enter_context(visit(browser, world.url, None if log_in else world.link(), size, dark)) for _ in range(WINDOWS)]
        for made in several:
            made.expect_wrong(PROVOKED)
            if log_in is not None:
                log_in(made)
        yield several


def opened(several: list[Visit], places: Mapping[str, str]) -> Iterator[tuple[Visit, str]]:
    """Each of the pages, by name, in the window in which it is, once nothing moves in it. What went wrong in it is forgotten after."""
    left = iter(places)
    while names := list(islice(left, len(several))):
        batch = list(zip(several, names, strict=False))
        for made, name in batch:
            watch_settling(made.go(places[name]))
        for made, name in batch:
            made.page.evaluate("window.settled")
            yield made, name
            made.wrong.clear()
