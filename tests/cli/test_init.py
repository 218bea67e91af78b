"""`onbeat init`: what a new project begins with."""

import re
from pathlib import Path

import yaml

from onbeat.cli.init import CONFIG_FILE, examples, project, settings_text, with_fresh_keys
from onbeat.settings import Settings


def test_a_new_project_is_well_and_whole(onbeat, tmp_path: Path):
    """Every file it writes is one that `check --strict` likes, and its settings are read."""
    folder = tmp_path / "shop"
    result = onbeat("init", str(folder))
    assert result.exit_code == 0, result.stderr
    assert {"onbeat.yaml", "flows", "triggers", "inbox"} <= {path.name for path in folder.iterdir()}
    checked = onbeat("check", str(folder / "flows"), str(folder / "triggers"), "--strict")
    assert checked.exit_code == 0, checked.stderr
    assert f"cd {folder} && onbeat serve" in result.stdout


def test_nothing_is_replaced_without_force(onbeat, tmp_path: Path):
    """Rule 1: exit code 4, and nothing at all is written."""
    (tmp_path / "onbeat.yaml").write_text("mine")
    result = onbeat("init", str(tmp_path))
    assert (result.exit_code, "--force" in result.stderr) == (4, True)
    assert [path.name for path in tmp_path.iterdir()] == ["onbeat.yaml"]
    assert (tmp_path / "onbeat.yaml").read_text() == "mine"
    assert onbeat("init", str(tmp_path), "--force").exit_code == 0
    assert (tmp_path / "onbeat.yaml").read_text() != "mine"


def test_every_webhook_key_is_made_anew(onbeat, tmp_path: Path):
    """Rule 2: none of the placeholders is left, and two projects share none."""
    for name in ("a", "b"):
        assert onbeat("init", str(tmp_path / name)).exit_code == 0
    texts = [(tmp_path / name / "flows" / "webhook_hello.yaml").read_text() for name in ("a", "b")]
    assert "CHANGE-ME" in (examples("flows") / "webhook_hello.yaml").read_text()
    keys = [yaml.safe_load(text)["triggers"][0]["key"] for text in texts]
    assert keys[0] != keys[1]
    for text, key in zip(texts, keys, strict=True):
        assert "CHANGE-ME" not in text
        assert f"/webhook_hello/{key}" in text
        assert len(key) >= 32


def test_the_same_placeholder_is_the_same_key():
    """Where the key is written twice; another placeholder is another key."""
    found = re.fullmatch(r"(\S+) (\S+) (\S+)", with_fresh_keys("CHANGE-ME-a CHANGE-ME-a CHANGE-ME-b"))
    assert found
    assert found[1] == found[2] != found[3]


def test_the_settings_file_names_every_setting_with_its_default():
    """Rule 3: what is commented out is what would be in force anyway."""
    text = settings_text()
    active = yaml.safe_load(text)
    assert active == {"flows": ["flows"], "triggers": ["triggers"]}
    commented = yaml.safe_load("\n".join(line[2:] for line in text.splitlines() if re.match(r"# [a-z_]+: ", line)))
    assert {**commented, **active}.keys() == Settings.model_fields.keys() - {"server", "token"}
    defaults = {name: field.default for name, field in Settings.model_fields.items()}
    assert all(str(value) == str(defaults[name]) for name, value in commented.items())


def test_a_folder_that_cannot_be_written_is_said_to_be(onbeat, tmp_path: Path):
    """Exit code 2, one sentence."""
    (tmp_path / "file").write_text("")
    result = onbeat("init", str(tmp_path / "file"))
    assert (result.exit_code, "cannot be written" in result.stderr) == (2, True)


def test_an_editor_is_not_told_that_a_test_is_a_flow():
    """Flows and triggers name their schema; a flow test is neither."""
    named = {name: text.startswith("# yaml-language-server: ") for name, text in project(schemas=True) if name.endswith(".yaml")}
    assert named.pop(CONFIG_FILE) is False
    assert {name for name, has in named.items() if not has} == {name for name in named if name.endswith(".test.yaml")}
    assert any(has for has in named.values())
