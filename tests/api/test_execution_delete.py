"""Executions are deleted, with what belongs to them."""

from pathlib import Path

from tests.api.client import api
from tests.api.shapes import ask
from tests.api.test_execution_bulk import BASE, change, started


async def test_one_is_deleted_with_what_belongs_to_it(tmp_path: Path) -> None:
    """It and its lines are not there any more; one that runs is refused until it is killed."""
    async with api(tmp_path) as call:
        (ended,) = await started(call, "hello", wait=True)
        (runs,) = await started(call, "sleep")
        assert (await call("DELETE", f"{BASE}/{runs}")).status == 409
        assert (await call("DELETE", f"{BASE}/{ended}?deleteLog=false")).status == 400
        assert (await ask(call, "DELETE", f"{BASE}/{ended}")).status == 204
        assert (await call("GET", f"{BASE}/{ended}")).status == 404
        assert (await call("DELETE", f"{BASE}/{ended}")).status == 404
        assert await call.node.queries.logs(ended) == []


async def test_lines_stay_when_told(tmp_path: Path) -> None:
    """`deleteLogs=false`."""
    async with api(tmp_path) as call:
        (ended,) = await started(call, "hello", wait=True)
        assert (await call("DELETE", f"{BASE}/{ended}?deleteLogs=false")).status == 204
        assert len(await call.node.queries.logs(ended)) == 1


async def test_many_are_deleted(tmp_path: Path) -> None:
    """By ids all or none, by query those that have ended; those that run only when told, and killed before."""
    async with api(tmp_path) as call:
        ids = await started(call, "hello", "hello", "fails", wait=True)
        (runs,) = await started(call, "sleep")
        refused = await call("DELETE", f"{BASE}/by-ids", [ids[0], runs], content_type="application/json")
        assert (refused.status, refused.json["invalids"][0]["invalidValue"]) == (400, runs)
        assert await change(call, "by-ids", ids[:1], "DELETE") == {"count": 1}
        assert await change(call, "by-query?namespace=t&dryRun=true", method="DELETE") == {"count": 2}
        assert await change(call, "by-query?namespace=t&state=FAILED", method="DELETE") == {"count": 1}
        assert await change(call, "by-query?namespace=t", method="DELETE") == {"count": 1}
        assert (await call("GET", f"{BASE}/search")).json["total"] == 1
        assert (await call("DELETE", f"{BASE}/by-query")).status == 400
        assert await change(call, "by-ids?includeNonTerminated=true", [runs], "DELETE") == {"count": 1}
        assert (await call("GET", f"{BASE}/search")).json["total"] == 0
