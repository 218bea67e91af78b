"""Many executions are changed at once: those that are named, or that a query means."""

from pathlib import Path
from typing import Any

import pytest

from onbeat.core.access import Grant, Role
from onbeat.core.states import State
from tests.api.client import Client, api
from tests.api.shapes import ask
from tests.api.test_lookup import as_caller

BASE = "/api/v1/main/executions"


async def started(call: Client, *flows: str, wait: bool = False) -> list[str]:
    """The ids of executions of these flows."""
    return [(await call("POST", f"{BASE}/t/{flow}?wait={str(wait).lower()}")).json["id"] for flow in flows]


async def states(call: Client, ids: list[str]) -> list[str]:
    """In which state they are."""
    return [(await call("GET", f"{BASE}/{id_}")).json["state"]["current"] for id_ in ids]


async def reach(call: Client, ids: list[str], state: State) -> None:
    """Wait until all are in that state."""
    for id_ in ids:
        while True:
            end = await call.node.store.journal_end()
            found = await call.node.store.load(id_)
            if found is not None and found.state is state:
                break
            await call.node.store.wait_journal(end)


async def change(call: Client, what: str, body: Any = None, method: str = "POST") -> Any:
    """The JSON of a change that is made."""
    answer = await ask(call, method, f"{BASE}/{what}", body)
    assert answer.status == 200, answer.body
    return answer.json


async def test_kill_by_ids_and_by_query(tmp_path: Path) -> None:
    """Those that run are killed; of what a query finds only those that have not ended."""
    async with api(tmp_path) as call:
        (ended,) = await started(call, "hello", wait=True)
        ids = await started(call, "sleep", "sleep", "sleep")
        assert await change(call, "kill/by-ids", ids[:1], "DELETE") == {"count": 1}
        await reach(call, ids[:1], State.KILLED)
        assert await change(call, "kill/by-query?namespace=t&dryRun=true", method="DELETE") == {"count": 2}
        assert await change(call, "kill/by-query?namespace=t", method="DELETE") == {"count": 2}
        await reach(call, ids, State.KILLED)
        assert await states(call, [ended]) == ["SUCCESS"]


async def test_one_bad_id_changes_nothing(tmp_path: Path) -> None:
    """400 as Kestra's, with those that are the reason."""
    async with api(tmp_path) as call:
        (ended,) = await started(call, "hello", wait=True)
        (runs,) = await started(call, "sleep")
        refused = await call("DELETE", f"{BASE}/kill/by-ids", [runs, ended, "nope"], content_type="application/json")
        assert refused.status == 400
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json["message"] == "invalid bulk kill: nothing was changed"
        assert {each["invalidValue"]: each["message"] for each in refused.json["invalids"]} == {
            ended: "execution already finished",
            "nope": "execution not found",
        }
        assert "KILL" not in (await states(call, [runs]))[0]


async def test_a_change_by_query_needs_a_filter(tmp_path: Path) -> None:
    """A misspelt one is refused and not taken for none; `all=true` says that all are meant."""
    async with api(tmp_path) as call:
        ids = await started(call, "sleep")
        for query, words in (
            ("", "needs a filter"),
            ("?dryRun=true", "needs a filter"),
            ("?flowid=sleep", "did you mean `flowId`"),
            ("?filters[flowIds][EQUALS]=sleep", "did you mean `flowId`"),
            ("?all=yes", "`all` is true or false"),
            ("?scope=USER", "name the namespace"),
            ("?namespace=", "`namespace` is empty"),
            ("?namespace=t&state=", "`state` is empty"),
            ("?flowId=sleep&labels=", "`labels` is empty"),
        ):
            refused = await call("DELETE", f"{BASE}/kill/by-query{query}")
            assert refused.status == 400, query
            assert words in refused.json["detail"]
        assert await change(call, "kill/by-query?all=true", method="DELETE") == {"count": 1}
        await reach(call, ids, State.KILLED)


