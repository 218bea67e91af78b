"""Script tasks: with real processes for what they do, with fakes for what they ask."""

import asyncio
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from onbeat.core.states import State
from onbeat.engine.guard import Guard
from onbeat.engine.process import LocalProcesses
from onbeat.errors import UserError
from onbeat.plugins.scripts import PythonCommands, PythonScript, ShellCommands, ShellScript
from onbeat.ports import ProcessEnd, TaskFailed
from tests.plugins.context import FakeProcesses, FakeWorld


@pytest.fixture
async def world() -> AsyncIterator[FakeWorld]:
    """With real processes."""
    guard = Guard()
    yield FakeWorld(processes=LocalProcesses(guard))
    await guard.close()


@pytest.fixture
def fake() -> FakeWorld:
    """With processes that only remember."""
    return FakeWorld()


async def test_a_shell_script_gives_its_variables_and_counts(world: FakeWorld) -> None:
    """Kestra's outputs; stderr makes it a WARNING, as there."""
    script = """echo hi; echo '::{"outputs":{"a":[1]}}::'; echo oh >&2"""
    outcome = await world.run(ShellScript, {"script": script})
    assert outcome.state is State.WARNING
    assert outcome.outputs == {"exitCode": 0, "vars": {"a": [1]}, "outputFiles": {}, "stdOutLineCount": 2, "stdErrLineCount": 1}
    assert sorted(world.log.lines) == [("ERROR", "oh"), ("INFO", "hi")]


async def test_stderr_is_no_warning_when_the_flow_says_so(world: FakeWorld) -> None:
    """Many programs talk there."""
    assert (await world.run(ShellScript, {"script": "echo oh >&2", "warningOnStdErr": False})).state is State.SUCCESS


@pytest.mark.parametrize(
    ("script", "message"), [("exit 3", "Command failed with exit code 3"), ("kill -9 $$", "Command was ended by SIGKILL")]
)
async def test_a_failed_script_fails_the_task_and_keeps_its_outputs(world: FakeWorld, script: str, message: str) -> None:
    """What it said before is there."""
    with pytest.raises(TaskFailed) as failed:
        await world.run(ShellScript, {"script": """echo '::{"outputs":{"a":1}}::'; """ + script})
    assert str(failed.value) == message
    assert failed.value.outputs
    assert failed.value.outputs["vars"] == {"a": 1}


async def test_commands_share_a_shell_and_the_first_that_fails_ends_it(world: FakeWorld) -> None:
    """Unless `failFast: false`; then the last one counts."""
    options = {"beforeCommands": ["X=1"], "commands": ["false", "echo $X"]}
    with pytest.raises(TaskFailed):
        await world.run(ShellCommands, options)
    assert world.log.lines == []
    await world.run(ShellCommands, {**options, "failFast": False})
    assert world.log.lines == [("INFO", "1")]


async def test_set_e_is_only_for_shells(fake: FakeWorld) -> None:
    """Another interpreter would not know it."""
    await fake.run(ShellScript, {"script": "x", "interpreter": ["/usr/bin/bash", "-c"]})
    await fake.run(ShellScript, {"script": "x", "interpreter": ["node", "-e"]})
    assert [asked["argv"] for asked in fake.processes.asked] == [["/usr/bin/bash", "-c", "set -e\nx"], ["node", "-e", "x"]]


async def test_event_data_in_the_environment_is_data(world: FakeWorld) -> None:
    """Whatever it holds, no shell acts on it."""
    evil = "$(touch canary); `touch canary` ; '\" && touch canary\n--help"
    await world.run(ShellScript, {"script": 'printf "%s" "$X"; test ! -e canary', "env": {"X": evil}})
    assert "\n".join(line for _, line in world.log.lines) == evil


async def test_a_script_knows_which_attempt_it_is(world: FakeWorld) -> None:
    """For work that must be done once."""
    script = "echo $ONBEAT_EXECUTION $ONBEAT_TASK $ONBEAT_ATTEMPT $ONBEAT_IDEMPOTENCY_KEY; test $WORKING_DIR = $PWD; echo $N $B"
    await world.run(ShellScript, {"script": script, "env": {"N": 1.5, "B": True}}, attempt=2)
    assert world.log.lines == [("INFO", f"5Xkz6sVY0AFVuPuRMG3OQh work 2 {'k' * 32}"), ("INFO", "1.5 true")]


