"""The commands as a whole: help with an example for each, quick to load, near names for wrong ones."""

import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from onbeat import __version__
from onbeat.cli.app import app

HEAVY = ("onbeat.engine", "onbeat.daemon", "onbeat.api", "onbeat.settings", "starlette", "uvicorn", "structlog", "aiokafka", "jinja2")


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command that can be typed."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


ALL = dict(commands(typer.main.get_command(app)))


def loaded_by(*arguments: str) -> set[str]:
    """The modules that a command loads."""
    command = [sys.executable, "-X", "importtime", "-m", "onbeat", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_command_has_help_with_an_example_of_itself(path: tuple[str, ...]):
    """Rule 2: the example begins as the command does."""
    command = ALL[path]
    assert command.help
    assert re.match(rf"Example: onbeat {' '.join(path)}\b", command.epilog or ""), command.epilog
    assert "Example:" in CliRunner().invoke(app, [*path, "--help"]).stdout


@pytest.mark.parametrize(
    "arguments", [("--help",), ("publish", "orders", "{}", "--data", "/nowhere"), ("executions", "list", "--data", "/nowhere")]
)
def test_help_and_remote_commands_load_neither_engine_nor_server(arguments: tuple[str, ...]):
    """Rule 1: what talks to a daemon answers at once."""
    loaded = loaded_by(*arguments)
    assert "onbeat.cli.app" in loaded
    assert not sorted(name for name in loaded if name.startswith(HEAVY))


def test_a_wrong_command_is_answered_with_the_nearest(onbeat):
    """Usage errors are exit code 2."""
    result = onbeat("publsh", "orders", "{}")
    assert result.exit_code == 2
    assert "publish" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("arguments", [("version",), ("--version",)])
def test_the_version_is_printed(onbeat, arguments: tuple[str, ...]):
    """Both ways that people try."""
    result = onbeat(*arguments)
    assert (result.exit_code, result.stdout.strip()) == (0, __version__)
