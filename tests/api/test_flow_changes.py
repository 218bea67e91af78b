"""Flows are changed over HTTP, and nothing is that was not meant."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from onbeat.core.access import Grant, Role
from tests.api.client import FLOWS, Answer, Client, api
from tests.api.shapes import Shaped
from tests.api.test_lookup import as_caller

BASE = "/api/v1/main/flows"
TEXT = "# mine\nid: new\nnamespace: company.team\ntasks:\n  - {id: a, type: core.debug.Return, format: one}  # a\n"
YAML = {"content_type": "application/x-yaml"}
JSON = {"content_type": "application/json"}


def text(id_: str = "new", namespace: str = "company.team", version: str = "one") -> bytes:
    """TEXT of another flow."""
    return TEXT.replace("id: new", f"id: {id_}").replace("company.team", namespace).replace("one", version).encode()


@pytest.fixture
async def call(tmp_path: Path) -> AsyncIterator[Client]:
    """A client whose answers are held to their shapes."""
    async with api(tmp_path) as made:
        yield Shaped(made.node)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "flows"


async def post(call: Client, path: str, body: Any, **headers: str) -> Answer:
    """YAML, or JSON."""
    return await call("POST", f"{BASE}{path}", body, **(headers or (YAML if isinstance(body, bytes) else JSON)))


async def served(call: Client) -> list[str]:
    """The names of what is served in `company` and below it."""
    return [name for name in call.node.catalog.names() if name.startswith("company.")]


async def audit(call: Client) -> list[tuple[str, str]]:
    """What was done, oldest first."""
    return [(row.action, row.what) for row in reversed(await call.node.queries.audit())]


async def test_a_flow_is_created_changed_and_deleted(call: Client, folder: Path) -> None:
    """Its comments are kept; what is answered is what is served; each step is in the audit log."""
    made = (await post(call, "", text())).json
    assert (made["id"], made["revision"], made["source"]) == ("new", 1, TEXT)
    assert (folder / "company.team.new.yaml").read_text() == TEXT
    changed = await call("PUT", f"{BASE}/company.team/new", text(version="two"), **YAML)
    assert (changed.status, changed.json["revision"]) == (200, 2)
    assert (await call.node.find_flow("company.team", "new")).flow.revision == 2
    assert (await call("DELETE", f"{BASE}/company.team/new")).status == 204
    assert await served(call) == []
    assert await audit(call) == [(f"flow.{step}", "flow:company.team.new") for step in ("create", "update", "delete")]
    row = (await call.node.queries.audit())[1]
    assert (row.before, row.after) == ({"revision": 1, "source": TEXT}, {"revision": 2, "source": text(version="two").decode()})
    for method in ("PUT", "DELETE"):
        assert (await call(method, f"{BASE}/company.team/new", text(), **YAML)).status == 404


async def test_a_flow_may_be_json(call: Client) -> None:
    """As it is, or as an answer showed it."""
    given = {"id": "new", "namespace": "company", "tasks": [{"id": "a", "type": "core.debug.Return", "format": "ä {{ 1 }}"}]}
    made = (await post(call, "", given)).json
    assert (made["revision"], made["tasks"]) == (1, given["tasks"])
    again = await call("PUT", f"{BASE}/company/new", {key: made[key] for key in made if key != "source"} | {"description": "d"}, **JSON)
    assert (again.status, again.json["revision"], again.json["description"]) == (200, 2, "d")
    by_source = await call("PUT", f"{BASE}/company/new", {"id": "new", "source": text("new", "company").decode()}, **JSON)
    assert by_source.json["source"] == text("new", "company").decode()


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"id: new\nnamespace: company\ntaks: []\n", 422, "3:1: unknown key `taks`; did you mean `tasks`?"),
        (b"id: ../x\nnamespace: company\ntasks: []\n", 422, "`id`: use letters"),
        (b"id: new\nnamespace: ../../etc\ntasks: []\n", 422, "`namespace`: use lower-case"),
        (FLOWS["hello.yaml"].encode(), 422, "there is a flow t.hello already"),
        (text() + b"---\n" + text("b"), 422, "second document"),
        (b"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n" + b"".join(b"k%d: [*c, *c]\n" % n for n in range(2000)), 422, "alias"),
        (b"[" * 50_000, 422, "deep"),
        (b"\xff\xfe", 400, "not UTF-8"),
        (b"x: " + b"a" * 200_000, 413, "larger"),
        ([], 400, "JSON object"),
    ],
)
async def test_what_is_no_flow_is_refused(call: Client, folder: Path, body: Any, status: int, words: str) -> None:
    """With all that is wrong; nothing is kept."""
    before = sorted(os.listdir(folder))
    refused = await post(call, "", body)
    assert (refused.status, words in refused.json["message"]) == (status, True), refused.json
    assert sorted(os.listdir(folder)) == before


async def test_a_flow_keeps_its_name(call: Client) -> None:
    """A text of another flow is not saved under this one's."""
    await post(call, "", text())
    refused = await call("PUT", f"{BASE}/company.team/new", text("other"), **YAML)
    assert (refused.status, "is of flow company.team.other" in refused.json["message"]) == (422, True)
    assert await served(call) == ["company.team.new"]


