"""Somebody logs in by a provider, as browsers do it: on another site, and back."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest
from playwright.sync_api import Browser, expect

from onbeat.clock import SystemClock
from tests.services.oidc import CLIENT, SECRET, Provider
from tests.ui.browser import Visit, visit
from tests.ui.test_access import ASKED_WHO
from tests.ui.world import World


@contextmanager
def provider() -> Iterator[str]:
    """A provider at work, on a thread with a loop of its own; its address."""
    loop, stop, started = asyncio.new_event_loop(), asyncio.Event(), Event()
    made = Provider(SystemClock())

    async def serve() -> None:
        async with made:
            started.set()
            await stop.wait()

    thread = Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert started.wait(30)
        yield made.issuer
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A daemon with a provider. To the browser the two are different sites."""
    with provider() as issuer:
        env = {
            "ONBEAT_OIDC_ISSUER": issuer,
            "ONBEAT_OIDC_CLIENT_ID": CLIENT,
            "ONBEAT_OIDC_CLIENT_SECRET": SECRET,
            "ONBEAT_OIDC_ROLE": "viewer",
        }
        world = World(tmp_path_factory.mktemp("provided"), env)
        world.daemon.start()
        try:
            yield world.url.replace("127.0.0.1", "localhost")
        finally:
            world.daemon.close()


def to_the_provider(made: Visit) -> None:
    """By the button below the form."""
    made.expect_wrong(ASKED_WHO)
    page = made.go("/flows?q=charge")
    page.get_by_role("link", name="Log in by your provider").click()
    expect(page).to_have_title("A provider")


def test_log_in_by_a_provider(browser: Browser, url: str) -> None:
    """One comes back to the page that was asked for, as whom the provider says, and stays logged in."""
    with visit(browser, url, None) as made:
        to_the_provider(made)
        page = made.page
        page.get_by_role("link", name="Log in as Ada").click()
        page.wait_for_url("**/ui/flows?q=charge")
        expect(page.get_by_role("heading", name="Flows")).to_be_visible()
        expect(page.get_by_text("ada@example.org").first).to_be_visible()
        made.go("/executions")
        expect(page.get_by_role("heading", name="Executions")).to_be_visible()
        assert made.flaws == []


def test_a_refused_login_is_told_and_can_be_tried_again(browser: Browser, url: str) -> None:
    """On a page of ours, not as what programs read."""
    with visit(browser, url, None) as made:
        to_the_provider(made)
        page = made.page
        made.expect_wrong(r"status 401: .*/oidc/callback|console: Failed to load resource.*401")
        page.get_by_role("link", name="No").click()
        expect(page.get_by_text("You are not logged in: the provider refused the login.")).to_be_visible()
        page.get_by_role("link", name="Try again").click()
        expect(page).to_have_title("A provider")
        page.get_by_role("link", name="Log in as Ada").click()
        page.wait_for_url("**/ui/flows?q=charge")
        assert made.flaws == []
