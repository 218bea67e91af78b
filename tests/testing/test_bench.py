"""A throw-away node; what happens on it is in test_case.py and test_arrivals.py."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from onbeat.core.states import State
from onbeat.daemon import running
from onbeat.settings import Settings
from onbeat.testing.bench import Bench, bench, environment_of, settings_of, short_names
from onbeat.testing.clock import START
from onbeat.testing.library import Library
from onbeat.testing.mocks import Mock
from onbeat.testing.model import Given
from onbeat.testing.virtual import VirtualLoop

HOUR = 3_600_000_000
WAITS = "id: waits\nnamespace: shop\ntasks: [{id: pause, type: core.flow.Pause, pauseDuration: P30D}, {id: ask, type: core.flow.Pause}]\n"


def on(folder: Path, work: Callable[[Bench], Awaitable[None]], given: Given | None = None) -> None:
    """Do something on a bench with a flow that waits."""
    (folder / "waits.yaml").write_text(WAITS)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        async with bench(running, Settings(), given or Given(), loop) as made:
            await made.serve(Library().read(folder / "waits.yaml"))
            await made.listen()
            await work(made)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(main())


def test_time_goes_on_only_when_nothing_else_does(tmp_path: Path):
    """Rule 1: and then at once to what is due, a month later."""

    async def work(made: Bench) -> None:
        execution = await made.node.start("shop", "waits")
        await made.drive(START + HOUR)
        assert made.clock.now() == START + HOUR
        assert await made.next_due() == START + 30 * 24 * HOUR
        moves = list[int]()
        while (due := await made.next_due()) is not None:
            moves.append(due)
            made.clock.move(due)
            await made.rest()
        assert moves == [START + 30 * 24 * HOUR]
        assert (await made.node.engine.load(execution.id)).state is State.PAUSED

    on(tmp_path, work)


def test_what_can_never_go_on_is_told(tmp_path: Path):
    """Rule 2: with the task."""

    async def work(made: Bench) -> None:
        await made.node.start("shop", "waits")
        await made.drive(START + 40 * 24 * HOUR)
        assert await made.waits() == ["shop.waits (PAUSED) waits for a resume of task `ask`"]
        assert await made.asking() == made.executions[0]
        assert await made.of_flow("shop", "waits") == made.executions
        assert await made.of_flow("shop", "other") == []

    on(tmp_path, work)


def test_nothing_of_the_machine_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Rule 3: neither secrets nor brokers nor folders."""
    monkeypatch.setenv("SECRET_MINE", "bWluZQ==")
    monkeypatch.setenv("ENV_MINE", "mine")
    given = Given(secrets={"own": "s"}, envs={"stage": "t"})
    assert environment_of(Settings(), given) == {"SECRET_OWN": "cw==", "ENV_STAGE": "t"}
    settings = settings_of(Settings(bus="kafka", sinks=["mqtt"], flows=[tmp_path]), tmp_path)
    assert (settings.bus, settings.sinks, settings.flows, settings.watch) == ("embedded", [], [], False)


def test_types_are_mocked_by_their_short_names():
    """As flows may write them long."""
    mock = Mock()
    assert short_names({"io.kestra.plugin.core.log.Log": mock, "task": mock, "a.b/task": mock}).keys() == {
        "core.log.Log",
        "task",
        "a.b/task",
    }


def test_values_and_files_are_kept(tmp_path: Path):
    """Files have addresses by their names."""

    async def work(made: Bench) -> None:
        await made.keep("shop", Given(files={"a/b.txt": "one"}))
        assert made.files == {"a/b.txt": "kestra:///shop/_files/a/b.txt"}
        assert await made.node.storage.get(made.files["a/b.txt"]) == b"one"
        assert made.with_files({"x": "{{ files['a/b.txt'] }}", "y": 1}) == {"x": made.files["a/b.txt"], "y": 1}

    on(tmp_path, work)