async def test_a_draft_is_not_served_as_a_flow(call: Client) -> None:
    """Kestra would start nothing by it."""
    await post(call, "", text())
    for refused in (
        await post(call, "?draft=true", text("other")),
        await call("PUT", f"{BASE}/company.team/new?draft=true", text(version="two"), **YAML),
    ):
        assert (refused.status, "no drafts here" in refused.json["message"]) == (422, True)
    assert await served(call) == ["company.team.new"]
    assert (await post(call, "?draft=false", text("other"))).status == 200


async def test_a_hidden_secret_is_not_overwritten(call: Client, folder: Path) -> None:
    """What was shown as stars does not come back as stars."""
    await call.node.secrets.put("company", "KEY", "a long secret value")
    await post(call, "", text(version='"a long secret value"'))
    shown = (await call("GET", f"{BASE}/company.team/new?source=true")).json["source"]
    assert "a long secret" not in shown
    refused = await call("PUT", f"{BASE}/company.team/new", shown.encode(), **YAML)
    assert (refused.status, "has a secret in its text" in refused.json["message"]) == (409, True)
    assert "a long secret value" in (folder / "company.team.new.yaml").read_text()
    stars = text(version='"********"')
    assert (await call("PUT", f"{BASE}/company.team/new", text(version="two"), **YAML)).status == 200
    assert (await call("PUT", f"{BASE}/company.team/new", stars, **YAML)).status == 200


async def test_a_stale_revision_is_told_with_the_difference(call: Client, folder: Path) -> None:
    """Named by the query or by If-Match; a file that changed on disk, too."""
    await post(call, "", text())
    target = f"{BASE}/company.team/new"
    assert (await call("PUT", f"{target}?revision=1", text(version="two"), **YAML)).status == 200
    for refused in (
        await call("PUT", f"{target}?revision=1", text(version="three"), **YAML),
        await call("PUT", target, text(version="three"), if_match='"1"', **YAML),
    ):
        assert (refused.status, "format: two" in refused.json["message"]) == (409, True)
    assert (await call("PUT", target, text(version="three"), if_match='"2"', **YAML)).json["revision"] == 3
    assert (await call("PUT", target, text(version="four"), if_match='"x"', **YAML)).status == 400
    (folder / "company.team.new.yaml").write_bytes(text(version="by hand"))
    assert (await call("PUT", target, text(version="four"), **YAML)).status == 409
    assert (await post(call, "?revision=3", text("other"))).status == 409


async def test_two_saves_at_once(call: Client) -> None:
    """Of two that edited the same revision one is refused."""
    await post(call, "", text())
    put = [call("PUT", f"{BASE}/company.team/new?revision=1", text(version=version), **YAML) for version in ("a", "b")]
    assert sorted(each.status for each in await asyncio.gather(*put)) == [200, 409]
    made = await asyncio.gather(*(post(call, "", text("twin", version=version)) for version in ("a", "b")))
    assert sorted(each.status for each in made) == [200, 422]


async def test_a_namespace_is_saved_from_one_text(call: Client) -> None:
    """What is not in it is deleted, unless that is not wanted; other namespaces are left alone."""
    await post(call, "", text("old"))
    await post(call, "", text("below", "company.team.below"))
    body = text("a") + b"---\n# b\n" + text("b")
    found = (await post(call, "/company.team?delete=false", body)).json
    assert [(flow["id"], flow["deleted"]) for flow in found] == [("a", False), ("b", False)]
    assert await served(call) == ["company.team.a", "company.team.b", "company.team.old", "company.team.below.below"]
    found = (await post(call, "/company.team", text("a", version="two"))).json
    assert [(flow["id"], flow["deleted"], flow["revision"]) for flow in found] == [("a", False, 2), ("b", True, 1), ("old", True, 1)]
    assert await served(call) == ["company.team.a", "company.team.below.below"]
    assert (await post(call, "/company.team", text("a", "company.other"))).status == 422
    assert (await post(call, "/company.team", b"a: [")).status == 422
    assert await served(call) == ["company.team.a", "company.team.below.below"]


