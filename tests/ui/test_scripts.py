"""Text that somebody else wrote is shown as text: in no page does a script of it run, and the policy would not let it."""

import json
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.ui.browser import Visit
from tests.ui.payloads import PAYLOADS
from tests.ui.sweep import opened, windows
from tests.ui.world import API, World

TRAP = "window.pwned = undefined; for (const name of ['alert', 'confirm', 'prompt']) window[name] = () => { window.pwned = name; };"
INLINE = """() => {
    const made = document.createElement("script");
    made.textContent = "window.pwned = 1";
    document.body.append(made);
}"""
FLOW = """id: hostile
namespace: hostile
description: {description}
labels:
  label: {label}
inputs:
  - id: given
    type: STRING
    displayName: {label}
    description: {description}
    defaults: {label}
tasks:
  - id: say
    type: core.log.Log
    message: "{{{{ inputs.given }}}}"
  - id: hold
    type: core.debug.Return
    description: {description}
    format: "{{{{ inputs.given }}}}"
  - id: fail
    type: core.execution.Fail
    errorMessage: "{{{{ inputs.given }}}}"
triggers:
  - id: on_hostile
    type: core.trigger.Event
    topic: hostile
    inputs:
      given: "{{{{ trigger.data.text }}}}"
"""


@pytest.fixture(scope="module")
def hostile(world: World) -> dict[str, Any]:
    """Every string that a user or an event can set holds the payloads: each in turn, and all at once in descriptions."""
    everything = "\n\n".join(PAYLOADS).replace("\x00", " ").replace("\x1b", " ").replace("\x07", " ")
    source = FLOW.format(description=json.dumps(everything, ensure_ascii=False), label=json.dumps(PAYLOADS[2]))
    world.api("POST", "/flows", source, **{"Content-Type": "application/x-yaml"})
    executions = []
    for text in PAYLOADS:
        clean = text.replace("\x00", " ")
        answer = world.publish("hostile", {"text": clean, clean[:60]: clean})
        executions += answer["executions"]
    for n, text in enumerate(PAYLOADS):
        world.api("PUT", f"/namespaces/hostile/kv/key{n}", json.dumps(text.replace("\x00", " ")), **{"Content-Type": "application/json"})
    world.api("POST", "/namespaces/hostile/files?path=/%3Cimg%20src=x%20onerror=alert(1)%3E.md", everything.encode())
    world.api("POST", "/namespaces/hostile/files?path=/page.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>")
    board = {"id": "hostile", "title": PAYLOADS[2], "description": everything[:400], "charts": [
        {"id": "words", "type": "io.kestra.plugin.core.dashboard.chart.Markdown", "content": everything},
    ]}  # fmt: skip
    world.api("POST", "/dashboards", json.dumps(board), **{"Content-Type": "application/x-yaml"})
    world.wait(executions[-1], "FAILED")
    return {"executions": executions}


def addresses(hostile: dict[str, Any]) -> list[str]:
    """The pages on which the payloads are."""
    some = hostile["executions"]
    return [
        "/", "/executions?namespace=hostile", "/flows?namespace=hostile", "/flows/hostile/hostile", "/flows/hostile/hostile?tab=editor",
        "/flows/hostile/hostile?tab=revisions", "/flows/hostile/hostile?tab=triggers", "/triggers", "/triggers/hostile.hostile.on_hostile",
        "/events?topic=hostile&from=earliest", "/events?tab=dead", "/namespaces/hostile", "/namespaces/hostile?tab=files",
        "/namespaces/hostile?tab=files&path=/page.svg", "/namespaces/hostile?tab=kv", "/dashboards/hostile", "/settings?tab=audit",
        *(f"/executions/{id}" for id in some[::10]),
        *(f"/executions/{id}?view={view}" for id in some[:2] for view in ("topology", "logs", "outputs", "trigger", "chain")),
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_no_script_of_anybodys_text_runs(browser: Browser, world: World, hostile: dict[str, Any]) -> None:
    """200 payloads in every string that a user or an event can set."""
    assert len(PAYLOADS) == 200
    ran = []
    with windows(browser, world) as several:
        for made in several:
            made.context.add_init_script(TRAP)
        for made, address in opened(several, {each: each for each in addresses(hostile)}):
            page = made.page
            page.evaluate("document.querySelectorAll('main [title], main button[aria-expanded=false]').forEach((each) => each.focus())")
            if (what := page.evaluate("window.pwned")) is not None:
                ran.append(f"{address}: {what}")
            links: list[str] = page.eval_on_selector_all("a[href]", "found => found.map(each => each.protocol)")
            ran += [f"{address}: a link with {protocol}" for protocol in links if protocol not in ("http:", "https:", "blob:")]
    assert ran == []


def test_the_page_allows_no_script_but_its_own(admin: Visit, world: World) -> None:
    """The policy names this server alone for scripts; a style of the page's own text needs this answer's nonce."""
    answer = world.daemon.request("GET", "/ui/")
    policy = {part.split()[0]: part.split()[1:] for part in answer.headers["content-security-policy"].split(";") if part.strip()}
    assert policy["script-src"] == ["'self'"]
    assert "'unsafe-inline'" not in policy["style-src"]
    other = world.daemon.request("GET", "/ui/").headers["content-security-policy"]
    assert other != answer.headers["content-security-policy"]
    page = admin.go("/flows")
    admin.expect_wrong("Content Security Policy|Executing inline script")
    page.evaluate(
        "() => { const made = document.createElement('script'); made.textContent = 'window.pwned = 1'; document.body.append(made); }"
    )
    assert page.evaluate("window.pwned") is None


def test_a_file_of_a_namespace_is_never_a_page(world: World, hostile: dict[str, Any]) -> None:
    """Opened by its address it is a download, or text: never HTML or SVG that runs in our origin."""
    answer = world.daemon.api("GET", f"{API}/namespaces/hostile/files?path=/page.svg")
    kind = answer.headers["content-type"].split(";")[0]
    assert kind in ("application/octet-stream", "text/plain") or "attachment" in answer.headers.get("content-disposition", "")
