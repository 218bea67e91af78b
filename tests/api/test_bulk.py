"""A change of many is bounded, and says what it could not do."""

from pathlib import Path

import pytest

from onbeat.api import bulk
from onbeat.errors import Refused
from onbeat.ports import ExecutionSummary
from tests.api.client import api
from tests.api.shapes import ask
from tests.api.test_execution_bulk import BASE, change, started


async def test_it_goes_page_by_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the size of a page, each is changed once; those that come meanwhile are not among them."""
    monkeypatch.setattr(bulk, "_PAGE", 2)
    async with api(tmp_path) as call:
        ids = await started(call, *["hello"] * 5, wait=True)
        assert await change(call, "replay/by-query?flowId=hello") == {"count": 5}
        assert (await call("GET", f"{BASE}/search?flowId=hello")).json["total"] == 10
        assert await change(call, "replay/by-ids", [*ids, ids[0]]) == {"count": 5}


async def test_what_changed_meanwhile_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By query in a good answer, by ids as a refusal that says how many were changed."""
    async with api(tmp_path) as call:
        one, other = await started(call, "sleep", "sleep")

        async def kill(id_: str) -> None:
            if id_ == one:
                raise Refused("it ended")

        monkeypatch.setattr(type(call.node), "kill", lambda self, id_: kill(id_))
        assert await change(call, "kill/by-query?flowId=sleep", method="DELETE") == {
            "count": 1,
            "refused": [{"message": "it ended", "invalidValue": one, "path": "execution"}],
        }
        refused = await ask(call, "DELETE", f"{BASE}/kill/by-ids", [one, other])
        assert (refused.status, refused.json["detail"]) == (400, "bulk kill: 1 were changed, 1 were not")
        assert refused.json["invalids"] == [{"message": "it ended", "invalidValue": one, "path": "execution"}]


async def test_some_at_a_time() -> None:
    """Each is done once, and a bug is not taken for a refusal."""
    done: list[str] = []

    async def do(id_: str) -> None:
        done.append(id_)
        if id_ == "7":
            raise Refused("no")

    assert await bulk.one_by_one(do)([_summary(str(n)) for n in range(100)]) == {"7": "no"}
    assert sorted(done) == sorted(map(str, range(100)))

    async def broken(id_: str) -> None:
        raise KeyError(id_)

    with pytest.RaisesGroup(KeyError):
        await bulk.one_by_one(broken)([_summary("1")])


def _summary(id_: str) -> ExecutionSummary:
    return ExecutionSummary(id=id_, namespace="t", flow="f", revision=1, state=bulk.ENDED[0], created=0, correlation_id=id_)
