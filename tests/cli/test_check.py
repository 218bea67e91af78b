"""`onbeat check`: all problems at once."""

import asyncio
import json
import sqlite3
from pathlib import Path

import pytest

from onbeat.daemon import running
from onbeat.settings import Settings
from onbeat.stores.sqlite import FILE, SqliteStore

GOOD = """id: good
namespace: test
inputs:
  - id: n
    type: INT
tasks:
  - id: say
    type: core.log.Log
    message: hello
"""
WRONG = """id: wrong
namespace: test
taks: []
tasks:
  - id: say
    type: core.log.Lgo
    message: hello
  - id: other
    type: core.log.Log
    mesage: "{{ oops"
"""
CALLS = """id: calls
namespace: test
tasks:
  - id: child
    type: core.flow.Subflow
    namespace: test
    flowId: {called}
    inputs:
      {input}: 1
"""
TRIGGER = """id: on_news
type: core.trigger.Event
topic: news
inputs: {{n: 1}}
flow:
  namespace: test
  id: {flow}
"""


def put(folder: Path, **files: str) -> str:
    """Files in the folder; returns its path."""
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return str(folder)


def test_what_is_well_is_said_to_be(onbeat, tmp_path: Path):
    """Exit code 0, flows and triggers told apart by what is in them."""
    result = onbeat("check", put(tmp_path, good=GOOD, news=TRIGGER.format(flow="good")))
    assert (result.exit_code, result.stderr, result.stdout) == (0, "", "2 file(s): 1 flow(s), 1 trigger(s), all well\n")


def test_each_problem_is_one_line_with_its_place(onbeat, tmp_path: Path):
    """Rule 1: of all files, in order; exit code 2."""
    put(tmp_path, wrong=WRONG, wrong2="id: [", good=GOOD)
    result = onbeat("check", str(tmp_path))
    assert (result.exit_code, result.stdout) == (2, "")
    lines = result.stderr.splitlines()
    assert lines[0] == f"{tmp_path / 'wrong.yaml'}:3:1: unknown key `taks`; did you mean `tasks`?"
    assert lines[-1].startswith(f"{tmp_path / 'wrong2.yaml'}:")


def test_json_is_the_list_of_problems(onbeat, tmp_path: Path):
    """For editors and CI."""
    result = onbeat("check", put(tmp_path, wrong=WRONG), "--json")
    assert result.exit_code == 2
    shown = json.loads(result.stdout)
    assert shown["files"] == 1
    assert shown["problems"][0]["line"] == 3


def test_one_id_in_two_files_is_a_problem(onbeat, tmp_path: Path):
    """It names the other file."""
    result = onbeat("check", put(tmp_path, a=GOOD, b=GOOD))
    assert (result.exit_code, f"flow test.good is also in {tmp_path / 'a.yaml'}" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (
            {"calls": CALLS.format(called="goood", input="n")},
            "flow test.goood, which is not among the files checked; did you mean `test.good`?",
        ),
        ({"calls": CALLS.format(called="good", input="m")}, "`m` is not an input of this flow"),
        ({"news": TRIGGER.format(flow="gone")}, "trigger `on_news` starts flow test.gone"),
    ],
    ids=["subflow", "input", "trigger"],
)
def test_a_flow_that_is_not_there_is_a_problem_when_strict(onbeat, tmp_path: Path, files: dict[str, str], said: str):
    """Rule 3: a warning else, for it may be elsewhere."""
    put(tmp_path, good=GOOD, **files)
    loose, strict = onbeat("check", str(tmp_path)), onbeat("check", str(tmp_path), "--strict")
    assert (loose.exit_code, strict.exit_code) == (0, 2)
    assert said in loose.stderr
    assert said in strict.stderr
    assert "(warning)" in loose.stderr


OWN = """triggers:
  - id: nightly
    type: core.trigger.Schedule
    cron: "0 3 * * *"
"""


