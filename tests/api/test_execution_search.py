"""Executions are found by what is asked for, and by nothing else."""

from pathlib import Path

import pytest

from onbeat.core.access import Grant, Role
from onbeat.ports import ExecutionFilter
from tests.api.client import Client, api
from tests.api.shapes import ask
from tests.api.test_lookup import as_caller

BASE = "/api/v1/main/executions"


async def run(call: Client, flow: str, query: str = "") -> str:
    """The id of an execution of a flow that has ended."""
    id_: str = (await call("POST", f"{BASE}/t/{flow}?wait=true{query}")).json["id"]
    return id_


async def found(call: Client, query: str) -> list[str]:
    """The flows of what a search finds."""
    return [each["flowId"] for each in (await ask(call, "GET", f"{BASE}/search?{query}")).json["results"]]


async def test_search_by_everything(tmp_path: Path) -> None:
    """Kestra's filters and its flat parameters find the same; each must hold."""
    async with api(tmp_path) as call:
        await run(call, "hello", "&labels=team:blue")
        await run(call, "fails", "&labels=team:red")
        for query in (
            "state=SUCCESS",
            "labels=team:blue",
            "filters[labels][EQUALS][team]=blue",
            "flowId=hello",
            "filters[flowId][EQUALS]=hello",
            "filters[state][NOT_IN]=FAILED",
            "q=hello",
            "namespace=t&filters[state][EQUALS]=SUCCESS&timeRange=P1D",
        ):
            assert await found(call, query) == ["hello"], query
        assert await found(call, "namespace=t") == ["fails", "hello"]
        assert await found(call, "childFilter=CHILD") == []
        assert await found(call, "sort=flowId:asc") == ["fails", "hello"]
        assert await found(call, "sort=flowId:desc") == ["hello", "fails"]
        assert await found(call, "sort=state.startDate:asc&size=1&page=2") == ["fails"]
        assert await found(call, "size=1000&page=10000") == []


async def test_what_a_list_says_of_an_execution(tmp_path: Path) -> None:
    """State with its instants and how long it took, labels with the correlation id."""
    async with api(tmp_path) as call:
        id_ = await run(call, "hello", "&labels=team:blue")
        (line,) = (await ask(call, "GET", f"{BASE}/search")).json["results"]
        assert (line["id"], line["namespace"], line["flowId"], line["flowRevision"]) == (id_, "t", "hello", 1)
        assert line["state"]["current"] == "SUCCESS"
        assert line["state"]["duration"].startswith("PT")
        assert [each["state"] for each in line["state"]["histories"]] == ["CREATED", "SUCCESS"]
        assert {"key": "team", "value": "blue"} in line["labels"]
        assert {"key": "system.correlationId", "value": id_} in line["labels"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("flowid=hello", "did you mean `flowId`"),
        ("sort=flow", "cannot sort by `flow`"),
        ("sort=flowId:asc&before=x", "`before` goes on in the order of creation"),
        ("size=many", "query.size"),
        ("filters[flowId][CONTAINS]=h", "use EQUALS"),
    ],
)
async def test_what_cannot_be_asked_is_refused(tmp_path: Path, query: str, words: str) -> None:
    """With the right name, and nothing is found instead."""
    async with api(tmp_path) as call:
        refused = await call("GET", f"{BASE}/search?{query}")
        assert refused.status == 400
        assert words in refused.json["detail"]


async def test_latest_of_flows(tmp_path: Path) -> None:
    """The last one of each flow that has one; of what the caller may see."""
    async with api(tmp_path) as call:
        await run(call, "hello")
        last = await run(call, "hello")
        asked = [{"namespace": "t", "id": "hello"}, {"namespace": "t", "id": "sleep"}]
        (one,) = (await ask(call, "POST", f"{BASE}/latest", asked)).json
        assert (one["id"], one["flowId"], one["status"]) == (last, "hello", "SUCCESS")
        assert (await call("POST", f"{BASE}/latest", {"namespace": "t"}, content_type="application/json")).status == 422


async def test_distinct_values(tmp_path: Path) -> None:
    """Of namespaces, flows and states; others are refused."""
    async with api(tmp_path) as call:
        await run(call, "hello")
        await run(call, "fails")
        target = f"{BASE}/distinct-field-values"
        assert (await ask(call, "GET", f"{target}?field=FLOW_ID")).json == ["fails", "hello"]
        assert (await ask(call, "GET", f"{target}?field=flowId&size=1")).json == ["fails"]
        assert (await ask(call, "GET", f"{target}?field=STATE&flowId=fails")).json == ["FAILED"]
        assert (await ask(call, "GET", f"{target}?field=NAMESPACE")).json == ["t"]
        refused = await call("GET", f"{target}?field=NAMESPACES")
        assert "did you mean `NAMESPACE`" in refused.json["detail"]


