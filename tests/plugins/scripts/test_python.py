"""Python scripts and commands: whose interpreter, what can be imported, what stays behind."""

import sys
from pathlib import Path

import pytest

from onbeat.plugins.scripts.python import PythonCommands, PythonScript
from onbeat.ports import TaskFailed
from tests.plugins.scripts.conftest import Worked
from tests.plugins.scripts.wheels import make_wheel


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


async def test_a_script_runs_with_our_interpreter_and_imports_its_files(world: Worked) -> None:
    """Its traceback names its lines."""
    (world.folder / "mine.py").write_text("X = 7")
    script = "import sys, mine\nprint(sys.executable, mine.X)\nraise ValueError('no')\n"
    with pytest.raises(TaskFailed, match="exit code 1"):
        await world.run(PythonScript, {"script": script})
    assert world.log.lines[0] == ("INFO", f"{sys.executable} 7")
    assert any('.work.1.py", line 3' in line for _, line in world.log.lines)


async def test_a_script_with_commands_before_it_runs_in_a_shell(world: Worked) -> None:
    """They may set what it needs."""
    await world.run(PythonScript, {"script": "import os; print(os.environ['X'])", "beforeCommands": ["export X=1"]})
    assert world.log.lines == [("INFO", "1")]


async def test_commands_find_our_interpreter(world: Worked) -> None:
    """`python` is the one that runs onbeat, with what is installed beside it."""
    (world.folder / "main.py").write_text("import sys; print(sys.prefix, sys.argv[1])")
    await world.run(PythonCommands, {"commands": ["python main.py a"]})
    assert world.log.lines == [("INFO", f"{sys.prefix} a")]


async def test_lines_come_as_they_are_printed(fake: Worked) -> None:
    """Python would hold them back when its output is no terminal; the flow's own variables win."""
    await fake.run(PythonScript, {"script": "x", "env": {"PATH": "/mine", "PYTHONPATH": "/also"}})
    env = fake.processes.asked[0]["env"]
    assert (env["PYTHONUNBUFFERED"], env["PATH"]) == ("1", "/mine")
    assert env["PYTHONPATH"].startswith("/also:")


async def test_kestras_library_is_there(world: Worked) -> None:
    """Kestra's scripts import it; where it is not installed ours stands in."""
    outcome = await world.run(PythonScript, {"script": "from kestra import Kestra\nKestra.outputs({'a': [1]})\nKestra.counter('n', 2)"})
    assert outcome.outputs is not None
    assert outcome.outputs["vars"] == {"a": [1]}
    assert [(metric.type, metric.name, metric.value) for metric in outcome.metrics] == [("counter", "n", 2.0)]


async def test_what_pip_installs_goes_with_the_attempt(world: Worked) -> None:
    """In Kestra it goes with the container; here it would change the environment that runs onbeat."""
    wheel = make_wheel(world.folder, "brought", "WORD = 'hi'")
    install = f"python -m pip install --quiet --no-index --disable-pip-version-check {wheel}"
    await world.run(PythonCommands, {"commands": [install, "python -c 'import brought; print(brought.WORD)'"]})
    assert world.log.lines == [("INFO", "hi")]
    assert names(world.folder.parent) == ["work"]
    with pytest.raises(TaskFailed):
        await world.run(PythonCommands, {"commands": ["python -c 'import brought'"]})


async def test_dependencies_can_be_imported(world: Worked, tmp_path: Path) -> None:
    """By the script and by its commands; the environment that runs onbeat knows nothing of them."""
    wheel = make_wheel(tmp_path, "needed", "WORD = 'here'")
    world.settings["environments"] = str(tmp_path / "environments")
    options = {"dependencies": [f"needed @ file://{wheel}"]}
    await world.run(PythonScript, {**options, "script": "import needed; print(needed.WORD)"})
    await world.run(PythonCommands, {**options, "commands": ["python -c 'import needed; print(needed.WORD)'"]})
    assert [line for _, line in world.log.lines if line == "here"] == ["here", "here"]
    assert len(names(tmp_path / "environments")) == 1


async def test_an_environment_that_is_not_to_be_kept_goes_with_the_attempt(world: Worked, tmp_path: Path) -> None:
    """`dependencyCacheEnabled: false`."""
    wheel = make_wheel(tmp_path, "needed", "")
    options = {"dependencies": [f"needed @ file://{wheel}"], "dependencyCacheEnabled": False}
    world.settings["environments"] = str(tmp_path / "environments")
    await world.run(PythonScript, {**options, "script": "import needed"})
    assert names(tmp_path) == [wheel.name, "work"]
