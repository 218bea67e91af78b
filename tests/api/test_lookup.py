"""One execution is found for who may see it."""

from pathlib import Path

import pytest

from onbeat.api.access import Access
from onbeat.core.access import Caller, Grant, Role
from tests.api.client import Client, api

BASE = "/api/v1/main/executions"


async def as_caller(call: Client, monkeypatch: pytest.MonkeyPatch, *grants: Grant) -> None:
    """All requests from now on are those of somebody with these grants."""

    async def caller(self: Access, request: object) -> Caller:
        return Caller("ada", "user", grants)

    monkeypatch.setattr(Access, "caller", caller)


@pytest.mark.parametrize(
    ("grant", "seen", "killed"),
    [
        (Grant(Role.ADMIN), 200, 409),
        (Grant(Role.OPERATOR, "t"), 200, 409),
        (Grant(Role.VIEWER, "t"), 200, 403),
        (Grant(Role.VIEWER), 200, 403),
        (Grant(Role.EDITOR, "other"), 404, 404),
        (Grant(Role.EDITOR, "t.below"), 404, 404),
    ],
)
async def test_who_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, grant: Grant, seen: int, killed: int) -> None:
    """What is another's is not there; what may be seen and not changed is forbidden. It had ended: a kill that may be is refused."""
    async with api(tmp_path) as call:
        id_ = (await call("POST", f"{BASE}/t/hello?wait=true", {"name": "Ada"})).json["id"]
        await as_caller(call, monkeypatch, grant)
        assert (await call("GET", f"{BASE}/{id_}")).status == seen
        missing = (await call("GET", f"{BASE}/{'0' * 22}")).json["detail"]
        refused = await call("DELETE", f"{BASE}/{id_}/kill")
        assert refused.status == killed
        if killed == 404:
            assert refused.json["detail"] == missing.replace("0" * 22, id_)
        found = (await call("GET", f"{BASE}/search")).json
        assert (found["total"], len(found["results"])) == ((1, 1) if seen == 200 else (0, 0))
