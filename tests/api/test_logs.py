"""Lines that tasks logged: of one execution, of all, as text, live, gone."""

from pathlib import Path

import pytest

from onbeat.api.logs import line_text
from onbeat.core.access import Grant, Role
from onbeat.core.times import from_iso
from onbeat.ports import LogLine, Work
from tests.api.client import Client, api
from tests.api.shapes import ask
from tests.api.test_lookup import as_caller

EXECUTIONS = "/api/v1/main/executions"
BASE = "/api/v1/main/logs"
AT = from_iso("2026-11-21T12:00:00Z")


async def logged(call: Client, *lines: tuple[str, str], flow: str = "sleep") -> str:
    """An execution that has these lines, (level, message)."""
    id_: str = (await call("POST", f"{EXECUTIONS}/t/{flow}")).json["id"]
    rows = [
        LogLine(execution=id_, at=AT + n, level=level, message=message, run=n % 2, task=f"t{n % 2}", attempt=1 + n % 2)
        for n, (level, message) in enumerate(lines)
    ]
    await call.node.store.write(Work(logs=tuple(rows)))
    return id_


async def test_lines_of_an_execution(tmp_path: Path) -> None:
    """Level, message and task; by level, task, task run and attempt; `after` gives only what is newer."""
    async with api(tmp_path) as call:
        id_ = await logged(call, ("INFO", "a"), ("WARN", "b"), ("ERROR", "c"), ("DEBUG", "d"))

        async def shown(query: str = "") -> list[str]:
            return [line["message"] for line in (await ask(call, "GET", f"{BASE}/{id_}?{query}")).json]

        assert await shown() == ["a", "b", "c", "d"]
        assert await shown("minLevel=WARN") == ["b", "c"]
        assert await shown("taskId=t1") == ["b", "d"]
        assert await shown(f"taskRunId={id_}-1") == ["b", "d"]
        assert await shown("attempt=0&size=1") == ["a"]
        assert await shown("attempt=1&minLevel=ERROR") == []
        first = (await call("GET", f"{BASE}/{id_}?size=1")).json[0]
        assert (first["level"], first["taskId"], first["taskRunId"], first["attemptNumber"]) == ("INFO", "t0", None, 0)
        assert await shown(f"after={first['seq']}") == ["b", "c", "d"]
        assert (await call("GET", f"{BASE}/{id_}?minLevel=LOUD")).status == 400
        assert (await call("GET", f"{BASE}/{'0' * 22}")).status == 404


async def test_lines_of_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found by level, text and flow; pages go on by a cursor; others' lines are not among them."""
    async with api(tmp_path) as call:
        await logged(call, ("INFO", "one apple"), ("ERROR", "two apples"))
        await logged(call, ("INFO", "three pears"), flow="pause")

        async def found(query: str) -> list[str]:
            return [line["message"] for line in (await ask(call, "GET", f"{BASE}/search?{query}")).json["results"]]

        assert sorted(await found("")) == ["one apple", "three pears", "two apples"]
        assert await found("q=APPLE&sort=timestamp:asc") == ["one apple", "two apples"]
        assert await found("minLevel=ERROR") == ["two apples"]
        assert await found("filters[level][EQUALS]=ERROR") == ["two apples"]
        assert await found("flowId=pause&namespace=t") == ["three pears"]
        page = (await ask(call, "GET", f"{BASE}/search?size=2")).json
        assert (page["total"], page["type"]) == (3, "OFFSET")
        rest = (await ask(call, "GET", f"{BASE}/search?size=2&cursor={page['nextCursor']}")).json
        assert (len(rest["results"]), rest["type"], rest["nextCursor"]) == (1, "CURSOR", None)
        assert {line["seq"] for line in page["results"] + rest["results"]} == {1, 2, 3}
        assert (await call("GET", f"{BASE}/search?cursor=x")).status == 400
        assert (await call("GET", f"{BASE}/search?level=INFO&lvl=1")).status == 400
        await as_caller(call, monkeypatch, Grant(Role.VIEWER, "other"))
        assert (await call("GET", f"{BASE}/search")).json["total"] == 0


async def test_lines_as_text(tmp_path: Path) -> None:
    """Each as one line, with what a terminal would act on taken out."""
    async with api(tmp_path) as call:
        id_ = await logged(call, ("INFO", "\x1b[31mred\x1b[0m"), ("WARN", "two\nlines"))
        answer = await call("GET", f"{BASE}/{id_}/download")
        assert answer.headers["content-type"].startswith("text/plain")
        assert answer.headers["content-disposition"] == f'attachment; filename="{id_}.log"'
        assert answer.body.decode() == ("2026-11-21T12:00:00.000000Z INFO  t0: red\n2026-11-21T12:00:00.000001Z WARN  t1: two\n    lines\n")
        assert (await call("GET", f"{BASE}/{id_}/download?minLevel=ERROR")).body == b""


def test_no_message_looks_like_another_line() -> None:
    """What follows its first line is indented, and nothing in it moves the cursor."""
    text = line_text(LogLine(execution="e", at=AT, level="INFO", message="x\r\n2026-11-21T12:00:00Z ERROR fake\x1b[1A\x07\u202e"))
    assert text == "2026-11-21T12:00:00.000000Z INFO  x\n    2026-11-21T12:00:00Z ERROR fake␇\ufffd\n"


async def test_lines_are_followed(tmp_path: Path) -> None:
    """Those that are there, those that come, and the end; after a place only what is newer."""
    async with api(tmp_path) as call:
        id_ = await logged(call, ("INFO", "a"), ("DEBUG", "b"))
        async with call.stream(f"{BASE}/{id_}/follow?minLevel=INFO") as frames:
            name, place, line = await anext(frames)
            assert (name, line["message"], line["executionId"]) == ("progress", "a", id_)
            log = call.node.logs.open(id_, 1, "t1", 1)
            log("ERROR", "c")
            await call.node.logs.flush()
            assert (await anext(frames))[2]["message"] == "c"
            await call("DELETE", f"{EXECUTIONS}/{id_}/kill")
            assert [name async for name, _, _ in frames][-1] == "end"
        async with call.stream(f"{BASE}/{id_}/follow", last_event_id=str(place)) as frames:
            assert [line.get("message") async for _, _, line in frames][:2] == ["b", "c"]


async def test_lines_are_deleted(tmp_path: Path) -> None:
    """Of an execution that has ended, of some levels; of all executions of a flow."""
    async with api(tmp_path) as call:
        id_ = await logged(call, ("INFO", "a"), ("ERROR", "b"))
        assert (await call("DELETE", f"{BASE}/{id_}")).status == 409
        await call("DELETE", f"{EXECUTIONS}/{id_}/kill")
        await call.node.engine.ended(id_)
        assert (await call("DELETE", f"{BASE}/{id_}?taskId=t0")).status == 400
        assert (await ask(call, "DELETE", f"{BASE}/{id_}?minLevel=ERROR")).status == 204
        assert "b" not in [line["message"] for line in (await call("GET", f"{BASE}/{id_}")).json]
        assert (await call("DELETE", f"{BASE}/t/sleep?triggerId=x")).status == 204
        assert (await ask(call, "DELETE", f"{BASE}/t/sleep")).status == 204
        assert (await call("GET", f"{BASE}/{id_}")).json == []