@pytest.mark.parametrize(
    ("files", "place", "said"),
    [
        ({"good": GOOD + OWN}, "good.yaml:11:5", "trigger `nightly` starts flow test.good without its required input `n`"),
        ({"good": GOOD.replace("hello", '"{{ 1 + }}"')}, "good.yaml:9:14", "unexpected"),
        (
            {"calls": CALLS.format(called="back", input="n"), "back": GOOD.replace("good", "back").replace(
                "core.log.Log\n    message: hello", "core.flow.Subflow\n    namespace: test\n    flowId: calls")},
            "back.yaml:1:1", "test.back -> test.calls -> test.back",
        ),
    ],
    ids=["lacking", "expression", "circle"],
)  # fmt: skip
def test_what_can_hardly_be_meant_is_a_warning(onbeat, tmp_path: Path, files: dict[str, str], place: str, said: str):
    """Rule 3: with its place; exit code 0 without --strict; not shown when it is not wanted."""
    put(tmp_path, **files)
    loose, quiet = onbeat("check", str(tmp_path)), onbeat("check", str(tmp_path), "--no-warnings")
    assert (loose.exit_code, quiet.exit_code, quiet.stderr) == (0, 0, "")
    (line,) = [line for line in loose.stderr.splitlines() if said in line]
    assert line.startswith(f"{tmp_path}/{place}: ")
    assert json.loads(onbeat("check", str(tmp_path), "--json").stdout)["warnings"]
    assert onbeat("check", str(tmp_path), "--strict").exit_code == 2


def test_the_servers_defaults_are_filled_in(onbeat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What the daemon would serve is checked, with its settings."""
    monkeypatch.chdir(tmp_path)
    put(tmp_path, good=GOOD.replace("    message: hello\n", ""))
    assert onbeat("check", "good.yaml").exit_code == 2
    (tmp_path / "onbeat.yaml").write_text("plugin_defaults: [{type: core.log.Log, values: {message: hi}}]")
    assert onbeat("check", "good.yaml").exit_code == 0


def test_hidden_files_and_tests_are_left_out_of_folders(onbeat, tmp_path: Path):
    """As the daemon leaves them out; a file that is named is checked."""
    put(tmp_path, good=GOOD, **{".hidden": WRONG, "good.test": WRONG})
    assert onbeat("check", str(tmp_path)).exit_code == 0
    assert onbeat("check", str(tmp_path / "good.test.yaml")).exit_code == 2


def test_without_paths_the_folders_of_the_settings_are_checked(onbeat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """And when there is nothing, that is said."""
    monkeypatch.chdir(tmp_path)
    assert "nothing to check" in onbeat("check").stderr
    (tmp_path / "flows").mkdir()
    put(tmp_path / "flows", good=GOOD)
    assert onbeat("check").exit_code == 0
    assert onbeat("check", "nowhere").exit_code == 2


async def filled(data: Path) -> None:
    """A store with an execution."""
    flows = data.parent / "flows"
    flows.mkdir()
    put(flows, good=GOOD)
    async with running(Settings(data=data, flows=[flows], triggers=[], watch=False), SqliteStore(data), sources=False) as node:
        execution = await node.start("test", "good", {"n": 1})
        await node.engine.ended(execution.id)


def test_a_store_is_compared_with_its_journal(onbeat, tmp_path: Path):
    """Rule 4: what somebody changed behind the journal's back is found."""
    data = tmp_path / "data"
    assert "there is no store" in onbeat("check", "--store", data=data).stderr
    asyncio.run(filled(data))
    good = onbeat("check", "--store", data=data)
    assert (good.exit_code, good.stderr) == (0, "")
    assert json.loads(onbeat("check", "--store", "--json", data=data).stdout)["problems"] == []
    with sqlite3.connect(data / FILE) as db:
        db.execute("update execution set state = 'FAILED'")
    db.close()
    bad = onbeat("check", "--store", data=data)
    assert (bad.exit_code, bad.stdout) == (1, "")
    assert "FAILED" in bad.stderr
