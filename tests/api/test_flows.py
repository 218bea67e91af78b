"""Flows over HTTP: found, and looked at."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from onbeat.core.access import Grant, Role
from onbeat.engine.flow_files import Draft
from tests.api.client import FLOWS, Client, api
from tests.api.shapes import Shaped
from tests.api.test_lookup import as_caller

BASE = "/api/v1/main/flows"
FULL = """
# about it
id: full
namespace: company.team
description: all of it
labels: {team: blue}
inputs: [{name: old, type: BOOLEAN}, {id: b, type: INT, required: false}]
variables: {x: 1}
concurrency: {limit: 2, behavior: QUEUE}
tasks:
  - {id: outer, type: io.kestra.plugin.core.flow.Sequential, tasks: [{id: inner, type: core.debug.Return, format: "{{ vars.x }}"}]}
errors: [{id: sorry, type: core.log.Log, message: sorry}]
finally: [{id: last, type: core.log.Log, message: last}]
afterExecution: [{id: after, type: core.log.Log, message: after}]
schedule: {type: cron, value: "0 9 * * *"}
outputs: [{id: o, type: STRING, value: x}]
sla: [{id: s, type: MAX_DURATION, duration: PT1H}]
checks: [{condition: "{{ true }}", message: fine}]
pluginDefaults: [{type: core.log.Log, values: {level: WARN}}]
"""


@pytest.fixture
async def call(tmp_path: Path) -> AsyncIterator[Client]:
    """A client of FLOWS and FULL, whose answers are held to their shapes."""
    async with api(tmp_path) as made:
        (tmp_path / "flows" / "full.yaml").write_text(FULL)
        await made.node.loader.load_all()
        yield Shaped(made.node)


async def names(call: Client, query: str = "") -> list[str]:
    """The ids of what a search finds."""
    return [flow["id"] for flow in (await call("GET", f"{BASE}/search?{query}")).json["results"]]


async def test_flows_are_listed_and_shown_with_their_source(call: Client) -> None:
    """By part of the name; the source is the file's text."""
    assert (await call("GET", f"{BASE}/search")).json["total"] == len(FLOWS) + 1
    (found,) = (await call("GET", f"{BASE}/search?q=HELL")).json["results"]
    assert (found["id"], found["revision"], found["deleted"]) == ("hello", 1, False)
    assert found["inputs"] == [{"id": "name", "type": "STRING", "required": True, "defaults": "you"}]
    assert "source" not in found
    shown = (await call("GET", f"{BASE}/t/hello?source=true")).json
    assert shown["source"] == FLOWS["hello.yaml"]
    assert (await call("GET", f"{BASE}/t/hello?revision=9")).status == 404
    missing = await call("GET", f"{BASE}/t/helo")
    assert (missing.status, "did you mean `t.hello`" in missing.json["message"]) == (404, True)
    assert (await call("GET", f"{BASE}/t/hello?revision=x")).status == 400


