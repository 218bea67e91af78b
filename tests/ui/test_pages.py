"""Every page, in both colour schemes and on a phone: nothing goes wrong in it, everybody can use it, nothing sticks out."""

import pytest
from playwright.sync_api import Browser

from tests.ui.axe import serious
from tests.ui.browser import DESKTOP, PHONE
from tests.ui.places import places
from tests.ui.sweep import opened, windows
from tests.ui.world import World

SIDEWAYS = "() => document.documentElement.scrollWidth - innerWidth"


def sweep(browser: Browser, world: World, size: tuple[int, int] = DESKTOP, dark: bool = False) -> list[str]:
    """What is wrong with each page, one line for each fault."""
    found: list[str] = []
    with windows(browser, world, size, dark) as several:
        for made, name in opened(several, places(world)):
            heading = made.page.locator("main h1, main h2").count()
            found += [f"{name}: {flaw}" for flaw in made.flaws]
            found += [f"{name}: {fault}" for fault in serious(made.page)]
            found += [f"{name}: has no heading"] if not heading else []
            found += [f"{name}: is {wide} px too wide"] if (wide := made.page.evaluate(SIDEWAYS)) > 0 else []
    return found


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_no_page_has_a_fault_on_a_desk(browser: Browser, world: World, dark: bool) -> None:
    """No console error, no failed request, no serious fault that axe finds, nothing to scroll sideways."""
    assert sweep(browser, world, dark=dark) == []


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_no_page_has_a_fault_on_a_phone(browser: Browser, world: World) -> None:
    """The same at 390 x 844."""
    assert sweep(browser, world, PHONE) == []
