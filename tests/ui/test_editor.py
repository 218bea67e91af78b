"""The editor of a flow: what it tells while one writes."""

from playwright.sync_api import expect

from tests.ui.browser import Visit
from tests.ui.world import World

FLOW = "/flows/shop.orders/order?tab=editor"


def test_the_docs_of_the_type_under_the_cursor_stand_beside_the_text(admin: Visit) -> None:
    """By the name that the flow has, with each property's kind and default."""
    page = admin.go(FLOW)
    page.locator(".cm-line", has_text="core.flow.Parallel").click()
    beside = page.get_by_role("complementary", name="Docs")
    expect(beside.get_by_role("heading", name="core.flow.Parallel")).to_be_visible()
    concurrent = beside.get_by_role("listitem").filter(has_text="concurrent")
    expect(concurrent.filter(has_text="whole number").first).to_contain_text("Default 0")


def test_types_are_offered_while_they_are_written(admin: Visit) -> None:
    """And what is chosen stands in the text."""
    page = admin.go(FLOW)
    page.locator(".cm-line", has_text="message: ").first.click()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.keyboard.press("Backspace")
    page.keyboard.type("- id: more")
    page.keyboard.press("Enter")
    page.keyboard.type("type: core.log.L")
    offered = page.locator(".cm-tooltip-autocomplete li", has_text="core.log.Log")
    expect(offered.first).to_be_visible()
    offered.first.click()
    expect(page.locator(".cm-line", has_text="type: core.log.Log").nth(1)).to_be_visible()


def test_from_a_failure_one_comes_to_the_task_in_the_text(admin: Visit, world: World) -> None:
    """The cursor stands in its first line, which is in sight, though the editor's docs come later than its text."""
    page = admin.go(f"/executions/{world.executions['failed']}")
    page.get_by_role("region", name="What failed").get_by_role("link", name="Edit the flow").click()
    expect(page.locator(".cm-activeLine")).to_contain_text("id: no_answer")
    expect(page.locator(".cm-activeLine")).to_be_in_viewport()


def test_from_a_line_that_was_found_one_comes_to_it_in_the_editor(admin: Visit) -> None:
    """Its number is in the address."""
    page = admin.go("/flows?in=source&q=no_answer")
    page.get_by_role("list", name="Where it was found").get_by_role("link").filter(has_text="no_answer").first.click()
    page.wait_for_url("**/ui/flows/**line=28**")
    expect(page.locator(".cm-activeLine")).to_contain_text("no_answer")
