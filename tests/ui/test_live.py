"""What happens is seen while it happens, in every tab, over one connection."""

import pytest
from playwright.sync_api import Browser, expect

from tests.ui.browser import Visit, visit
from tests.ui.world import World


def test_an_execution_started_elsewhere_appears_without_reload(admin: Visit, world: World) -> None:
    """The list follows the journal."""
    page = admin.go("/executions")
    expect(page.locator("[data-key]").first).to_be_visible()
    page.mouse.move(2, 2)
    id = world.start("shop.payments.charge", "SUCCESS", bank="answers")
    expect(page.locator(f'[data-key="{id}"]')).to_be_visible()
    expect(page.locator(f'[data-key="{id}"] [data-state="SUCCESS"]')).to_be_visible()


def test_rows_do_not_move_under_the_pointer(admin: Visit, world: World) -> None:
    """While the pointer is over the list new rows wait, and how many they are can be pressed."""
    page = admin.go("/executions")
    first = page.locator("[data-key]").first
    expect(first).to_be_visible()
    before = first.get_attribute("data-key")
    first.hover()
    id = world.start("shop.payments.charge", "SUCCESS", bank="answers")
    more = page.get_by_role("button", name="1 new")
    expect(more).to_be_visible()
    assert page.locator("[data-key]").first.get_attribute("data-key") == before
    more.click()
    expect(page.locator(f'[data-key="{id}"]')).to_be_visible()


def test_all_tabs_of_a_browser_share_one_connection(browser: Browser, world: World) -> None:
    """A browser has six connections for a server: ten tabs with live pages do not use them up."""
    with visit(browser, world.url, world.link()) as made:
        tabs = [made.page, *(made.context.new_page() for _ in range(9))]
        for tab in tabs:
            tab.goto(f"{world.url}/ui/executions")
        for tab in tabs:
            expect(tab.locator("[data-key]").first).to_be_visible()
        id = world.start("shop.payments.charge", "SUCCESS", bank="answers")
        for tab in tabs:
            expect(tab.locator(f'[data-key="{id}"]')).to_be_visible()


def test_a_lost_connection_is_said_and_comes_back(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The daemon is killed and started again: the page says so, keeps what it shows, and follows again by itself."""
    with World(tmp_path_factory.mktemp("killed")) as own, visit(browser, own.url, own.link()) as made:
        page = made.go("/executions")
        row = page.locator("[data-key]").first
        expect(row).to_be_visible()
        own.daemon.kill()
        expect(page.get_by_text("Reconnecting").first).to_be_visible()
        expect(row).to_be_visible()
        own.daemon.start()
        expect(page.locator('[data-status="live"]').first).to_be_visible()
        id = own.start("shop.payments.charge", "SUCCESS", bank="answers")
        expect(page.locator(f'[data-key="{id}"]')).to_be_visible()
