"""A flow drawn: what its tasks lead to."""

from playwright.sync_api import expect

from tests.ui.browser import Visit
from tests.ui.world import World


def test_a_subflow_is_drawn_within_and_folded_again(admin: Visit) -> None:
    """Its tasks lead to its own page; what is drawn is in the address."""
    page = admin.go("/flows/shop.stock/supply")
    page.get_by_role("button", name="first").click()
    panel = page.get_by_role("complementary", name="Task first")
    panel.get_by_role("button", name="Draw it here").click()
    inner = page.locator('[data-item="root.first.prepare"]')
    expect(inner).to_be_visible()
    assert "within=root.first" in page.url
    panel.get_by_role("button", name="Fold it").click()
    expect(inner).to_have_count(0)
    panel.get_by_role("button", name="Draw it here").click()
    inner.click()
    page.wait_for_url("**/ui/flows/shop.payments/charge?task=prepare")


def test_what_a_subflow_does_is_seen_within_the_execution_that_started_it(admin: Visit, world: World) -> None:
    """Its states come as it runs; its tasks lead to its own execution, with their run chosen."""
    id = world.start("shop.stock.restock", "RUNNING")
    child = world.started_by(id, "PAUSED")
    page = admin.go(f"/executions/{id}?view=topology")
    page.get_by_role("button", name="order").click()
    panel = page.get_by_role("region", name="Task run order")
    expect(panel.get_by_role("link", name="Open its execution of supply")).to_have_attribute("href", f"/ui/executions/{child}")
    panel.get_by_role("button", name="Draw it here").click()
    inner = page.locator('[data-item="root.order.then_wait"]')
    expect(inner.get_by_role("img", name="Paused")).to_be_visible()
    done = page.locator('[data-item="root.order.done"]')
    expect(done.get_by_role("img")).to_have_count(0)
    world.resume(child, delivered="true")
    expect(done.get_by_role("img", name="Success")).to_be_visible()
    expect(inner.get_by_role("img", name="Success")).to_be_visible()
    inner.click()
    page.wait_for_url(f"**/ui/executions/{child}?view=topology&run=*")
    expect(page.get_by_role("region", name="Task run then_wait")).to_be_visible()


def test_a_failure_leads_to_where_it_failed(admin: Visit, world: World) -> None:
    """The task run failed because what it started did: there is the way to it."""
    id = world.start("shop.stock.restock", "RUNNING")
    child = world.started_by(id, "PAUSED")
    world.api("DELETE", f"/executions/{child}/kill")
    world.wait(id, "FAILED")
    page = admin.go(f"/executions/{id}")
    failed = page.get_by_role("region", name="What failed")
    expect(failed.get_by_role("heading", name="order failed")).to_be_visible()
    failed.get_by_role("link", name="Open its execution of supply").click()
    page.wait_for_url(f"**/ui/executions/{child}")
