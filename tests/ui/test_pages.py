"""Every page, in both colour schemes and on a phone: nothing goes wrong in it, everybody can use it, nothing sticks out."""

import pytest
from playwright.sync_api import Browser

from tests.ui.axe import serious
from tests.ui.browser import PHONE, Visit, visit
from tests.ui.places import PROVOKED, places
from tests.ui.screenshots import settle
from tests.ui.world import World

SIDEWAYS = "() => document.documentElement.scrollWidth - innerWidth"


def sweep(made: Visit, world: World) -> list[str]:
    """What is wrong with each page, one line for each fault."""
    made.expect_wrong(PROVOKED)
    found: list[str] = []
    for name, address in places(world).items():
        page = made.go(address)
        settle(page)
        heading = page.locator("main h1, main h2").count()
        found += [f"{name}: {flaw}" for flaw in made.flaws]
        found += [f"{name}: {fault}" for fault in serious(page)]
        found += [f"{name}: has no heading"] if not heading else []
        found += [f"{name}: is {wide} px too wide"] if (wide := page.evaluate(SIDEWAYS)) > 0 else []
        made.wrong.clear()
    return found


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_no_page_has_a_fault_on_a_desk(browser: Browser, world: World, dark: bool) -> None:
    """No console error, no failed request, no serious fault that axe finds, nothing to scroll sideways."""
    with visit(browser, world.url, world.link(), dark=dark) as made:
        assert sweep(made, world) == []


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_no_page_has_a_fault_on_a_phone(browser: Browser, world: World) -> None:
    """The same at 390 x 844."""
    with visit(browser, world.url, world.link(), size=PHONE) as made:
        assert sweep(made, world) == []
