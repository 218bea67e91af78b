"""Executions over HTTP: Kestra's paths and JSON."""

from pathlib import Path

from tests.api.client import Client, api

BASE = "/api/v1/main/executions"


async def wait(call: Client, id_: str) -> dict[str, object]:
    """The execution when it has ended."""
    await call.node.engine.ended(id_)
    shown: dict[str, object] = (await call("GET", f"{BASE}/{id_}")).json
    return shown


async def test_start_with_inputs_and_wait(tmp_path: Path) -> None:
    """The answer is Kestra's execution: state with history, inputs, outputs, task runs, labels."""
    async with api(tmp_path) as call:
        answer = await call("POST", f"{BASE}/t/hello?wait=true&labels=team:blue", {"name": "Ada"})
        assert answer.status == 200
        shown = answer.json
        assert shown["state"]["current"] == "SUCCESS"
        assert [each["state"] for each in shown["state"]["histories"]] == ["CREATED", "RUNNING", "SUCCESS"]
        assert shown["outputs"] == {"text": "Hello Ada"}
        assert {"key": "team", "value": "blue"} in shown["labels"]
        assert [(run["taskId"], run["state"]["current"], len(run["attempts"])) for run in shown["taskRunList"]] == [("say", "SUCCESS", 1)]


async def test_wrong_starts_create_nothing(tmp_path: Path) -> None:
    """Unknown flow 404 with the nearest name, wrong inputs 422 with their name, a body that is no object 400."""
    async with api(tmp_path) as call:
        missing = await call("POST", f"{BASE}/t/helo")
        assert missing.status == 404
        assert "did you mean `t.hello`" in missing.json["detail"]
        assert (await call("POST", f"{BASE}/t/hello", {"name": {"a": 1}})).status in (200, 422)
        assert (await call("POST", f"{BASE}/t/hello", b"[1]")).status == 400
        assert (await call("POST", f"{BASE}/t/hello", b"{")).status == 400
        assert (await call("POST", f"{BASE}/t/hello", b"x" * 200_000)).status == 413


async def test_search_pages_newest_first(tmp_path: Path) -> None:
    """By flow and state, page by page with `before`; a misspelt filter is refused, not ignored."""
    async with api(tmp_path) as call:
        ids = [(await call("POST", f"{BASE}/t/hello?wait=true")).json["id"] for _ in range(5)]
        await call("POST", f"{BASE}/t/sleep")
        first = (await call("GET", f"{BASE}/search?flowId=hello&namespace=t&size=3")).json
        assert first["total"] == 5
        second = (await call("GET", f"{BASE}/search?flowId=hello&namespace=t&size=3&before={first['results'][-1]['id']}")).json
        assert sorted(each["id"] for each in first["results"] + second["results"]) == sorted(ids)
        by_page = (await call("GET", f"{BASE}/search?flowId=hello&namespace=t&size=3&page=2")).json
        assert by_page["results"] == second["results"]
        running = (await call("GET", f"{BASE}/search?state=RUNNING&state=CREATED")).json
        assert [each["flowId"] for each in running["results"]] == ["sleep"]
        wrong = await call("GET", f"{BASE}/search?flowid=hello")
        assert wrong.status == 400
        assert "flowId" in wrong.json["detail"]
        assert (await call("GET", f"{BASE}/search?state=NOPE")).status == 400


async def test_kill_and_what_cannot_be_killed(tmp_path: Path) -> None:
    """202 for a running one, 409 for an ended one, 404 for none."""
    async with api(tmp_path) as call:
        id_ = (await call("POST", f"{BASE}/t/sleep")).json["id"]
        assert (await call("DELETE", f"{BASE}/{id_}/kill")).status == 202
        assert (await wait(call, id_))["state"]["current"] == "KILLED"  # type: ignore[index]
        assert (await call("DELETE", f"{BASE}/{id_}/kill")).status == 409
        assert (await call("DELETE", f"{BASE}/nope/kill")).status == 404


async def test_resume_with_answers(tmp_path: Path) -> None:
    """A missing answer is a 422 and it stays paused; then 204 and it ends; then 409."""
    async with api(tmp_path) as call:
        id_ = (await call("POST", f"{BASE}/t/pause")).json["id"]
        missing = await call("POST", f"{BASE}/{id_}/resume")
        assert missing.status == 422
        assert "ok" in missing.json["detail"]
        assert (await call("POST", f"{BASE}/{id_}/resume", {"ok": True})).status == 204
        assert (await wait(call, id_))["state"]["current"] == "SUCCESS"  # type: ignore[index]
        assert (await call("POST", f"{BASE}/{id_}/resume", {"ok": True})).status == 409


async def test_pause_by_hand(tmp_path: Path) -> None:
    """Only a RUNNING one."""
    async with api(tmp_path) as call:
        id_ = (await call("POST", f"{BASE}/t/sleep")).json["id"]
        assert (await call("POST", f"{BASE}/{id_}/pause")).json["state"]["current"] == "PAUSED"
        assert (await call("POST", f"{BASE}/{id_}/pause")).status == 409


async def test_restart(tmp_path: Path) -> None:
    """The failed task runs again; one in which nothing failed is refused."""
    async with api(tmp_path) as call:
        id_ = (await call("POST", f"{BASE}/t/fails?wait=true")).json["id"]
        assert (await call("POST", f"{BASE}/{id_}/restart")).status == 200
        shown = await wait(call, id_)
        assert shown["state"]["current"] == "SUCCESS"  # type: ignore[index]
        assert shown["metadata"]["attemptNumber"] == 2  # type: ignore[index]
        assert (await call("POST", f"{BASE}/{id_}/restart")).status == 409


async def test_logs_go_on_from_a_seq(tmp_path: Path) -> None:
    """Level, message and task; `after` gives only what is newer."""
    async with api(tmp_path) as call:
        id_ = (await call("POST", f"{BASE}/t/hello?wait=true", {"name": "Ada"})).json["id"]
        lines = (await call("GET", f"/api/v1/main/logs/{id_}")).json
        assert [(line["level"], line["message"], line["taskId"]) for line in lines] == [("INFO", "Hello Ada", "say")]
        assert (await call("GET", f"/api/v1/main/logs/{id_}?after={lines[-1]['seq']}")).json == []
        assert (await call("GET", "/api/v1/main/logs/nope")).status == 404