async def test_each_attempt_has_a_directory_of_its_own_that_goes_with_it(fake: FakeWorld) -> None:
    """Readable for this user only, and gone afterwards, whatever was left in it."""
    seen = []

    def act(folder: Path) -> None:
        seen.append(stat.S_IMODE(folder.stat().st_mode))
        (folder / "closed" / "deep").mkdir(parents=True)
        (folder / "closed").chmod(0)
        (folder / "link").symlink_to("/etc")

    fake.processes = FakeProcesses(act=act)
    await fake.run(ShellScript, {"script": "x"})
    await fake.run(ShellScript, {"script": "x"})
    folders = [asked["cwd"] for asked in fake.processes.asked]
    assert seen == [0o700, 0o700]
    assert folders[0] != folders[1]
    assert not any(folder.exists() for folder in folders)


async def test_a_cancelled_script_leaves_no_directory(fake: FakeWorld) -> None:
    """A kill cleans up too."""
    seen = []

    def act(folder: Path) -> None:
        seen.append(folder)
        raise asyncio.CancelledError

    fake.processes = FakeProcesses(act=act)
    with pytest.raises(asyncio.CancelledError):
        await fake.run(ShellScript, {"script": "x"})
    assert not seen[0].exists()


async def test_files_go_in_by_text_or_address_and_come_out_by_pattern(world: FakeWorld) -> None:
    """An address of storage is read, other values are the content."""
    world.storage.files["kestra:///in.bin"] = b"\0\1"
    options = {
        "inputFiles": {"a/in.bin": "kestra:///in.bin", "data.json": {"x": 1}, "text.txt": "ü"},
        "script": "cp a/in.bin a/out.bin; cat data.json text.txt > all.txt; touch none.log; mkdir a/d.bin",
        "outputFiles": ["a/*.bin", "**/*.txt", "all.txt", "missing.csv"],
    }
    outputs = (await world.run(ShellScript, options)).outputs
    assert outputs
    files = outputs["outputFiles"]
    assert list(files) == ["a/in.bin", "a/out.bin", "all.txt", "text.txt"]
    assert files["all.txt"] == f"kestra:///company.team/sales/executions/5Xkz6sVY0AFVuPuRMG3OQh/files/{'k' * 32}/1/all.txt"
    assert world.storage.files[files["a/out.bin"]] == b"\0\1"
    assert world.storage.files[files["all.txt"]] == '{"x":1}ü'.encode()
    assert world.log.lines == [("WARN", "`outputFiles`: there is no file `missing.csv`")]


async def test_input_files_may_be_json_text(fake: FakeWorld) -> None:
    """One expression may give them all."""
    seen = []
    fake.processes = FakeProcesses(act=lambda folder: seen.append((folder / "a").read_text()))
    await fake.run(ShellScript, {"script": "x", "inputFiles": '{"a": "b"}'})
    assert seen == ["b"]


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "", "a\0b"])
async def test_no_name_leads_out_of_the_directory(fake: FakeWorld, name: str) -> None:
    """Names may come from events."""
    with pytest.raises(UserError, match="is not a name inside the working directory"):
        await fake.run(ShellScript, {"script": "x", "inputFiles": {name: "x"}})
    assert fake.processes.asked == []
    with pytest.raises(UserError, match="is not a name inside the working directory"):
        await fake.run(ShellScript, {"script": "x", "outputFiles": [name]})


@pytest.mark.parametrize("make", ["ln -s /etc/passwd out.txt", "ln -s /etc sub && mkdir keep && ln -s ../sub/passwd keep/out.txt"])
async def test_a_link_out_of_the_directory_is_not_read(world: FakeWorld, make: str) -> None:
    """What the engine may read a script may not have it publish."""
    with pytest.raises(TaskFailed, match="is a link that leads out of the working directory"):
        await world.run(ShellScript, {"script": make, "outputFiles": ["**/out.txt"]})
    assert world.storage.files == {}


