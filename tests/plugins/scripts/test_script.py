"""What all script tasks have in common: with real processes for what they do, with fakes for what they ask."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from onbeat.core.states import State
from onbeat.errors import UserError
from onbeat.plugins.scripts import PROVIDES, PythonScript, ShellCommands, ShellScript
from onbeat.ports import Metric, ProcessEnd, TaskFailed
from tests.plugins.context import FakeProcesses
from tests.plugins.scripts.conftest import Worked


async def test_a_script_gives_its_variables_and_counts(world: Worked) -> None:
    """Kestra's outputs; stderr makes it a WARNING, as there."""
    script = """echo hi; echo '::{"outputs":{"a":[1]}}::'; echo oh >&2"""
    outcome = await world.run(ShellScript, {"script": script})
    assert outcome.state is State.WARNING
    assert outcome.outputs == {"exitCode": 0, "vars": {"a": [1]}, "outputFiles": {}, "stdOutLineCount": 2, "stdErrLineCount": 1}
    assert sorted(world.log.lines) == [("ERROR", "oh"), ("INFO", "hi")]


async def test_stderr_is_no_warning_when_the_flow_says_so(world: Worked) -> None:
    """Many programs talk there."""
    assert (await world.run(ShellScript, {"script": "echo oh >&2", "warningOnStdErr": False})).state is State.SUCCESS


@pytest.mark.parametrize(
    ("script", "message"), [("exit 3", "Command failed with exit code 3"), ("kill -9 $$", "Command was ended by SIGKILL")]
)
async def test_a_failed_script_fails_the_task_and_keeps_its_outputs(world: Worked, script: str, message: str) -> None:
    """What it said before is there."""
    with pytest.raises(TaskFailed) as failed:
        await world.run(ShellScript, {"script": """echo '::{"outputs":{"a":1}}::'; """ + script})
    assert str(failed.value) == message
    assert failed.value.outputs
    assert failed.value.outputs["vars"] == {"a": 1}


async def test_event_data_in_the_environment_is_data(world: Worked) -> None:
    """Whatever it holds, no shell acts on it."""
    evil = "$(touch canary); `touch canary` ; '\" && touch canary\n--help"
    await world.run(ShellScript, {"script": 'printf "%s" "$X"; test ! -e canary', "env": {"X": evil}})
    assert "\n".join(line for _, line in world.log.lines) == evil


async def test_a_script_knows_which_attempt_it_is(world: Worked) -> None:
    """For work that must be done once."""
    script = "echo $ONBEAT_EXECUTION $ONBEAT_TASK $ONBEAT_ATTEMPT $ONBEAT_IDEMPOTENCY_KEY; test $WORKING_DIR = $PWD; echo $N $B"
    await world.run(ShellScript, {"script": script, "env": {"N": 1.5, "B": True}}, attempt=2)
    assert world.log.lines == [("INFO", f"5Xkz6sVY0AFVuPuRMG3OQh work 2 {'k' * 32}"), ("INFO", "1.5 true")]


async def test_a_script_knows_its_trace(fake: Worked) -> None:
    """As other tools hand it on: `onbeat publish` in a script is part of it. Without a trace there is none."""
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    await fake.run(ShellScript, {"script": "x"}, traceparent=trace)
    await fake.run(ShellScript, {"script": "x"})
    assert [asked["env"].get("TRACEPARENT") for asked in fake.processes.asked] == [trace, None]


async def test_the_environment_may_be_json_text(fake: Worked) -> None:
    """One expression may give it all."""
    await fake.run(ShellScript, {"script": "x", "env": '{"A": 1}'})
    assert fake.processes.asked[0]["env"]["A"] == "1"


async def test_a_script_works_in_the_directory_of_its_attempt(fake: Worked) -> None:
    """Whoever lent it fills it and removes it."""
    await fake.run(ShellScript, {"script": "x"})
    assert fake.processes.asked[0]["cwd"] == fake.folder


