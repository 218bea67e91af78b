"""The audit log over HTTP: added to by routes, read by admins, changed by nobody."""

from pathlib import Path

import pytest
from starlette.requests import Request

from onbeat.api.audit import audited
from onbeat.core.access import ADMIN_TOKEN
from tests.api.house import JSON, House, house

AUDIT = "/api/v1/main/audit"


async def do(home: House, what: str, after: object = None) -> None:
    """Something that a route does and writes down."""
    request = Request({"type": "http", "app": type("App", (), {"state": type("State", (), {"node": home.node})})})
    request.state.caller = ADMIN_TOKEN
    await audited(request, "flow.update", what, None, after)  # type: ignore[arg-type]


async def test_what_a_route_did_is_read(tmp_path: Path) -> None:
    """Newest first, by whom and what, page by page, with secrets hidden."""
    async with house(tmp_path) as home:
        await home.by("root", "PATCH", "/api/v1/users/ada", {"disabled": True})
        for number in range(5):
            await do(home, f"flow:shop.f{number}", {"token": "x", "n": number})
        page = (await home.by("root", "GET", f"{AUDIT}?size=2")).json
        assert [row["what"] for row in page["results"]] == ["flow:shop.f4", "flow:shop.f3"]
        assert page["results"][0].items() >= {"who": "admin-token", "action": "flow.update", "before": None}.items()
        assert page["results"][0]["after"] == {"token": "********", "n": 4}
        page = (await home.by("root", "GET", f"{AUDIT}?size=2&before={page['next']}")).json
        assert [row["what"] for row in page["results"]] == ["flow:shop.f2", "flow:shop.f1"]
        rows = (await home.by("root", "GET", f"{AUDIT}?who=root")).json
        assert [(row["action"], row["what"]) for row in rows["results"]] == [("user.change", "user:ada")]
        assert rows["next"] is None
        assert rows["results"][0]["at"] == "2026-01-01T00:00:00.000000Z"
        assert (rows["results"][0]["before"]["disabled"], rows["results"][0]["after"]["disabled"]) == (False, True)
        assert len((await home.by("root", "GET", f"{AUDIT}?what=flow:shop.f1")).json["results"]) == 1


@pytest.mark.parametrize("query", ["size=0", "size=x", "before=-1", "size=99999999999999999", "whom=ada", "before=1.5", "before="])
async def test_a_bad_question_is_refused(tmp_path: Path, query: str) -> None:
    """A misspelt filter must not show all."""
    async with house(tmp_path) as home:
        assert (await home("GET", f"{AUDIT}?{query}")).status == 400


async def test_only_admins_read_it_and_nobody_changes_it(tmp_path: Path) -> None:
    """There is no route that would."""
    async with house(tmp_path) as home:
        assert (await home.by("ada", "GET", AUDIT)).status == 403
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            assert (await home(method, AUDIT, {}, **JSON)).status == 405
            assert (await home(method, f"{AUDIT}/1", {}, **JSON)).status == 404