async def test_what_can_be_started(tmp_path: Path) -> None:
    """Namespaces, their flows by what they are and not by what they do; how long a flow takes."""
    async with api(tmp_path) as call:
        assert (await ask(call, "GET", f"{BASE}/namespaces")).json == ["t"]
        flows = (await ask(call, "GET", f"{BASE}/namespaces/t/flows")).json
        loops = next(each for each in flows if each["id"] == "loops")
        assert loops["tasks"][0]["tasks"] == [{"id": "bad", "type": "io.kestra.plugin.core.execution.Fail"}]
        hello = (await ask(call, "GET", f"{BASE}/flows/t/hello?revision=1")).json
        assert (hello["id"], [each["id"] for each in hello["inputs"]]) == ("hello", ["name"])
        assert (await call("GET", f"{BASE}/flows/t/hello?revision=2")).status == 404
        target = f"{BASE}/namespaces/t/flows/hello/average-duration"
        assert (await ask(call, "GET", target)).json == {"avgDurationMs": None, "count": 0}
        await run(call, "hello")
        assert (await ask(call, "GET", target)).json["count"] == 1


async def test_others_are_not_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is asked for, only of the caller's namespaces."""
    async with api(tmp_path) as call:
        await run(call, "hello")
        await as_caller(call, monkeypatch, Grant(Role.EDITOR, "other"))
        assert (await call("GET", f"{BASE}/search?namespace=t")).json == {"results": [], "total": 0}
        assert (await call("GET", f"{BASE}?namespace=t&flowId=hello")).json == {"results": [], "total": 0}
        sent = {"content_type": "application/json"}
        assert (await call("POST", f"{BASE}/latest", [{"namespace": "t", "id": "hello"}], **sent)).json == []
        assert (await call("GET", f"{BASE}/distinct-field-values?field=NAMESPACE")).json == []
        assert (await call("GET", f"{BASE}/namespaces")).json == []
        assert (await call("GET", f"{BASE}/namespaces/t/flows")).status == 404
        assert (await call("GET", f"{BASE}/flows/t/hello")).status == 404


async def test_as_a_table(tmp_path: Path) -> None:
    """A line for each, whatever their number; what is asked for, and nothing else."""
    async with api(tmp_path) as call:
        id_ = await run(call, "hello", "&labels=team:=blue")
        await run(call, "fails")
        answer = await call("GET", f"{BASE}/export/by-query/csv?filters[flowId][EQUALS]=hello")
        head, line = answer.body.decode().splitlines()
        assert head.startswith("id,namespace,flowId,flowRevision,state,startDate")
        assert line.startswith(f"{id_},t,hello,1,SUCCESS,2")
        assert answer.headers["content-type"].startswith("text/csv")
        assert (await call("GET", f"{BASE}/export/by-query/csv?flow=hello")).status == 400


async def test_what_one_page_shows_is_not_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full page is, and a later one: `total` is right in each."""
    async with api(tmp_path) as call:
        for _ in range(3):
            await run(call, "hello")
        counted: list[ExecutionFilter] = []
        count = call.node.queries.count

        async def counting(wanted: ExecutionFilter, limit: int) -> int:
            counted.append(wanted)
            return await count(wanted, limit)

        monkeypatch.setattr(call.node.queries, "count", counting)
        assert (await call("GET", f"{BASE}/search?flowId=hello")).json["total"] == 3
        assert counted == []
        assert (await call("GET", f"{BASE}/search?flowId=hello&size=3")).json["total"] == 3
        assert (await call("GET", f"{BASE}/search?flowId=hello&size=2&page=2")).json["total"] == 3
        assert len(counted) == 2


async def test_a_revision_beyond_all_numbers_is_refused(tmp_path: Path) -> None:
    """It was given to the database, which has no such number: a 500."""
    async with api(tmp_path) as call:
        assert (await call("GET", f"{BASE}/flows/t/hello?revision=1")).status == 200
        assert (await call("GET", f"{BASE}/flows/t/hello?revision=11080561964125848029681470353790992384")).status == 400