async def test_pause_and_resume(tmp_path: Path) -> None:
    """What runs is paused, what is paused goes on."""
    async with api(tmp_path) as call:
        ids = await started(call, "sleep", "sleep")
        await reach(call, ids, State.RUNNING)
        assert await change(call, "pause/by-ids", ids) == {"count": 2}
        assert await states(call, ids) == ["PAUSED", "PAUSED"]
        assert await change(call, "resume/by-query?state=PAUSED&dryRun=true") == {"count": 2}
        assert await change(call, "resume/by-query?flowId=sleep") == {"count": 2}
        await reach(call, ids, State.RUNNING)
        assert await change(call, "force-run/by-ids", ids) == {"count": 2}
        assert await change(call, "unqueue/by-query?flowId=sleep") == {"count": 0}
        refused = await call("POST", f"{BASE}/unqueue/by-ids?state=CANCELLED", ids, content_type="application/json")
        assert refused.status == 422


async def test_restart_and_replay(tmp_path: Path) -> None:
    """Failed ones run again; one in which nothing failed is refused before any is begun; replays are new ones."""
    async with api(tmp_path) as call:
        good, bad = await started(call, "hello", "fails", wait=True)
        refused = await call("POST", f"{BASE}/restart/by-ids", [bad, good], content_type="application/json")
        assert [each["invalidValue"] for each in refused.json["invalids"]] == [good]
        assert await states(call, [bad]) == ["FAILED"]
        assert await change(call, "restart/by-query?namespace=t") == {"count": 1}
        await reach(call, [bad], State.SUCCESS)
        assert await change(call, "replay/by-ids?latestRevision=true", [good, bad]) == {"count": 2}
        assert await change(call, "replay/by-query?flowId=hello") == {"count": 2}
        total = (await call("GET", f"{BASE}/search")).json["total"]
        assert total == 6


async def test_labels_and_status(tmp_path: Path) -> None:
    """Labels are added; a state in which executions end is given, and no other."""
    async with api(tmp_path) as call:
        ids = await started(call, "hello", "fails", wait=True)
        labels = [{"key": "team", "value": "blue"}]
        assert await change(call, "labels/by-ids", {"executionsId": ids[:1], "executionLabels": labels}) == {"count": 1}
        assert await change(call, "labels/by-query?labels=team:blue", [{"key": "seen", "value": "yes"}]) == {"count": 1}
        assert (await call("GET", f"{BASE}/search?labels=seen:yes&labels=team:blue")).json["total"] == 1
        reserved = [{"key": "system.x", "value": "y"}]
        assert (await call("POST", f"{BASE}/labels/by-query?flowId=hello", reserved, content_type="application/json")).status == 422
        assert await change(call, "change-status/by-ids?newStatus=WARNING", ids[1:]) == {"count": 1}
        assert await states(call, ids) == ["SUCCESS", "WARNING"]
        assert await change(call, "change-status/by-query?newStatus=FAILED&flowId=hello") == {"count": 1}
        sent = {"content_type": "application/json"}
        assert (await call("POST", f"{BASE}/change-status/by-ids?newStatus=RUNNING", ids, **sent)).status == 422
        assert (await call("POST", f"{BASE}/change-status/by-ids", ids, **sent)).status == 400


async def test_others_are_not_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A query means the caller's own; another's id is not there."""
    async with api(tmp_path) as call:
        ids = await started(call, "sleep")
        await as_caller(call, monkeypatch, Grant(Role.OPERATOR, "other"))
        assert await change(call, "kill/by-query?all=true", method="DELETE") == {"count": 0}
        refused = await call("DELETE", f"{BASE}/kill/by-ids", ids, content_type="application/json")
        assert refused.json["invalids"][0]["message"] == "execution not found"
        await as_caller(call, monkeypatch, Grant(Role.VIEWER, "t"))
        assert (await call("DELETE", f"{BASE}/kill/by-query?all=true")).status == 403


async def test_what_was_changed_is_in_the_audit_log(tmp_path: Path) -> None:
    """By which query, and how many; a dry run is no change."""
    async with api(tmp_path) as call:
        await started(call, "sleep")
        await change(call, "kill/by-query?flowId=sleep&dryRun=true", method="DELETE")
        await change(call, "kill/by-query?flowId=sleep", method="DELETE")
        row, *_ = await call.node.queries.audit()
        assert (row.action, row.after) == ("execution.kill", {"query": {"flowId": "sleep"}, "count": 1})