async def test_the_file_of_a_script_does_not_stay(fake: Worked) -> None:
    """Other tasks share the directory, and what is left there may be kept as an output; nor after a kill."""
    seen: list[str] = []

    def act(folder: Path) -> None:
        seen.extend(path.name for path in folder.iterdir())
        raise asyncio.CancelledError

    fake.processes = FakeProcesses(act=act)
    with pytest.raises(asyncio.CancelledError):
        await fake.run(PythonScript, {"script": "x"}, attempt=2)
    assert seen == [".work.2.py"]
    assert list(fake.folder.iterdir()) == []


@pytest.mark.parametrize(
    "options",
    [
        {"taskRunner": {"type": "io.kestra.plugin.core.runner.Process"}},
        {"runner": "PROCESS"},
        {"targetOS": "LINUX"},
        {"namespaceFiles": {"enabled": False}},
        {"containerImage": "python:3.12"},
        {"docker": {"image": "python"}},
    ],
)
async def test_options_of_other_runners_are_taken(fake: Worked, options: dict[str, Any]) -> None:
    """Kestra's flows run; that an image is not used is said."""
    assert (await fake.run(ShellScript, {"script": "x", **options})).state is State.SUCCESS
    assert bool(fake.log.lines) == bool({"containerImage", "docker"} & options.keys())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"taskRunner": {"type": "io.kestra.plugin.scripts.runner.docker.Docker"}}, "`scripts.runner.docker.Docker` is not available"),
        ({"runner": "DOCKER"}, "`DOCKER` is not available"),
    ],
)
async def test_what_is_not_available_is_said_with_the_cure(fake: Worked, options: dict[str, Any], message: str) -> None:
    """Before anything is run."""
    with pytest.raises(UserError, match=message):
        await fake.run(ShellScript, {"script": "x", **options})
    assert fake.processes.asked == []


async def test_metrics_are_kept_as_metrics(fake: Worked) -> None:
    """And not among the outputs; what is none is told of and fails nothing."""
    metrics = ({"name": "n", "value": 1, "tags": {"a": 2}}, {"type": "timer", "name": "t", "value": 0}, {"name": "x", "value": "many"}, {})
    fake.processes = FakeProcesses(ProcessEnd(code=0, metrics=metrics))
    outcome = await fake.run(ShellScript, {"script": "x"})
    assert outcome.metrics == (
        Metric(type="counter", name="n", value=1.0, tags={"a": "2"}),
        Metric(type="timer", name="t", value=0.0),
    )
    assert outcome.outputs is not None
    assert "metrics" not in outcome.outputs
    assert [level for level, _ in fake.log.lines] == ["WARN", "WARN"]


async def test_metrics_of_a_script_that_fails_are_kept(fake: Worked) -> None:
    """What it had measured until then."""
    fake.processes = FakeProcesses(ProcessEnd(code=3, metrics=({"name": "n", "value": 1},)))
    with pytest.raises(TaskFailed) as failed:
        await fake.run(ShellScript, {"script": "exit 3"})
    assert failed.value.metrics == (Metric(type="counter", name="n", value=1.0),)


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({}, ("script",)),
        ({"script": ""}, ("script",)),
        ({"script": "x", "scrpt": 1}, ("scrpt",)),
        ({"script": "x", "interpreter": []}, ("interpreter",)),
        ({"script": "x", "env": "no map"}, ("env",)),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, Any], where: tuple[str, ...]) -> None:
    """Unknown keys too."""
    with pytest.raises(ValidationError) as wrong:
        ShellScript.model_validate(options)
    assert [error["loc"] for error in wrong.value.errors()] == [where]


@pytest.mark.parametrize("kind", PROVIDES)
def test_a_script_takes_a_place_for_processes_and_a_directory(kind: type[ShellCommands]) -> None:
    """So that a thousand flows do not start a thousand programs, and none of them works where the engine does."""
    assert kind.place == "process"
    assert kind.workspace
