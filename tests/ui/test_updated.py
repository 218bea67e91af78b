"""The server is updated, or away, while a page is open: what the page still has to load is of the version before, or does not come."""

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.ui.browser import Visit, visit
from tests.ui.world import World

GONE = r"status 404: .*/assets/|console: .*(Failed to load resource|Refused to apply style|preload CSS|dynamically imported)"


def lose(page: Page, part: str, *kinds: str) -> None:
    """From now on the server has another version than the page; until the page is loaded anew."""

    def answer(route: Route) -> None:
        route.fulfill(status=404, content_type="application/problem+json", body="{}")

    for kind in kinds:
        page.route(f"**/assets/{part}-*.{kind}", answer)
    page.once("load", lambda: page.unroute_all(behavior="ignoreErrors"))


@pytest.mark.parametrize("kinds", [("css",), ("js", "css")])
def test_a_page_of_another_version_is_loaded_anew(admin: Visit, kinds: tuple[str, ...]) -> None:
    """Whether its script is missing or only its styles: once, by itself, and it is there."""
    page = admin.go("/executions")
    expect(page.locator("[data-key]").first).to_be_visible()
    admin.expect_wrong(GONE)
    lose(page, "FlowsPage", *kinds)
    page.get_by_role("link", name="Flows", exact=True).click()
    expect(page.get_by_role("heading", name="Flows")).to_be_visible()
    expect(page.get_by_role("link", name="charge").first).to_be_visible()


def test_a_missing_part_within_a_page_says_so(admin: Visit, world: World) -> None:
    """Nothing is loaded anew behind somebody's back: there is a button for it."""
    page = admin.go(f"/executions/{world.executions['order']}")
    expect(page.get_by_role("tab", name="Topology")).to_be_visible()
    admin.expect_wrong(GONE)
    lose(page, "Topology", "js", "css")
    page.get_by_role("tab", name="Topology").click()
    expect(page.get_by_role("heading", name="onbeat has been updated")).to_be_visible()
    page.get_by_role("button", name="Load the page anew").click()
    expect(page.locator("[data-item]").first).to_be_visible()


def test_a_page_that_cannot_be_had_is_asked_for_again(browser: Browser, world: World) -> None:
    """While the server is away that is what is said; when it is back the page comes by one press."""
    with visit(browser, world.url, world.link()) as made:
        page = made.go("/executions")
        expect(page.locator("[data-key]").first).to_be_visible()
        made.context.set_offline(True)
        page.get_by_role("link", name="Flows", exact=True).click()
        expect(page.get_by_text("The server cannot be reached")).to_be_visible()
        made.context.set_offline(False)
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_role("heading", name="Flows")).to_be_visible()
