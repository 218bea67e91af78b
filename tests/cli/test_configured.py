"""The settings of a command: which win, which are wrong; and that who needs no server does not load one."""

import subprocess
import sys
from pathlib import Path

import pytest

from onbeat.cli.configured import load_settings
from onbeat.errors import UserError


def test_the_command_line_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Over the environment, which wins over the file; what is not given is not given."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "onbeat.yaml").write_text("port: 1\nhost: file\nnode: file\n")
    monkeypatch.setenv("ONBEAT_HOST", "env")
    monkeypatch.setenv("ONBEAT_PORT", "2")
    settings = load_settings({"port": 3, "host": None})
    assert (settings.port, settings.host, settings.node) == (3, "env", "file")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ONBEAT_PORT", "x", "ONBEAT_PORT: "),
        ("ONBEAT_BUS", "rabbit", "ONBEAT_BUS: "),
        ("ONBEAT_FLOWS", "a,b", "lists in the environment are JSON"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str):
    """With what is wrong with it."""
    monkeypatch.setenv(name, value)
    with pytest.raises(UserError, match=said):
        load_settings({})


@pytest.mark.parametrize("command", ["run", "check", "test", "backup", "doctor"])
def test_who_serves_nothing_loads_no_server(command: str):
    """It takes half as long to start without."""
    asked = f"import sys, onbeat.cli.{command}; print(sorted({{'fastapi', 'uvicorn', 'starlette', 'onbeat.api'}} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout == "[]\n"
