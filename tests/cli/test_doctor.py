"""`onbeat doctor`: what is in force, and what is wrong."""

import json
import sqlite3
from pathlib import Path

import pytest

from onbeat.cli.doctor import local_notes, quota_rows, shown
from onbeat.settings import Settings


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project to look at."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flows").mkdir()
    return tmp_path


def test_every_setting_is_shown_with_where_it_comes_from(onbeat, project: Path, monkeypatch: pytest.MonkeyPatch):
    """Rule 1: default, file, environment, command line."""
    (project / "onbeat.yaml").write_text("port: 8081\nflows: [flows]\n")
    monkeypatch.setenv("ONBEAT_DRAIN", "5")
    result = onbeat("doctor", "--json", data=project / "data")
    rows = {row["name"]: (row["value"], row["source"]) for row in json.loads(result.stdout)["settings"]}
    assert rows.keys() == Settings.model_fields.keys()
    assert rows["port"] == ("8081", "onbeat.yaml")
    assert rows["drain"] == ("5.0", "ONBEAT_DRAIN")
    assert rows["data"] == (str(project / "data"), "command line")
    assert rows["host"] == ("127.0.0.1", "default")


def test_no_secret_is_shown(onbeat, monkeypatch: pytest.MonkeyPatch):
    """Rule 1: neither the token nor a password in an address."""
    monkeypatch.setenv("ONBEAT_TOKEN", "geheim1")
    monkeypatch.setenv("ONBEAT_MQTT_URL", "mqtt://user:geheim2@broker:1883")
    result = onbeat("doctor")
    assert "geheim" not in result.stdout + result.stderr
    assert "mqtt://user:***@broker:1883" in result.stdout
    assert shown(None) == ""


def test_no_daemon_is_no_problem(onbeat):
    """Rule 2: it may not be started yet; the command that starts it is named."""
    result = onbeat("doctor")
    assert result.exit_code == 0, result.stdout
    assert "start one with `onbeat serve`" in result.stdout
    assert "nothing is wrong" in result.stdout


def test_a_daemon_is_found_and_its_trouble_is_told(onbeat, new_daemon):
    """Rule 2: a wrong flow file is exit code 1, with the file's name."""
    daemon = new_daemon()
    daemon.add_flow("wrong", "id: wrong\n")
    daemon.start()
    result = onbeat("doctor", data=daemon.data)
    assert result.exit_code == 1
    assert daemon.url in result.stdout
    assert "wrong.yaml" in result.stdout
    assert json.loads(onbeat("doctor", "--json", data=daemon.data).stdout)["daemon"]["ready"] is True


def test_a_daemon_that_does_not_know_us_is_a_problem(onbeat, new_daemon):
    """The token is wrong: the cure is told."""
    daemon = new_daemon().start()
    (daemon.data / "admin-token").write_text("other")
    result = onbeat("doctor", data=daemon.data)
    assert (result.exit_code, "ONBEAT_TOKEN" in result.stdout) == (1, True)


def test_what_is_wrong_here_is_told_with_its_cure(onbeat, project: Path):
    """Rule 2: a misspelt setting, an open data folder, a missing folder of flows."""
    (project / "onbeat.yaml").write_text("prot: 1\nflows: [folws]\n")
    (project / "data").mkdir(mode=0o755)
    result = onbeat("doctor", data=project / "data")
    assert result.exit_code == 1
    assert "`prot` is not a setting of onbeat; did you mean `port`?" in result.stdout
    assert f"chmod 700 {project / 'data'}" in result.stdout
    assert "the flows folder folws is not there" in result.stdout


@pytest.mark.parametrize(("version", "notes"), [((3, 51, 2), 1), ((3, 51, 3), 0), ((4, 0, 0), 0)])
def test_an_old_sqlite_is_noted(monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int], notes: int):
    """Good to know, no error: onbeat keeps away from what it does wrong."""
    monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
    assert len(local_notes()) == notes


def test_how_full_the_quotas_are_is_shown():
    """A row each; a daemon without quotas, or an older one, has none."""
    use = {"namespace": "shop", "quota": "running", "used": 12, "limit": 2_000}
    assert quota_rows({"figures": {"quotas": [use]}}) == {"quota shop running": "12 of 2,000"}
    assert quota_rows({"figures": {}}) == quota_rows({}) == {}
