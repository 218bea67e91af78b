"""Measure the web UI in a real Chromium: `python -m tests.bench.bench_ui`.

live      an execution is started by a call -> its row is in the list that a browser shows (milliseconds, of 30)
large     an execution with 10,000 task runs: navigation -> the first row of its Gantt is there and can be selected; then the view is
          scrolled to its end, and the long tasks (over 50 ms) that the browser reports are counted
editor    a flow of 2,000 lines: from a key to the end of the next frame (of 60 keys; a frame comes each 16.7 ms), how long the page's
          thread is busy for each key, and the same in a plain text field: the floor
load      bytes of scripts and styles that come before the first page is shown, compressed as they were sent

    --only live,large,editor,load

The floor of `live` is the same daemon's own stream, read without a browser, in the same run. Machines are shared and noisy: nothing here
is asserted.
"""

import argparse
import json
import statistics
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.ui.browser import Visit, chromium, visit
from tests.ui.world import API, World

RUNS = 10_000
LINES = 2_000
LOOP = f"""id: ten_thousand
namespace: bench
tasks:
  - id: each
    type: core.flow.ForEach
    values: "{{{{ range(1, {RUNS - 1}) }}}}"
    concurrencyLimit: 16
    tasks:
      - id: one
        type: core.debug.Return
        format: "{{{{ taskrun.value }}}}"
"""
QUICK = "id: quick\nnamespace: bench\ntasks:\n  - {id: one, type: core.debug.Return, format: x}\n"
SEEN = """() => {
    window.seen = {};
    const look = () => document.querySelectorAll("[data-key]").forEach(row => { window.seen[row.dataset.key] ??= Date.now(); });
    look();
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-key"] });
}"""
LONG = """() => {
    window.long = [];
    new PerformanceObserver(list => list.getEntries().forEach(each => window.long.push(Math.round(each.duration))))
        .observe({ type: "longtask", buffered: true });
}"""
KEYS = """() => {
    window.keys = [];
    document.addEventListener("keydown", event => requestAnimationFrame(() => {
        const channel = new MessageChannel();
        channel.port1.onmessage = () => window.keys.push(performance.now() - event.timeStamp);
        channel.port2.postMessage(0);
    }), { capture: true });
}"""

PLAIN = """() => {
    const field = document.createElement("textarea");
    document.body.append(field);
    field.focus();
}"""


def spread(figures: Sequence[float]) -> str:
    """p50, p95 and the most, in milliseconds."""
    ordered = sorted(figures)
    return f"p50 {statistics.median(ordered):.0f} ms, p95 {ordered[int(len(ordered) * 0.95) - 1]:.0f} ms, most {ordered[-1]:.0f} ms"


def live(made: Visit, world: World, count: int = 30) -> None:
    """From a call to the row; and the same by the stream alone."""
    world.api("POST", "/flows", QUICK, **{"Content-Type": "application/x-yaml"})
    page = made.go("/executions")
    expect(page.locator('[data-status="live"]').first).to_be_visible()
    expect(page.locator("[data-key]").first).to_be_visible()
    page.mouse.move(1, 1)
    page.evaluate(SEEN)
    heard = Heard(world)
    begun: dict[str, float] = {}
    for _ in range(count):
        at = time.time() * 1000  # the page's Date.now() is the same clock
        begun[world.api("POST", "/executions/bench/quick")["id"]] = at
        page.wait_for_timeout(100)
    page.wait_for_timeout(500)
    seen: dict[str, float] = page.evaluate("window.seen")
    print(f"live    browser: {spread([seen[id] - at for id, at in begun.items()])}")
    print(f"        stream alone: {spread([heard.at[id] - at for id, at in begun.items()])}")


class Heard:
    """The list's stream, read by a thread: when each execution was first told."""

    def __init__(self, world: World) -> None:
        self.at: dict[str, float] = {}
        address = f"{world.url}{API}/executions/follow?size=25"
        request = urllib.request.Request(address, headers={"Authorization": f"Bearer {world.daemon.token}"})
        self._answer = urllib.request.urlopen(request, timeout=60)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._answer:
            if line.startswith(b"data: ") and b'"changed"' in line:
                for each in json.loads(line[6:])["changed"]:
                    self.at.setdefault(each["id"], time.time() * 1000)


