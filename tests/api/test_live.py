"""Lists of executions while it happens."""

from pathlib import Path

import pytest

from onbeat.api import stream
from onbeat.api.access import Access
from onbeat.core.access import Caller, Grant, Role
from onbeat.engine import watching
from onbeat.errors import Unauthorized
from tests.api.client import Client, api

BASE = "/api/v1/main/executions"


async def hello(call: Client) -> str:
    """An execution that has ended."""
    id_: str = (await call("POST", f"{BASE}/t/hello?wait=true", {"name": "Ada"})).json["id"]
    return id_


async def test_a_list_is_followed(tmp_path: Path) -> None:
    """The page as a search answers it, then what became of it; what it does not mean any more is gone."""
    async with api(tmp_path) as call:
        before = await hello(call)
        async with call.stream(f"{BASE}/follow?state=SUCCESS&state=PAUSED") as frames:
            name, _, page = await anext(frames)
            assert (name, page) == ("snapshot", (await call("GET", f"{BASE}/search?state=SUCCESS&state=PAUSED")).json)
            assert [each["id"] for each in page["results"]] == [before]
            waiting = (await call("POST", f"{BASE}/t/pause")).json["id"]
            seen: dict[str, str] = {}
            places = []
            while seen.get(waiting) != "PAUSED":
                name, place, told = await anext(frames)
                assert name == "changes"
                places.append(place)
                seen |= {each["id"]: each["state"]["current"] for each in told["changed"]} | dict.fromkeys(told["gone"], "gone")
            await call("DELETE", f"{BASE}/{waiting}/kill")
            while seen[waiting] != "gone":
                _, place, told = await anext(frames)
                places.append(place)
                seen |= {each["id"]: each["state"]["current"] for each in told["changed"]} | dict.fromkeys(told["gone"], "gone")
            assert places == sorted(set(places))


async def test_who_comes_back_hears_what_he_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a snapshot; too late, with one."""
    async with api(tmp_path) as call:
        await hello(call)
        async with call.stream(f"{BASE}/follow") as frames:
            _, place, _ = await anext(frames)
        missed = await hello(call)
        async with call.stream(f"{BASE}/follow", last_event_id=str(place)) as frames:
            name, _, told = await anext(frames)
            assert (name, [each["id"] for each in told["changed"]]) == ("changes", [missed])
        monkeypatch.setattr(watching, "MOST", 2)
        async with call.stream(f"{BASE}/follow?after={place}") as frames:
            assert [(await anext(frames))[0] for _ in range(2)] == ["reset", "snapshot"]


async def test_a_misspelt_filter_is_refused(tmp_path: Path) -> None:
    """Before anything is sent."""
    async with api(tmp_path) as call:
        wrong = await call("GET", f"{BASE}/follow?stat=FAILED")
        assert (wrong.status, "`state`" in wrong.json["detail"]) == (400, True)


@pytest.mark.parametrize("path", ["{base}/follow", "{base}/{id}/follow", "/api/v1/main/events/onbeat.executions/tail?from=earliest"])
@pytest.mark.parametrize("lost", ["grants", "token"])
async def test_who_loses_his_access_loses_the_stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, lost: str) -> None:
    """With the next thing that would be told."""
    grants = [Grant(Role.OPERATOR)]

    async def caller(self: Access, request: object) -> Caller:
        if not grants:
            raise Unauthorized("revoked")
        return Caller("ada", "user", tuple(grants))

    monkeypatch.setattr(Access, "caller", caller)
    monkeypatch.setattr(stream, "_ASKED_AGAIN", 0.0)
    monkeypatch.setattr(stream, "_HEARTBEAT", 0.01)
    async with api(tmp_path) as call:
        id_ = (await call("POST", f"{BASE}/t/pause")).json["id"]
        async with call.stream(path.format(base=BASE, id=id_)) as frames:
            await anext(frames)
            grants[:] = [] if lost == "token" else [Grant(Role.OPERATOR, "elsewhere")]
            assert [name async for name, _, _ in frames if name == "end"] == []
