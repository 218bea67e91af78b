"""The Gantt of an execution with many task runs."""

from playwright.sync_api import expect

from tests.ui.browser import Visit
from tests.ui.world import World

LOOP = """id: many
namespace: reports
tasks:
  - id: each
    type: core.flow.ForEach
    values: "{{ range(1, 400) }}"
    concurrencyLimit: 0
    tasks:
      - id: one
        type: core.debug.Return
        format: "{{ taskrun.value }}"
"""
ROWS = """document.querySelectorAll('[role="treeitem"]')"""
MARK = f"() => {ROWS}.forEach(row => {{ row.marked = true; }})"
NEW = f"() => [...{ROWS}].filter(row => !row.marked).length"
SCROLLED = "pixels => document.querySelector('[role=\"tree\"]').scrollTop >= pixels"
IN_ORDER = f"""() => {{
    const tops = [...{ROWS}].map(row => row.getBoundingClientRect().top);
    return tops.length > 20 && tops.every((top, at) => at === 0 || top > tops[at - 1]);
}}"""


def test_rows_are_used_again_while_it_is_scrolled(admin: Visit, world: World) -> None:
    """Pages of rows pass in the same elements, and those stand in the order of the rows when it rests."""
    world.api("POST", "/flows", LOOP, **{"Content-Type": "application/x-yaml"})
    page = admin.go(f"/executions/{world.start('reports.many', 'SUCCESS')}")
    page.get_by_role("treeitem").filter(has_text="each").first.click()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(IN_ORDER)
    box = page.get_by_role("tree").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 40, box["y"] + 100)
    page.mouse.wheel(0, 640)
    page.wait_for_function(SCROLLED, arg=640)
    page.wait_for_function(IN_ORDER)
    page.evaluate(MARK)
    page.mouse.wheel(0, 640)
    page.wait_for_function(SCROLLED, arg=1280)
    page.wait_for_function(IN_ORDER)
    assert page.evaluate(NEW) <= 2, "as many rows as the window is not full of"
    page.keyboard.press("End")
    expect(page.get_by_role("treeitem").filter(has_text="399").last).to_be_visible()
    page.wait_for_function(IN_ORDER)
