"""Settings: the command line wins over the environment, the environment over the file."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from onbeat.settings import Settings, misspelt


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder and an environment without settings."""
    monkeypatch.chdir(tmp_path)


def test_the_order_of_precedence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Default, then onbeat.yaml, then ONBEAT_*, then what is given."""
    assert Settings().port == 8080
    (tmp_path / "onbeat.yaml").write_text("port: 1001\nnode: file\n")
    assert (Settings().port, Settings().node) == (1001, "file")
    monkeypatch.setenv("ONBEAT_PORT", "1002")
    assert Settings().port == 1002
    assert Settings(port=1003).port == 1003


def test_every_setting_has_a_default_and_a_description() -> None:
    """So that `onbeat doctor` and the docs can show it."""
    for name, field in Settings.model_fields.items():
        assert not field.is_required(), name
        assert field.description, name
        assert field.description.endswith("."), name


@pytest.mark.parametrize(("name", "value"), [("ONBEAT_PORT", "70000"), ("ONBEAT_BUS", "pigeon"), ("ONBEAT_RETENTION_DAYS", "0")])
def test_a_wrong_value_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """With the setting's name."""
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=name.removeprefix("ONBEAT_").lower()):
        Settings()


def test_a_misspelt_setting_in_the_file_is_named(tmp_path: Path) -> None:
    """`serve` refuses it, `doctor` tells it: it would be ignored in silence."""
    assert misspelt() == []
    (tmp_path / "onbeat.yaml").write_text("prot: 1001\nport: 1002\n")
    assert misspelt() == ["prot"]


def test_a_token_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by printing the settings."""
    monkeypatch.setenv("ONBEAT_TOKEN", "very-secret")
    assert "very-secret" not in repr(Settings())


def test_a_quota_of_a_namespace_is_written_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of the same would hide each other; a misspelt limit would limit nothing."""
    Path("onbeat.yaml").write_text("quotas:\n  - {running: 100}\n  - {namespace: a.b, executions_per_minute: 60, kv_bytes: 0}\n")
    assert [str(quota) for quota in Settings().quotas] == ["all (running 100)", "a.b (executions_per_minute 60, kv_bytes 0)"]
    for wrong in ('[{"running": 1}, {"running": 2}]', '[{"runing": 1}]', '[{"running": 0}]', '[{"log_bytes": -1}]'):
        monkeypatch.setenv("ONBEAT_QUOTAS", wrong)
        with pytest.raises(ValidationError, match="quotas"):
            Settings()