def large(made: Visit, world: World) -> None:
    """Open an execution with 10,000 task runs and scroll through it."""
    world.api("POST", "/flows", LOOP, **{"Content-Type": "application/x-yaml"})
    id = world.start("bench.ten_thousand", "SUCCESS")
    page = made.page
    for _ in range(3):
        made.go("/flows")
        page.wait_for_timeout(300)
        begun = time.monotonic()
        made.go(f"/executions/{id}")
        row = page.get_by_role("treeitem").first
        row.click()
        expect(row).to_have_attribute("aria-selected", "true")
        took = (time.monotonic() - begun) * 1000
        print(f"large   {RUNS:,} task runs: a row can be selected after {took:.0f} ms", flush=True)
    page.wait_for_timeout(1000)
    page.keyboard.press("ArrowRight")
    page.evaluate(LONG)
    page.evaluate("window.long = []")
    row.hover()
    for _ in range(200):
        page.mouse.wheel(0, 1600)
        page.wait_for_timeout(16)
    page.wait_for_timeout(500)
    found: list[int] = page.evaluate("window.long")
    print(f"        scrolled by 200 turns of the wheel: {len(found)} long tasks {sorted(found)[-5:]}")


def editor(made: Visit, world: World) -> None:
    """Type into a flow of 2,000 lines."""
    tasks = "".join(f"  - id: task_{n}\n    type: core.log.Log\n    message: 'line {n}'\n" for n in range((LINES - 3) // 3))
    world.api("POST", "/flows", f"id: two_thousand\nnamespace: bench\ntasks:\n{tasks}", **{"Content-Type": "application/x-yaml"})
    page = made.go("/flows/bench/two_thousand?tab=editor")
    field = page.locator(".cm-content").first
    field.click()
    page.wait_for_timeout(3000)
    page.evaluate(KEYS)
    figures, busy = _typed(page)
    page.evaluate(PLAIN)
    floor, idle = _typed(page)
    print(f"editor  {LINES:,} lines, {len(figures)} keys: {spread(figures)}; the page's thread is busy {busy:.1f} ms for each")
    print(f"        a plain text field: {spread(floor)}; {idle:.1f} ms for each")


def _typed(page: Page) -> tuple[list[float], float]:
    """From each key to the end of the next frame, and how long the page's thread was busy for each, in milliseconds."""
    page.evaluate("() => { window.keys.length = 0; }")
    protocol = page.context.new_cdp_session(page)
    protocol.send("Performance.enable")
    before = _busy(protocol)
    _type(page)
    after = _busy(protocol)
    figures: list[float] = page.evaluate("window.keys")
    return figures, (after - before) * 1000 / len(figures)


def _busy(protocol: CDPSession) -> float:
    return float(next(each["value"] for each in protocol.send("Performance.getMetrics")["metrics"] if each["name"] == "TaskDuration"))


def _type(page: Page) -> None:
    page.keyboard.press("End")
    for letter in "    # this is a remark that somebody writes while he thinks it":
        page.keyboard.press(letter if letter != " " else "Space")
        page.wait_for_timeout(40)


def load(browser: Browser, world: World) -> None:
    """What comes before the first page."""
    with visit(browser, world.url, world.link()) as made:
        sizes: dict[str, int] = {}
        made.page.on("response", lambda answer: sizes.__setitem__(answer.url, _sent(answer)) if "/assets/" in answer.url else None)
        made.context.clear_cookies()
        made.go("/executions")
        made.page.wait_for_timeout(1500)
        kinds = {end: sum(size for url, size in sizes.items() if url.endswith(end)) for end in (".js", ".css", ".woff2")}
        print("load    before anybody is logged in: " + ", ".join(f"{kind} {size / 1000:.0f} kB" for kind, size in kinds.items()))


def _sent(answer: Any) -> int:
    return int(answer.headers.get("content-length", 0))


def main() -> int:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_ui", description=__doc__)
    parser.add_argument("--only", default="live,large,editor,load")
    only = parser.parse_args().only.split(",")
    with tempfile.TemporaryDirectory() as folder, World(Path(folder)) as world, chromium() as browser:
        with visit(browser, world.url, world.link()) as made:
            for name, measured in (("live", live), ("large", large), ("editor", editor)):
                if name in only:
                    measured(made, world)
        if "load" in only:
            load(browser, world)
    return 0


if __name__ == "__main__":
    sys.exit(main())