async def test_a_namespace_is_said_once(call: Client) -> None:
    """By the path: with another one beside it nobody knows whose other flows are to be deleted."""
    assert len((await post(call, "/company.a", text("a", "company.a"))).json) == 1
    for other in ("company.b", "company.a", ""):
        assert (await post(call, f"/company.a?namespace={other}", [])).status == 400
    assert (await call("GET", f"{BASE}/company.a/a")).status == 200


async def test_flows_are_saved_in_bulk(call: Client) -> None:
    """All or none; nothing is deleted unless a namespace is named."""
    body = text("a", "company.a") + b"---\n" + text("b", "company.b")
    assert len((await post(call, "/bulk", body)).json) == 2
    wrong = await post(call, "/bulk", text("c", "company.c") + b"---\nid: d\n")
    assert wrong.status == 422
    assert await served(call) == ["company.a.a", "company.b.b"]
    assert (await post(call, "/bulk", text("c", "company.c") + b"---\n" + text("c", "company.c"))).status == 400
    assert (await post(call, "/bulk?delete=true", body)).status == 400
    assert (await post(call, "/bulk?namespace=company", body)).status == 422
    for nowhere in ("/bulk?namespace=No%20Name", "/No%20Name"):
        refused = await post(call, nowhere, [])
        assert refused.status in (400, 422)
        assert "is not a namespace" in refused.json["detail"]
    assert (await post(call, "/bulk?namespace=company&allowNamespaceChild=true", body)).status == 200
    given = [{"id": "j", "namespace": "company.a", "tasks": [{"id": "a", "type": "core.debug.Return"}]}]
    assert [flow["id"] for flow in (await post(call, "/bulk?namespace=company.a", given)).json] == ["j", "a"]
    assert await served(call) == ["company.a.j", "company.b.b"]
    assert (await post(call, "/bulk", [])).json == []


async def test_flows_are_switched_off_and_on(call: Client, folder: Path) -> None:
    """In their texts, and nowhere else in them; by ids and by query."""
    await post(call, "", text())
    ids = [{"namespace": "company.team", "id": "new"}]
    assert (await post(call, "/disable/by-ids", ids)).json == {"count": 1}
    assert (folder / "company.team.new.yaml").read_text() == TEXT.replace("company.team\n", "company.team\ndisabled: true\n")
    assert (await call("GET", f"{BASE}/company.team/new")).json["disabled"] is True
    assert (await post(call, "/enable/by-query?filters[namespace][EQUALS]=company.team", None)).json == {"count": 1}
    assert (await call("GET", f"{BASE}/company.team/new")).json["disabled"] is False
    assert (await post(call, "/disable/by-query?all=true", None)).json == {"count": len(FLOWS) + 1}
    assert all(loaded.flow.disabled for loaded in call.node.catalog.served())
    odd = b"id: odd\nnamespace: company\ndisabled: &x false\nvariables: {y: *x}\ntasks: [{id: a, type: core.debug.Return}]\n"
    assert (await post(call, "", odd)).status == 200
    assert (await post(call, "/disable/by-query?flowId=odd", None)).status == 409


async def test_flows_are_deleted_by_ids_and_by_query(call: Client) -> None:
    """A dry run only counts."""
    for id_ in ("a", "b", "c"):
        await post(call, "", text(id_))
    gone = await call("DELETE", f"{BASE}/delete/by-ids", [{"namespace": "company.team", "id": "a"}], **JSON)
    assert (gone.json, await served(call)) == ({"count": 1}, ["company.team.b", "company.team.c"])
    target = f"{BASE}/delete/by-query?namespace=company"
    before = await audit(call)
    assert (await call("DELETE", f"{target}&dryRun=true")).json == {"count": 2}
    assert (await post(call, "/disable/by-query?all=true&dryRun=true", None)).json == {"count": len(FLOWS) + 2}
    assert (len(await served(call)), await audit(call)) == (2, before)
    assert (await call("DELETE", target)).json == {"count": 2}
    assert (await served(call), len(call.node.catalog.names())) == ([], len(FLOWS))


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("DELETE", "/delete/by-query", 400),
        ("DELETE", "/delete/by-query?namspace=t", 400),
        ("DELETE", "/delete/by-query?dryRun=true", 400),
        ("DELETE", "/delete/by-query?filters[namespce][EQUALS]=t", 400),
        ("DELETE", "/delete/by-query?filters[or][0][flowId][EQUALS]=hello&filters[or][1][flowId][EQUALS]=hook", 400),
        ("POST", "/disable/by-query", 400),
        ("POST", "/enable/by-query?size=1", 400),
    ],
)
async def test_a_change_by_query_needs_to_be_meant(call: Client, method: str, path: str, status: int) -> None:
    """What is misspelt changes nothing."""
    assert (await call(method, f"{BASE}{path}")).status == status
    assert len(call.node.catalog.names()) == len(FLOWS)
    assert await audit(call) == []