async def test_a_flow_is_as_its_text_says(call: Client) -> None:
    """With what every client leans on."""
    shown = (await call("GET", f"{BASE}/company.team/full")).json
    assert shown["labels"] == [{"key": "team", "value": "blue"}]
    assert [each["id"] for each in shown["inputs"]] == ["old", "b"]
    assert [each["required"] for each in shown["inputs"]] == [True, False]
    assert shown["tasks"][0]["tasks"][0] == {"id": "inner", "type": "core.debug.Return", "format": "{{ vars.x }}"}
    assert [shown[name][0]["id"] for name in ("errors", "finally", "afterExecution")] == ["sorry", "last", "after"]
    assert [trigger["id"] for trigger in shown["triggers"]] == ["schedule"]
    assert (shown["concurrency"]["limit"], shown["variables"], shown["description"]) == (2, {"x": 1}, "all of it")
    assert shown["pluginDefaults"] == [{"type": "core.log.Log", "values": {"level": "WARN"}}]
    assert shown["file"].endswith("full.yaml")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("namespace=company", ["full"]),
        ("filters[namespace][EQUALS]=company", []),
        ("filters[namespace][PREFIX]=company", ["full"]),
        ("filters[NAMESPACE][EQUALS]=company.team", ["full"]),
        ("labels=team:blue", ["full"]),
        ("filters[labels][EQUALS][team]=blue", ["full"]),
        ("filters[labels][NOT_EQUALS][team]=blue&q=hel", ["hello"]),
        ("filters[q][EQUALS]=team:bl", ["full"]),
        ("filters[flowId][IN]=hello,full", ["full", "hello"]),
        ("flowId=hello&namespace=company", []),
        ("scope=SYSTEM", []),
        ("scope=USER&q=full", ["full"]),
        ("filters[disabled][EQUALS]=true", []),
        ("sort=id:desc&size=2", ["waits", "sleep"]),
        ("sort=id:desc&size=2&page=2", ["pause", "loops"]),
    ],
)
async def test_search_by_everything(call: Client, query: str, found: list[str]) -> None:
    """Kestra's filters and its flat parameters; all that is given must hold."""
    assert await names(call, query) == found


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("namspace=t", "did you mean `namespace`"),
        ("filters[flow][EQUALS]=t", "unknown filter `flow`"),
        ("sort=name", "cannot sort by `name`"),
        ("filters[q][REGEX]=t", "unknown operation"),
        ("filters[q][PREFIX]=t", "cannot be asked with `PREFIX`"),
        ("scope=ALL", "USER or SYSTEM"),
        ("size=x", "query.size"),
    ],
)
async def test_what_is_not_read_is_refused(call: Client, query: str, words: str) -> None:
    """With what would be right."""
    refused = await call("GET", f"{BASE}/search?{query}")
    assert (refused.status, words in refused.json["message"]) == (400, True), refused.json


async def test_the_flows_of_a_namespace(call: Client) -> None:
    """Not those below it; the namespaces that have flows."""
    assert [flow["id"] for flow in (await call("GET", f"{BASE}/company.team")).json] == ["full"]
    assert (await call("GET", f"{BASE}/company")).json == []
    assert (await call("GET", f"{BASE}/distinct-namespaces")).json == ["company.team", "t"]
    assert (await call("GET", f"{BASE}/distinct-namespaces?q=COMP")).json == ["company.team"]
    assert (await call("GET", f"{BASE}/deprecated")).json == []


async def test_revisions_are_kept(call: Client) -> None:
    """The oldest first; also of a flow that was deleted, which is shown to who asks for it."""
    await call.node.flow_files.save(Draft(FULL.replace("all of it", "more of it")))
    found = (await call("GET", f"{BASE}/company.team/full/revisions")).json
    assert [(flow["revision"], flow["description"]) for flow in found] == [(1, "all of it"), (2, "more of it")]
    assert found[0]["source"] == FULL
    assert (await call("GET", f"{BASE}/company.team/full?revision=1")).json["description"] == "all of it"
    await call.node.flow_files.delete("company.team", "full")
    assert (await call("GET", f"{BASE}/company.team/full")).status == 404
    shown = (await call("GET", f"{BASE}/company.team/full?allowDeleted=true")).json
    assert (shown["revision"], shown["deleted"], shown["file"]) == (2, True, None)
    assert [flow["deleted"] for flow in (await call("GET", f"{BASE}/company.team/full/revisions")).json] == [True, True]
    assert (await call("GET", f"{BASE}/company.team/none/revisions")).status == 404
    assert (await call("GET", f"{BASE}/company.team/none?allowDeleted=true")).status == 404


async def test_a_revision_that_cannot_be_read_any_more_is_shown(call: Client) -> None:
    """With what is wrong with it."""
    await call.node.store.keep_flow("t", "hello", "tasks: [", "h", 0, None)
    newest = (await call("GET", f"{BASE}/t/hello/revisions")).json[-1]
    assert (newest["revision"], newest["source"], newest["tasks"]) == (2, "tasks: [", [])
    assert "a value is missing here" in newest["exception"]


async def test_a_task_is_found_at_any_depth(call: Client) -> None:
    """As the text has it."""
    assert (await call("GET", f"{BASE}/company.team/full/tasks/inner")).json["format"] == "{{ vars.x }}"
    assert (await call("GET", f"{BASE}/company.team/full/tasks/after?revision=1")).json["message"] == "after"
    assert (await call("GET", f"{BASE}/company.team/full/tasks/b")).status == 404


