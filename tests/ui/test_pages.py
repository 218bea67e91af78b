"""Every page, in both colour schemes and on a phone: nothing goes wrong in it, everybody can use it, nothing sticks out."""

from collections.abc import Sequence
from typing import Literal

import pytest
from playwright.sync_api import Browser, expect

from tests.ui.axe import serious
from tests.ui.browser import DESKTOP, PHONE
from tests.ui.places import places
from tests.ui.sweep import opened, windows
from tests.ui.world import World

Scheme = Literal["light", "dark"]
SIDEWAYS = "() => document.documentElement.scrollWidth - innerWidth"


def sweep(browser: Browser, world: World, size: tuple[int, int], schemes: Sequence[Scheme]) -> list[str]:
    """What is wrong with each page, one line for each fault. It opens in the first of the colour schemes, and changes to the other."""
    found: list[str] = []
    with windows(browser, world, size, dark=schemes[0] == "dark") as several:
        for made, name in opened(several, places(world)):
            heading = made.page.locator("main h1, main h2").count()
            found += [f"{name}: has no heading"] if not heading else []
            found += [f"{name}: is {wide} px too wide"] if (wide := made.page.evaluate(SIDEWAYS)) > 0 else []
            for scheme in schemes:
                made.page.emulate_media(color_scheme=scheme)
                expect(made.page.locator("html")).to_have_attribute("data-mantine-color-scheme", scheme)
                found += [f"{name}, {scheme}: {fault}" for fault in serious(made.page)]
            found += [f"{name}: {flaw}" for flaw in made.flaws]
            made.page.emulate_media(color_scheme=schemes[0])
    return found


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_no_page_has_a_fault_on_a_desk(browser: Browser, world: World) -> None:
    """No console error, no failed request, no serious fault that axe finds, nothing to scroll sideways; light and dark."""
    assert sweep(browser, world, DESKTOP, ("light", "dark")) == []


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_no_page_has_a_fault_on_a_phone(browser: Browser, world: World) -> None:
    """The same at 390 x 844."""
    assert sweep(browser, world, PHONE, ("light",)) == []