async def test_one_that_is_not_there_stops_all(call: Client) -> None:
    """By ids all are looked at first."""
    ids = [{"namespace": "t", "id": "hello"}, {"namespace": "t", "id": "none"}]
    assert (await call("DELETE", f"{BASE}/delete/by-ids", ids, **JSON)).status == 404
    assert (await post(call, "/disable/by-ids", ids)).status == 404
    for wrong in ([{"namespace": "t"}], {"id": "a"}, [{"namespace": "../t", "id": "x"}]):
        assert (await post(call, "/disable/by-ids", wrong)).status == 422
    assert (await post(call, "/disable/by-ids", [])).json == {"count": 0}
    assert (await call("DELETE", f"{BASE}/delete/by-ids", [], **JSON)).json == {"count": 0}
    assert len(call.node.catalog.names()) == len(FLOWS)


async def test_old_revisions_go(call: Client) -> None:
    """Not the newest one, nor one that an execution has."""
    for version in ("one", "two", "three", "four"):
        await post(call, "/bulk", text(version=version))
    target = f"{BASE}/company.team/new/revisions"
    assert (await call("DELETE", f"{target}?revisions=1,2")).status == 204
    assert [flow["revision"] for flow in (await call("GET", target)).json] == [3, 4]
    for wrong, status in (("?revisions=4", 409), ("?revisions=9", 404), ("?revisions=x", 400), ("", 400), ("?revisions=-1", 400)):
        assert (await call("DELETE", f"{target}{wrong}")).status == status
    await call.node.start("company.team", "new")
    await post(call, "/bulk", text(version="five"))
    refused = await call("DELETE", f"{target}?revisions=3&revisions=4")
    assert (refused.status, "executions have revision 4" in refused.json["message"]) == (409, True)
    assert [flow["revision"] for flow in (await call("GET", target)).json] == [4, 5]


@pytest.mark.parametrize(("grant", "there", "elsewhere"), [(Grant(Role.EDITOR, "company"), 200, 404), (Grant(Role.VIEWER), 403, 403)])
async def test_who_may(call: Client, monkeypatch: pytest.MonkeyPatch, grant: Grant, there: int, elsewhere: int) -> None:
    """In one's own namespaces; what is in others' is not there."""
    await post(call, "", text())
    await as_caller(call, monkeypatch, grant)
    assert (await call("PUT", f"{BASE}/company.team/new", text(version="two"), **YAML)).status == there
    assert (await post(call, "", text("mine"))).status == there
    assert (await post(call, "", text("theirs", "t"))).status == elsewhere
    assert (await post(call, "/bulk", text("mine2") + b"---\n" + text("theirs", "t"))).status == elsewhere
    assert (await post(call, "/t?delete=true", b"")).status == elsewhere
    assert (await post(call, "/bulk?namespace=t", b"")).status == elsewhere
    assert (await call("DELETE", f"{BASE}/t/hello")).status == elsewhere
    assert (await post(call, "/disable/by-ids", [{"namespace": "t", "id": "hello"}])).status == elsewhere
    monkeypatch.undo()
    assert "t.hello" in call.node.catalog.names()
    assert "t.theirs" not in call.node.catalog.names()
    assert "company.team.mine2" not in call.node.catalog.names()


async def test_a_change_by_query_is_of_ones_own(call: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """`all=true` is all that one may."""
    await post(call, "", text())
    await as_caller(call, monkeypatch, Grant(Role.EDITOR, "company"), Grant(Role.VIEWER, "t"))
    assert (await call("DELETE", f"{BASE}/delete/by-query?all=true&dryRun=true")).json == {"count": 1}
    assert (await call("DELETE", f"{BASE}/delete/by-query?all=true")).json == {"count": 1}
    assert len(call.node.catalog.names()) == len(FLOWS)


async def test_no_body_deletes_no_flows(tmp_path: Path) -> None:
    """It is a mistake; an empty list says that all are to go."""
    async with api(tmp_path) as call:
        for path in ("/api/v1/main/flows/t", "/api/v1/main/flows/bulk?namespace=t"):
            assert (await call("POST", path, b"")).status == 400
        assert len((await call("GET", "/api/v1/main/flows/t")).json) > 0
