"""The command `onbeat test`."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

FLOW = """
id: order
namespace: shop
inputs: [{id: total, type: INT}]
tasks:
  - {id: wait, type: core.flow.Sleep, duration: PT1H}
  - {id: say, type: core.log.Log, message: "{{ inputs.total }}"}
"""
TESTS = """
flow: order.yaml
tests:
  - {id: good, inputs: {total: 1}, expect: {logs: ["1"]}}
  - {id: bad, inputs: {total: 1}, expect: {logs: ["2"]}}
  - {id: later, disabled: true}
  - {id: last, inputs: {total: 3}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a flow and its tests."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "order.yaml").write_text(FLOW)
    (tmp_path / "flows" / "order.test.yaml").write_text(TESTS)
    return tmp_path


def test_each_case_is_one_line_and_what_is_wrong_is_below_it(onbeat, folder: Path):
    """Rule 1: with file, line and column; what ran is told of it. Exit code 1."""
    result = onbeat("test")
    lines = result.stdout.splitlines()
    assert (result.exit_code, result.stderr) == (1, "")
    assert lines[0].startswith("passed  flows/order.test.yaml::good in PT1H")
    assert lines[1].startswith("FAILED  flows/order.test.yaml::bad in PT1H")
    assert lines[2] == '    flows/order.test.yaml:5:51: logs: no line is {"message": {"contains": "2"}}; these are there:'
    assert "      shop.order SUCCESS" in lines
    assert any(line.startswith("SKIPPED  flows/order.test.yaml::later") for line in lines)
    assert lines[-1].startswith("2 passed, 1 failed, 1 skipped in ")


def test_tests_are_chosen_by_name(onbeat, folder: Path):
    """By words of `file::id`, with and, or, not; all of them pass: 0."""
    for names, count in (("good", 1), ("order and not bad", 3), ("GOOD or last", 2), ("order.test.yaml::last", 1)):
        result = onbeat("test", "flows", "-k", names, "--json")
        assert (result.exit_code, len(json.loads(result.stdout)["tests"])) == (0, count)
    none = onbeat("test", "flows", "-k", "nothing")
    assert (none.exit_code, none.stderr) == (2, "there is no such test\n")


def test_it_stops_at_the_first_failure_when_asked(onbeat, folder: Path):
    """-x; the others are not run."""
    result = onbeat("test", "-x")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1].startswith("1 passed, 1 failed, 2 not run in ")


def test_json_is_one_object(onbeat, folder: Path):
    """For programs: no other line."""
    result = onbeat("test", "--json", "flows/order.test.yaml")
    shown = json.loads(result.stdout)
    assert [test["result"] for test in shown["tests"]] == ["passed", "failed", "skipped", "passed"]
    assert shown["tests"][0]["virtual"] == "PT1H"
    assert shown["problems"] == []


def test_junit_is_written(onbeat, folder: Path):
    """Beside what is shown; its folder is made."""
    assert onbeat("test", "--junit", "out/results.xml").exit_code == 1
    root = ElementTree.parse("out/results.xml").getroot()
    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == ("4", "1", "1")


def test_a_file_that_is_wrong_stops_no_other(onbeat, folder: Path):
    """Rule 2: file, line, column and the nearest key on stderr; exit code 2."""
    (folder / "flows" / "wrong.test.yaml").write_text("flow: order.yaml\ntests:\n  - id: a\n    expct: {}\n")
    result = onbeat("test", "-k", "good")
    assert result.exit_code == 2
    assert result.stderr == "flows/wrong.test.yaml:4:5: unknown key `expct`; did you mean `expect`?\n"
    assert result.stdout.splitlines()[-1].startswith("1 passed, 1 file(s) wrong in ")


def test_without_tests_it_says_where_they_would_be(onbeat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Exit code 2, as for a folder that is not there."""
    monkeypatch.chdir(tmp_path)
    result = onbeat("test")
    assert (result.exit_code, "*.test.yaml" in result.stderr) == (2, True)
    assert onbeat("test", "nowhere").exit_code == 2


def test_what_ran_is_shown_when_asked(onbeat, folder: Path):
    """--verbose: also of those that passed."""
    assert "say SUCCESS" not in onbeat("test", "-k", "good").stdout
    assert "say SUCCESS" in onbeat("test", "-k", "good", "--verbose").stdout


def test_what_has_no_mock_is_run_really_when_asked(onbeat, folder: Path):
    """--real: else it is refused, by name."""
    (folder / "flows" / "order.yaml").write_text(
        "id: order\nnamespace: shop\ntasks: [{id: run, type: scripts.shell.Commands, commands: ['true']}]\n"
    )
    (folder / "flows" / "order.test.yaml").write_text("flow: order.yaml\ntests: [{id: a}]\n")
    refused = onbeat("test")
    assert (refused.exit_code, "task `run` (scripts.shell.Commands) reaches outside" in refused.stdout) == (1, True)
    assert onbeat("test", "--real").exit_code == 0
