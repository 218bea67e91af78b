"""The ten things that people do, by a browser, as they do them, against a daemon that runs."""

from playwright.sync_api import Page, expect

from tests.ui.browser import Visit
from tests.ui.world import World

KEYS = "Control"
FIRST = """id: tea
namespace: kitchen
inputs:
  - id: minutes
    type: INT
    defaults: 3
tasks:
  - id: brew
    type: core.log.Log
    message: "tea in {{ inputs.minutes }} minutes"
"""


def write(page: Page, text: str) -> None:
    """Replace what is in the editor."""
    field = page.locator(".cm-content").first
    field.click()
    page.keyboard.press(f"{KEYS}+a")
    page.keyboard.insert_text(text)


def tab(page: Page, name: str) -> None:
    """Choose a tab."""
    page.get_by_role("tab", name=name).click()


def state_is(page: Page, state: str) -> None:
    """The page's header says the state."""
    expect(page.locator(f'header [data-large][data-state="{state}"]')).to_be_visible()


def test_create_and_edit_a_flow(admin: Visit, world: World) -> None:
    """A new flow from the list; a mistake is told while it is typed; a change is a new revision, with what changed."""
    page = admin.go("/flows")
    page.get_by_role("link", name="New flow").click()
    page.get_by_role("button").filter(has_text="Empty").or_(page.locator("main li button")).first.click()
    expect(page.locator(".cm-content").first).to_be_visible()
    write(page, FIRST.replace("core.log.Log", "core.log.Lug"))
    expect(page.get_by_text("core.log.Lug").and_(page.locator(":not(.cm-content *)")).first).to_be_visible()
    write(page, FIRST)
    expect(page.get_by_text("No problems")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/ui/flows/kitchen/tea**")
    assert world.api("GET", "/flows/kitchen/tea")["revision"] == 1
    tab(page, "Editor")
    write(page, FIRST.replace("tea in", "coffee in"))
    expect(page.get_by_text("No problems")).to_be_visible()
    page.keyboard.press(f"{KEYS}+s")
    expect(page.get_by_text("revision 2", exact=False).first).to_be_visible()
    assert "coffee in" in world.api("GET", "/flows/kitchen/tea?source=true")["source"]
    tab(page, "Revisions")
    expect(page.get_by_text("coffee in").first).to_be_visible()


def test_run_with_inputs(admin: Visit, world: World) -> None:
    """The form is made from the inputs; what is wrong is told before it is sent; the page of the execution follows."""
    page = admin.go("/flows/shop.payments/charge")
    page.get_by_role("button", name="Run", exact=True).click()
    form = page.get_by_role("form", name="Inputs of charge")
    amount = form.get_by_label("amount")
    amount.fill("0")
    expect(form.get_by_text("must be greater than or equal", exact=False).or_(form.get_by_text("1", exact=False)).first).to_be_visible()
    amount.fill("77")
    form.get_by_label("bank").click()
    page.get_by_role("option", name="answers").click()
    form.get_by_role("button", name="Run").click()
    page.wait_for_url("**/ui/executions/**")
    state_is(page, "SUCCESS")
    id = page.url.split("/executions/")[1].split("?")[0]
    assert world.execution(id)["inputs"]["amount"] == 77


def test_watch_an_execution_live(admin: Visit, world: World) -> None:
    """Its page goes from running to ended by itself."""
    id = world.start("reports.long", "RUNNING")
    page = admin.go(f"/executions/{id}")
    state_is(page, "RUNNING")
    expect(page.get_by_role("treeitem").filter(has_text="wait")).to_be_visible()
    world.api("DELETE", f"/executions/{id}/kill")
    state_is(page, "KILLED")


def test_read_a_failure(admin: Visit, world: World) -> None:
    """First the task, its error, its last lines, its place in the YAML, and what to do."""
    page = admin.go(f"/executions/{world.executions['failed']}")
    failed = page.get_by_role("region", name="What failed")
    expect(failed).to_contain_text("no_answer")
    expect(failed).to_contain_text("the bank did not answer within 30 s (bank.example, card 4242)")
    expect(failed).to_contain_text("line 28")
    expect(failed).to_contain_text("Restart")


def test_restart_from_the_failed_task(admin: Visit, world: World) -> None:
    """When the cause is mended, one button goes on from there; what had succeeded is not run again."""
    id = world.start("shop.payments.charge", "FAILED", card="1111")
    before = [run["taskId"] for run in world.execution(id)["taskRunList"]]
    world.api("PUT", "/namespaces/shop.payments/kv/bank", '"up"', **{"Content-Type": "application/json"})
    try:
        page = admin.go(f"/executions/{id}")
        page.get_by_role("button", name="Restart", exact=True).first.click()
        state_is(page, "SUCCESS")
        assert [run["taskId"] for run in world.execution(id)["taskRunList"]].count("prepare") == before.count("prepare")
    finally:
        world.api("DELETE", "/namespaces/shop.payments/kv/bank")


def test_replay_with_edited_inputs(admin: Visit, world: World) -> None:
    """A new execution, with other values."""
    page = admin.go(f"/executions/{world.executions['failed']}")
    page.get_by_role("button", name="More to do").click()
    page.get_by_role("menuitem", name="Replay with other inputs").click()
    form = page.get_by_role("form", name="Inputs of charge")
    form.get_by_label("bank").click()
    page.get_by_role("option", name="answers").click()
    form.get_by_role("button", name="Replay").click()
    page.wait_for_function("id => !location.href.includes(id)", arg=world.executions["failed"])
    state_is(page, "SUCCESS")
    id = page.url.split("/executions/")[1].split("?")[0]
    assert world.execution(id)["inputs"]["bank"] == "answers"


def test_approve_what_waits(admin: Visit, world: World) -> None:
    """The approval's form, with a comment; the execution goes on and ends."""
    published = world.publish("shop.orders", {"id": 900, "total": 900})
    world.wait(published["executions"][0], "SUCCESS")
    id = world.one("shop.orders", "refund", "PAUSED")
    page = admin.go(f"/executions/{id}")
    page.get_by_role("button", name="Review").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Comment").fill("looks right")
    dialog.get_by_role("button", name="Approve").click()
    state_is(page, "SUCCESS")


def test_answer_a_pause(admin: Visit, world: World) -> None:
    """A pause that asks for values is resumed by its form."""
    id = world.start("shop.stock.supply", "PAUSED")
    page = admin.go(f"/executions/{id}")
    page.get_by_role("button", name="Resume").first.click()
    dialog = page.get_by_role("dialog")
    answer = dialog.get_by_label("delivered")
    answer.first.click()
    dialog.get_by_role("button", name="Resume").click()
    state_is(page, "SUCCESS")


def test_run_a_schedules_past(admin: Visit, world: World) -> None:
    """A backfill: what it would run is shown first, then it runs, and its executions are there."""
    page = admin.go("/triggers/reports.nightly.at_two?tab=backfill")
    pick(page, "From")
    expect(page.get_by_text("would run", exact=False).first).to_be_visible()
    page.get_by_role("button", name="Begin the backfill").click()
    world.one("reports", "nightly", "SUCCESS")
    tab(page, "Executions")
    expect(page.locator('[data-key] [data-state="SUCCESS"]').first).to_be_visible()


def pick(page: Page, label: str) -> None:
    """Choose a day of the month before, by the calendar."""
    page.get_by_label(label, exact=False).first.click()
    page.get_by_role("button", name="Previous month", exact=False).or_(page.locator("[data-direction=previous]")).first.click()
    page.locator("button[data-level], table button, td button").filter(has_text="20").first.click()
    page.keyboard.press("Escape")


def test_publish_an_event_and_follow_the_chain(admin: Visit, world: World) -> None:
    """What the event started is shown, and what that led to."""
    page = admin.go("/events?tab=publish&topic=shop.orders")
    write(page, '{"id": 77, "total": 700}')
    page.get_by_role("button", name="Publish", exact=True).last.click()
    expect(page.locator('[data-state="SUCCESS"]').first).to_be_visible()
    page.locator('a[href*="/executions/"]').first.click()
    page.wait_for_url("**/ui/executions/**")
    page.get_by_role("tab", name="Chain").click()
    chain = page.get_by_role("list", name="Chain of executions")
    expect(chain).to_contain_text("order")
    expect(chain).to_contain_text("refund")


def test_replay_a_dead_event(admin: Visit, world: World) -> None:
    """The flow is mended, the event is given again, and starts it."""
    source = world.api("GET", "/flows/shop.orders/refund?source=true")["source"]
    world.api("PUT", "/flows/shop.orders/refund", source.replace("{{ trigger.data.total }}", "{{ trigger.data.total ?? 1 }}"), **{
        "Content-Type": "application/x-yaml"
    })  # fmt: skip
    page = admin.go("/events?tab=dead")
    expect(page.locator("[data-key]").first).to_be_visible()
    page.locator("[data-key] a").first.click()
    expect(page.get_by_text("trigger.data.total").first).to_be_visible()
    page.get_by_role("button", name="Replay", exact=True).click()
    expect(page.locator('a[href*="/executions/"]').first).to_be_visible()
