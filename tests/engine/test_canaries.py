"""No secret is found where it was not meant to be: fifty canaries through every path, then all of the data and all answers searched."""

import asyncio
import base64
import tarfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web

from onbeat.cli.backup import backup
from onbeat.core.states import State
from onbeat.daemon import running
from onbeat.engine.inputs import Upload
from onbeat.engine.node import Node
from onbeat.ports import Outcome, TaskContext, TaskFailed
from onbeat.stores.sqlite import SqliteStore
from tests.api.client import TOKEN, Client
from tests.engine import canaries
from tests.engine.families import until
from tests.engine.harness import settings_for, write_flows
from tests.plugins.http.server import Server

FLOWS = Path(__file__).parent / "canary_flows"
CANARIES = canaries.make(20)
SHORT = "q7!"


@pytest.fixture
async def outside() -> AsyncIterator[Server]:
    """A server that gives back what it is given."""
    made = Server()

    async def echo(request: web.Request) -> web.Response:
        body = made.bodies[-1]
        return web.Response(
            body=body, status=500 if request.path == "/refused" else 200, headers={"X-Echo": request.headers.get("X-Key", "")}
        )

    made.answers = {"/echo": echo, "/refused": echo, "/download": {"text": f"a file with {CANARIES[33]}"}}
    runner = web.ServerRunner(web.Server(made))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


def _places(folder: Path) -> dict[str, str]:
    """The secrets: some in the environment, some in files; the others are set by the API."""
    files = folder / "secrets"
    files.mkdir()
    for number in range(20, 30):
        (files / f"C{number}").write_text(CANARIES[number])
    known = {f"SECRET_C{number}": base64.b64encode(CANARIES[number].encode()).decode() for number in range(20)}
    return {**known, "SECRET_SHORT": base64.b64encode(SHORT.encode()).decode()}


async def _raises(context: TaskContext) -> Outcome:
    raise ValueError(f"bug with {CANARIES[34]}")


async def _fails(context: TaskContext) -> Outcome:
    raise TaskFailed(f"fails with {CANARIES[35]}", {"seen": CANARIES[35]})


async def _lived(node: Node, client: Client, folder: Path) -> list[bytes]:
    """All of it happens; every answer of the API."""
    answers: list[bytes] = []

    async def call(method: str, target: str, body: Any = None, **headers: str) -> Any:
        found = await client(method, target, body, **headers)
        answers.append(found.body + repr(found.headers).encode())
        return orjson.loads(found.body) if found.body else None

    base = "/api/v1/main"
    for number in range(30, canaries.COUNT):
        if number not in (40, 41, 42):
            where = "shop.vault" if number % 2 else "shop"
            await call("PUT", f"{base}/namespaces/{where}/secrets/C{number}", {"value": CANARIES[number]}, content_type="application/json")
    await call("PUT", f"{base}/namespaces/shop.vault/kv/by_api", {"v": CANARIES[36]})
    (folder / "upload").write_text(f"uploaded {CANARIES[37]}")
    given = {"pin": CANARIES[40], "text": f"text {CANARIES[38]}", "data": {"d": [CANARIES[39]]}}
    execution = await node.start(
        "shop.vault", "all", given, files={"file": Upload(folder / "upload", "up.txt")}, labels={"l": CANARIES[43]}
    )
    await until(node, execution.id, State.PAUSED)
    await node.resume(execution.id, {"code": CANARIES[41], "note": CANARIES[44]}, comment=CANARIES[45])
    ended = await node.engine.ended(execution.id)
    problems = {run.task: run.error for run in ended.runs.values() if run.error}
    assert ended.state is State.WARNING, list(problems.items())[4:]
    assert set(problems) == {"refused", "looped", "fail", "raises", "fails", "bad"}, problems
    hooked = {"own": CANARIES[42], "known": CANARIES[46]}
    await call(
        "POST",
        f"{base}/executions/webhook/shop.vault/hook/a-key-of-the-test",
        hooked,
        authorization=f"Bearer {CANARIES[47]}",
        cookie=CANARIES[48],
    )
    await call("POST", f"{base}/events/buried", {"x": CANARIES[49]})
    await call("POST", f"{base}/events/told", {"d": CANARIES[49]})
    async with asyncio.timeout(20):
        flows: set[str] = set()
        while flows != {"all", "child", "hears", "after", "hook"}:
            summaries = await node.queries.executions()
            flows = {(await node.engine.ended(each.id)).head.flow for each in summaries}
    found_all = (await call("GET", f"{base}/executions/search?size=100"))["results"]
    for each in found_all:
        assert each["state"]["current"] in ("SUCCESS", "WARNING"), each
        await call("GET", f"{base}/executions/{each['id']}")
        await call("GET", f"{base}/logs/{each['id']}")
    for key in ("held", "made", "by_api"):
        await call("GET", f"{base}/namespaces/shop.vault/kv/{key}")
    dead = (await call("GET", f"{base}/events/dead/list"))["results"]
    assert len(dead) == 1
    await call("GET", f"{base}/events/dead/{dead[0]['id']}")
    await call("POST", f"{base}/events/dead/{dead[0]['id']}/replay")
    await call("GET", f"{base}/namespaces/shop.vault/secrets")
    await call("POST", f"{base}/secrets/rotate")
    await call("GET", f"{base}/executions/{CANARIES[30]}")
    rows = await node.store.journal(0, 10_000)
    answers.append(orjson.dumps([node.projection.event(row) for row in rows]))
    for each in found_all:
        answers.append("".join([line.message for line in await node.queries.logs(each["id"], limit=10_000)]).encode())
    return answers