async def test_a_pipe_is_no_output_file(world: FakeWorld) -> None:
    """Reading it would wait for ever."""
    await world.run(ShellScript, {"script": "mkfifo out", "outputFiles": ["out"]})
    assert world.log.lines == [("WARN", "`outputFiles`: there is no file `out`")]


async def test_a_python_script_runs_with_our_interpreter_and_imports_its_files(world: FakeWorld) -> None:
    """Its traceback names its lines."""
    script = "import sys, mine\nprint(sys.executable, mine.X)\nraise ValueError('no')\n"
    with pytest.raises(TaskFailed, match="exit code 1"):
        await world.run(PythonScript, {"script": script, "inputFiles": {"mine.py": "X = 7"}})
    assert world.log.lines[0] == ("INFO", f"{sys.executable} 7")
    assert any('_script.py", line 3' in line for _, line in world.log.lines)


async def test_a_python_script_with_commands_before_it_runs_in_a_shell(world: FakeWorld) -> None:
    """They may set what it needs."""
    await world.run(PythonScript, {"script": "import os; print(os.environ['X'])", "beforeCommands": ["export X=1"]})
    assert world.log.lines == [("INFO", "1")]


async def test_python_commands_find_our_interpreter(world: FakeWorld) -> None:
    """`python` is the one that runs onbeat, with what is installed beside it."""
    await world.run(
        PythonCommands, {"commands": ["python main.py a"], "inputFiles": {"main.py": "import sys; print(sys.prefix, sys.argv[1])"}}
    )
    assert world.log.lines == [("INFO", f"{sys.prefix} a")]


async def test_lines_come_as_they_are_printed(fake: FakeWorld) -> None:
    """Python would hold them back when its output is no terminal; the flow's own variables win."""
    await fake.run(PythonScript, {"script": "x", "env": {"PATH": "/mine"}})
    env = fake.processes.asked[0]["env"]
    assert (env["PYTHONUNBUFFERED"], env["PATH"]) == ("1", "/mine")


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
async def test_options_of_other_runners_are_taken(fake: FakeWorld, options: dict[str, Any]) -> None:
    """Kestra's flows run; that an image is not used is said."""
    assert (await fake.run(ShellScript, {"script": "x", **options})).state is State.SUCCESS
    assert bool(fake.log.lines) == bool({"containerImage", "docker"} & options.keys())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"taskRunner": {"type": "io.kestra.plugin.scripts.runner.docker.Docker"}}, "`scripts.runner.docker.Docker` is not available yet"),
        ({"runner": "DOCKER"}, "`DOCKER` is not available yet"),
        ({"namespaceFiles": {"enabled": True}}, "`namespaceFiles` are not available yet"),
        ({"dependencies": ["requests"]}, "`dependencies` are not installed yet"),
    ],
)
async def test_what_is_not_available_is_said_with_the_cure(fake: FakeWorld, options: dict[str, Any], message: str) -> None:
    """Before anything is run."""
    with pytest.raises(UserError, match=message):
        await fake.run(PythonScript, {"script": "x", **options})
    assert fake.processes.asked == []


async def test_metrics_are_among_the_outputs(fake: FakeWorld) -> None:
    """When the script gave some."""
    fake.processes = FakeProcesses(ProcessEnd(code=0, metrics=({"name": "n", "value": 1},)))
    outputs = (await fake.run(ShellScript, {"script": "x"})).outputs
    assert outputs
    assert outputs["metrics"] == [{"name": "n", "value": 1}]


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({}, ("script",)),
        ({"script": ""}, ("script",)),
        ({"script": "x", "scrpt": 1}, ("scrpt",)),
        ({"script": "x", "interpreter": []}, ("interpreter",)),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, Any], where: tuple[str, ...]) -> None:
    """Unknown keys too."""
    with pytest.raises(ValidationError) as wrong:
        ShellScript.model_validate(options)
    assert [error["loc"] for error in wrong.value.errors()] == [where]


def test_a_script_takes_a_place_for_processes() -> None:
    """So that a thousand flows do not start a thousand programs."""
    assert {kind.place for kind in (ShellScript, ShellCommands, PythonScript, PythonCommands)} == {"process"}