async def test_texts_are_searched(call: Client) -> None:
    """Line, column and fragment, as both of Kestra's clients want it."""
    (found,) = (await call("GET", f"{BASE}/source?q=SORRY&namespace=company")).json["results"]
    assert (found["model"]["id"], found["namespace"]) == ("full", "company.team")
    assert found["fragments"] == ["errors: [{id: [mark]sorry[/mark], type: core.log.Log, message: sorry}]"]
    assert found["matches"] == [{"line": 12, "column": 15, "snippet": FULL.splitlines()[11]}]

    async def total(query: str) -> int:
        count: int = (await call("GET", f"{BASE}/source?{query}")).json["total"]
        return count

    assert await total("q=sorr&wholeWord=true") == 0
    assert await total("q=SORRY&caseSensitive=true") == 0
    assert await total("q=core.log.Log&scope=TASKS&namespace=company") == 1
    assert await total("q=sorry&scope=INPUTS") == 0
    assert await total("q=core.log.Log") == 2
    assert (await call("GET", f"{BASE}/source?q=(a*)*b&regex=true")).status == 400
    assert (await call("GET", f"{BASE}/source?q=a&scope=x")).status == 400


async def test_limits_of_executions_are_listed(call: Client) -> None:
    """With how many run."""
    (found,) = (await call("GET", "/api/v1/main/concurrency-limit/search")).json["results"]
    assert (found["flowId"], found["running"], found["limit"]) == ("full", 0, 2)


async def test_others_flows_are_not_there(call: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """In no list, and by no name; nor is their nearest name told."""
    await as_caller(call, monkeypatch, Grant(Role.VIEWER, "company"))
    assert await names(call) == ["full"]
    assert (await call("GET", f"{BASE}/distinct-namespaces")).json == ["company.team"]
    assert (await call("GET", f"{BASE}/source?q=id")).json["total"] == 1
    for path in ("t", "t/hello", "t/hello/revisions", "t/hello/tasks/say"):
        assert (await call("GET", f"{BASE}/{path}")).status == 404
    assert "hello" not in (await call("GET", f"{BASE}/company/t.helo")).json["message"]


async def test_whatever_a_text_may_hold_is_answered(call: Client) -> None:
    """An integer of five hundred digits; tasks in tasks in tasks."""
    task = "{id: deepest, type: core.debug.Return}"
    for level in range(140):
        task = f"{{id: b{level}, type: core.flow.Sequential, tasks: [{task}]}}"
    source = f"id: much\nnamespace: much\nvariables: {{x: {'9' * 500}}}\ntasks: [{task}]\n"
    await call.node.flow_files.save(Draft(source))
    for path in ("much/much", "much/much?source=true", "much", "search?namespace=much", "much/much/revisions", "source?q=deepest"):
        found = await call("GET", f"{BASE}/{path}")
        assert (found.status, b'"' + b"9" * 500 in found.body, b"deepest" in found.body) == (200, True, True), path
    assert (await call("GET", f"{BASE}/much/much/tasks/b139")).status == 200
    again = await call("PUT", f"{BASE}/much/much", source.replace("id: deepest", "id: deep").encode(), content_type="application/x-yaml")
    assert (again.status, again.json["revision"]) == (200, 2)
    assert (await call("GET", f"{BASE}/much/much/graph")).status == 200


async def test_what_is_found_in_texts_is_in_the_order_that_is_asked_for(call: Client) -> None:
    """As the flows themselves are; by an order that there is none of it is refused."""
    found = [each["id"] for each in (await call("GET", f"{BASE}/source?q=id:&sort=id:desc")).json["results"]]
    assert found == sorted(found, reverse=True)
    assert len(found) > 2
    (first,) = (await call("GET", f"{BASE}/source?q=id:&sort=id:desc&size=1")).json["results"]
    assert first["id"] == found[0]
    assert (await call("GET", f"{BASE}/source?q=id:&sort=size:asc")).status == 400
