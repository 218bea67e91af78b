"""Who may only look sees everything and is offered nothing that the server would refuse."""

import pytest
from playwright.sync_api import Browser, expect

from tests.ui.browser import Visit, visit
from tests.ui.places import places
from tests.ui.sweep import opened, windows
from tests.ui.world import PASSWORD, World

ASKED_WHO = r"status 401: .*/me$|console: Failed to load resource.*401"
"""Before somebody is logged in the page asks who it is: nobody."""


def log_in(made: Visit, name: str, password: str = PASSWORD) -> None:
    """By the form, at whichever address."""
    made.expect_wrong(ASKED_WHO)
    page = made.page
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Log in").click()


def as_vera(made: Visit) -> None:
    """Who may only look."""
    page = made.go("/flows")
    log_in(made, "vera")
    expect(page.get_by_role("heading", name="Flows")).to_be_visible()


def test_a_wrong_password_is_told_and_the_name_stays(browser: Browser, world: World) -> None:
    """The right one then leads to the page that was asked for."""
    with visit(browser, world.url, None) as made:
        page = made.go("/flows")
        made.expect_wrong(r"status 401: .*/login$")
        log_in(made, "vera", "wrong")
        expect(page.get_by_role("alert")).to_be_visible()
        assert page.get_by_label("Name").input_value() == "vera"
        log_in(made, "vera")
        expect(page.get_by_role("heading", name="Flows")).to_be_visible()
        assert made.flaws == []


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_viewer_meets_no_refusal(browser: Browser, world: World) -> None:
    """Every page: nothing was asked that he may not, and no button is there for what he may not."""
    found = []
    with windows(browser, world, log_in=as_vera) as several:
        for made, name in opened(several, places(world)):
            found += [f"{name}: {flaw}" for flaw in made.flaws]
            for word in ("Run", "Restart", "Replay", "Kill", "Save", "New flow", "New value", "New user", "Publish", "Delete"):
                here = made.page.locator("main").get_by_role("button", name=word, exact=True)
                found += [f"{name}: offers {word}"] if here.count() else []
    assert found == []


def test_who_is_logged_out_elsewhere_keeps_what_he_wrote(browser: Browser, world: World) -> None:
    """The session ends while somebody writes: he is asked to log in over his page, and what he wrote is still there."""
    with visit(browser, world.url, None) as made:
        page = made.go("/flows/shop.payments/hook?tab=editor")
        log_in(made, "edda")
        field = page.locator(".cm-content").first
        field.click()
        page.keyboard.press("Control+End")
        page.keyboard.insert_text("# a thought")
        made.context.clear_cookies()
        made.expect_wrong("401")
        page.keyboard.insert_text(" and another")  # it is checked while he writes: the check is refused
        dialog = page.get_by_role("dialog")
        expect(dialog).to_be_visible()
        dialog.get_by_label("Password", exact=True).fill(PASSWORD)
        dialog.get_by_role("button", name="Log in").click()
        expect(dialog).to_be_hidden()
        expect(field).to_contain_text("# a thought and another")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Revision 2").or_(page.get_by_text("revision 2")).first).to_be_visible()
        assert made.flaws == []