async def test_no_canary_is_found_anywhere(
    tmp_path: Path, outside: Server, deeds: dict[str, Callable[[TaskContext], Any]], capfd: pytest.CaptureFixture[str]
) -> None:
    """Not in the database nor its log, storage, backups, answers, events, lines; in no encoding. And the search finds what is planted."""
    deeds.update(raises=_raises, fails=_fails)
    folder = tmp_path / "home"
    folder.mkdir()
    flows = {path.name: path.read_text().replace("URL", outside.url) for path in FLOWS.glob("*.yaml")}
    write_flows(folder, flows)
    settings = settings_for(folder, secrets_dir=tmp_path / "secrets")
    async with running(settings, SqliteStore(settings.data), environment=_places(tmp_path)) as node:
        answers = await _lived(node, Client(node, TOKEN), tmp_path)
        leaks = canaries.found_under(settings.data, CANARIES)
        await asyncio.to_thread(backup, tmp_path / "backup.tar", settings.data)
    with tarfile.open(tmp_path / "backup.tar") as tar:
        assert not [name for name in tar.getnames() if "key" in name]
    said = capfd.readouterr()
    everything = b"\n".join([*answers, (tmp_path / "backup.tar").read_bytes(), said.out.encode(), said.err.encode()])
    leaks += [*canaries.found_under(settings.data, CANARIES), *(("answers", *found) for found in canaries.found_in(everything, CANARIES))]
    assert not leaks, "\n".join(f"{CANARIES.index(canary)} {encoding} in {where}" for where, canary, encoding in leaks)
    assert f'"{SHORT}"'.encode() not in everything
    seen = b"".join(outside.bodies) + "".join(str(request.url.query) + str(request.headers) for request in outside.seen).encode()
    assert {CANARIES.index(canary) for canary, _ in canaries.found_in(seen, CANARIES)} >= {16, 17, 18, 19}, "what is meant to get them does"
    for number, (encoding, written) in enumerate(canaries.encodings(CANARIES[0]).items()):
        planted = settings.data / "storage" / f"planted{number}"
        planted.write_bytes(b"some text " + written[0] + b" and more")
        assert (f"storage/planted{number}", CANARIES[0], encoding) in canaries.found_under(settings.data, CANARIES)
