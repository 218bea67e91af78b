"""A flow drawn: what its tasks lead to."""

from playwright.sync_api import expect

from tests.ui.browser import Visit


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
