"""What `onbeat run` shows and prints, from a node that runs."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from onbeat.cli.report import Watch, conclude, report
from onbeat.core.states import State
from onbeat.daemon import running
from onbeat.daemon.logs import configure
from onbeat.ports import Work, Written
from onbeat.settings import Settings
from onbeat.stores.memory import MemoryStore
from tests.cli.conftest import reset_logs

FLOW = """
id: {id}
namespace: test
tasks:
  - id: each
    type: core.flow.ForEach
    values: ["a", "b"]
    tasks:
      - id: say
        type: core.log.Log
        message: "{{{{ taskrun.value }}}}"
  - id: end
    type: {end}
"""


@pytest.fixture(autouse=True)
def logs() -> Iterator[None]:
    """The daemon's own log as `run` has it: errors only, on stderr."""
    configure("json", "error")
    yield
    reset_logs()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a node that serves a flow that ends well and one that fails."""
    for id_, end in (("good", "core.log.Log\n    message: done"), ("bad", "core.execution.Fail\n    errorMessage: no")):
        (tmp_path / f"{id_}.yaml").write_text(FLOW.format(id=id_, end=end))
    return Settings(data=tmp_path / "data", flows=[tmp_path], triggers=[], watch=False, drain=0)


async def test_all_that_happens_is_shown_in_order(settings: Settings, capsys: pytest.CaptureFixture[str]):
    """Loop values beside their task, log lines before the end of their task, every execution of the node."""
    async with running(settings, MemoryStore(), sources=False) as node:
        await node.start("test", "good")
        await node.start("test", "bad")
        assert await Watch(node, quiet=False).until_ended(60, asyncio.Event()) is None
    shown = [" ".join(line.split()[1:]) for line in capsys.readouterr().out.splitlines()]
    for value in "ab":
        assert shown.index(f"RUNNING say [{value}]") < shown.index(f"INFO say: {value}") < shown.index(f"SUCCESS say [{value}]")
    assert shown.index("FAILED end no") < shown.index("FAILED test.bad")
    assert "SUCCESS test.good" in shown


async def test_quiet_shows_nothing(settings: Settings, capsys: pytest.CaptureFixture[str]):
    """stdout is for the JSON."""
    async with running(settings, MemoryStore(), sources=False) as node:
        await node.start("test", "good")
        assert await Watch(node, quiet=True).until_ended(60, asyncio.Event()) is None
    assert capsys.readouterr().out == ""


async def test_the_report_holds_all_executions_and_logs(settings: Settings, capsys: pytest.CaptureFixture[str]):
    """The one that was asked for, the others under `related`, the log lines of all."""
    async with running(settings, MemoryStore(), sources=False) as node:
        first, second = await node.start("test", "good"), await node.start("test", "bad")
        await Watch(node, quiet=True).until_ended(60, asyncio.Event())
        shown = await report(node, await node.engine.load(first.id))
        assert (await node.engine.load(second.id)).state is State.FAILED
        conclude(await node.engine.load(second.id))
    assert shown["id"] == first.id
    related, logs = shown["related"], shown["logs"]
    assert isinstance(related, list)
    assert isinstance(logs, list)
    assert [each["id"] for each in related] == [second.id]
    assert [line["message"] for line in logs if line["executionId"] == first.id] == ["a", "b", "done"]
    assert {line["executionId"] for line in logs} == {first.id, second.id}
    assert capsys.readouterr().out.splitlines()[-1] == "task end failed: no"


SHORT_PAUSE = """
id: short
namespace: test
tasks:
  - id: pause
    type: core.flow.Pause
    pauseDuration: PT0.05S
"""


class SlowAfterAPause(MemoryStore):
    """Takes what follows a pause only once the watcher has looked in vain: the pause's timer has fired by then."""

    def __init__(self) -> None:
        super().__init__()
        self.held = False
        self._looked = asyncio.Event()

    async def write(self, work: Work) -> Written:
        if work.appends:
            self.held = True
            await self._looked.wait()
        return await super().write(work)

    async def wait_journal(self, after: int) -> None:
        if self.held:
            self._looked.set()
        await super().wait_journal(after)


async def test_a_pause_that_just_ended_waits_for_nobody(settings: Settings, tmp_path: Path):
    """Its timer has fired and what follows is not written yet: the engine is at work."""
    (tmp_path / "short.yaml").write_text(SHORT_PAUSE)
    store = SlowAfterAPause()
    async with running(settings, store, sources=False) as node:
        execution = await node.start("test", "short")
        assert await Watch(node, quiet=True).until_ended(60, asyncio.Event()) is None
        assert (await node.engine.load(execution.id)).state is State.SUCCESS
    assert store.held
