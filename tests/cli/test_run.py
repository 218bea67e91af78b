"""`onbeat run`: one flow, here and now."""

import json
import os
import re
import signal
import sys
from pathlib import Path

import pytest

from tests.services.process import Process

HELLO = """
id: hello
namespace: test
inputs:
  - id: n
    type: INT
    max: 5
    defaults: 1
  - id: word
    type: STRING
    required: false
  - id: file
    type: FILE
    required: false
tasks:
  - id: say
    type: core.log.Log
    message: "n is {{ inputs.n }}"
outputs:
  - id: n
    type: INT
    value: "{{ inputs.n }}"
"""
CALLS = """
id: calls
namespace: test
inputs:
  - id: which
    type: STRING
    defaults: hello
tasks:
  - id: child
    type: core.flow.Subflow
    namespace: test
    flowId: {called}
    inputs:
      n: 2
"""
ENDS = """
id: ends
namespace: test
tasks:
  - id: only
    type: {type}
    {option}
"""


@pytest.fixture
def flows(tmp_path: Path) -> Path:
    """A folder of flows."""
    folder = tmp_path / "flows"
    folder.mkdir()
    (folder / "hello.yaml").write_text(HELLO)
    return folder


def put(folder: Path, name: str, text: str) -> str:
    """A file in the folder; returns its path."""
    (folder / f"{name}.yaml").write_text(text)
    return str(folder / f"{name}.yaml")


def test_stdout_is_one_json_object(onbeat, flows: Path):
    """Rule 3: the execution as Kestra shows it, with `related` and `logs`."""
    result = onbeat("run", str(flows / "hello.yaml"), "-i", "n=3", "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    shown = json.loads(result.stdout)
    assert (shown["flowId"], shown["state"]["current"], shown["outputs"], shown["related"]) == ("hello", "SUCCESS", {"n": 3}, [])
    assert [run["taskId"] for run in shown["taskRunList"]] == ["say"]
    assert [(line["taskId"], line["level"], line["message"]) for line in shown["logs"]] == [("say", "INFO", "n is 3")]


def test_people_see_it_happen(onbeat, flows: Path):
    """States and log lines in order, then how it ended."""
    result = onbeat("run", str(flows / "hello.yaml"))
    shown = [" ".join(line.split()[1:]) for line in result.stdout.splitlines()]
    assert shown[1:-2] == ["RUNNING test.hello", "RUNNING say", "INFO say: n is 1", "SUCCESS say", "SUCCESS test.hello"]
    assert result.stdout.splitlines()[-1] == 'outputs {"n": 1}'


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-i", "n=9"], ["`n`", "5"]),
        (["-i", "n=x"], ["`n`"]),
        (["-i", "wrod=x"], ["`wrod` is not an input", "did you mean `word`"]),
        (["-i", "n"], ["KEY=VALUE"]),
        (["--file", "file=/nowhere"], ["/nowhere is not a file"]),
        (["--flows", "/nowhere"], ["/nowhere is not a folder"]),
    ],
    ids=["limit", "type", "name", "form", "file", "folder"],
)
def test_wrong_inputs_run_nothing(onbeat, flows: Path, arguments: list[str], said: list[str]):
    """Rule 1: exit code 2, nothing on stdout, and the name of what is wrong on stderr."""
    result = onbeat("run", str(flows / "hello.yaml"), "--json", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert all(each in result.stderr for each in said), result.stderr


def test_a_wrong_flow_is_told_with_file_line_and_column(onbeat, flows: Path):
    """Rule 1: with the nearest right name."""
    path = put(flows, "wrong", HELLO.replace('message: "n is {{ inputs.n }}"', "mesage: hello"))
    result = onbeat("run", path, "--json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{path}:18:5: unknown key `mesage`; did you mean `message`?" in result.stderr
    assert onbeat("run", str(flows / "none.yaml")).exit_code == 2


@pytest.mark.parametrize("called", ["hello", '"{{ inputs.which }}"'], ids=["by name", "by an expression"])
def test_flows_that_it_calls_are_found_in_the_folders(onbeat, flows: Path, called: str):
    """Rule 2: and their executions are in `related`, ended."""
    path = put(flows, "calls", CALLS.format(called=called))
    result = onbeat("run", path, "--flows", str(flows), "--json")
    assert result.exit_code == 0, result.stderr
    (child,) = json.loads(result.stdout)["related"]
    assert (child["flowId"], child["state"]["current"], child["inputs"]["n"]) == ("hello", "SUCCESS", 2)


def test_a_called_flow_that_is_wrong_is_told_of_and_fails_the_call(onbeat, flows: Path):
    """The flow itself is right, so it runs."""
    put(flows, "hello", HELLO.replace("core.log.Log", "core.log.Lgo"))
    result = onbeat("run", put(flows, "calls", CALLS.format(called="hello")), "--flows", str(flows))
    assert result.exit_code == 1
    assert "hello.yaml:17:11: there is no task type" in result.stderr


def test_a_file_is_an_input_by_its_address(onbeat, flows: Path, tmp_path: Path):
    """Its name is kept as far as an address can have it."""
    (tmp_path / "a b.txt").write_text("content")
    result = onbeat("run", str(flows / "hello.yaml"), "--file", f"file={tmp_path / 'a b.txt'}", "--json")
    address = json.loads(result.stdout)["inputs"]["file"]
    assert re.fullmatch(r"kestra:///test/hello/executions/\w+/inputs/file/a_b\.txt", address)


@pytest.mark.parametrize(
    ("type_", "option", "code", "state"),
    [("core.execution.Fail", "errorMessage: no", 1, "FAILED"), ("core.debug.Return", "format: x", 0, "SUCCESS")],
)
def test_the_exit_code_says_how_it_ended(onbeat, flows: Path, type_: str, option: str, code: int, state: str):
    """0 for SUCCESS and WARNING, 1 for the rest."""
    result = onbeat("run", put(flows, "ends", ENDS.format(type=type_, option=option)), "--json")
    assert (result.exit_code, json.loads(result.stdout)["state"]["current"]) == (code, state)


def test_what_takes_too_long_is_killed(onbeat, flows: Path):
    """Its execution is printed all the same."""
    path = put(flows, "ends", ENDS.format(type="core.flow.Sleep", option="duration: PT600S"))
    result = onbeat("run", path, "--timeout", "0.2", "--json")
    assert (result.exit_code, json.loads(result.stdout)["state"]["current"]) == (1, "KILLED")
    assert "did not end within 0.2 s" in result.stderr


def test_what_waits_for_a_person_fails_and_says_so(onbeat, flows: Path):
    """Rule 4: nobody could ever resume it here."""
    result = onbeat("run", put(flows, "ends", ENDS.format(type="core.flow.Pause", option="onResume: []")), "--json")
    assert (result.exit_code, json.loads(result.stdout)["state"]["current"]) == (1, "KILLED")
    assert "onbeat serve" in result.stderr


def test_a_pause_with_an_end_is_waited_for(onbeat, flows: Path):
    """Its timer goes on by itself."""
    path = put(flows, "ends", ENDS.format(type="core.flow.Pause", option="delay: PT1S"))
    assert onbeat("run", path, "--json").exit_code == 0


def test_ctrl_c_kills_it_and_prints_what_there_is(flows: Path, tmp_path: Path):
    """One JSON object, exit code 1."""
    path = put(flows, "ends", ENDS.format(type="core.flow.Sleep", option="duration: PT600S"))
    code = "import sys; from onbeat.cli import main; sys.argv = ['onbeat', 'run', sys.argv[1]]; main()"
    process = Process("onbeat run", [sys.executable, "-c", code, path], tmp_path / "log")
    process.start()
    try:
        process.wait_ready(lambda: "RUNNING     only" in process.tail(), 60)
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(60) == 1
        assert "interrupted: it was killed" in process.tail()
        assert "KILLED    test.ends" in process.tail()
    finally:
        process.close()


def test_nothing_is_left_behind(onbeat, flows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """No data folder, whatever the settings say."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ONBEAT_BUS", "kafka")
    assert onbeat("run", str(flows / "hello.yaml")).exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["flows"]


@pytest.mark.parametrize(("fails", "code", "state"), [("true", 1, "FAILED"), ("false", 0, "SUCCESS")])
def test_one_that_is_tried_anew_ends_as_the_last_try_did(onbeat, flows: Path, fails: str, code: int, state: str):
    """What was RETRIED has not ended for its user; the one after it has."""
    path = flows / "anew.yaml"
    path.write_text(
        "id: anew\nnamespace: test\n"
        "retry: {type: constant, interval: PT0.1S, maxAttempts: 2, behavior: CREATE_NEW_EXECUTION}\n"
        "tasks:\n  - id: fails\n    type: core.execution.Fail\n"
        f'    when: "{{{{ execution.id == execution.originalId or {fails} }}}}"\n'
    )
    done = onbeat("run", str(path))
    assert done.exit_code == code
    assert f"test.anew: {state} in" in done.stdout


def test_outputs_are_as_they_are_for_who_ran_it(onbeat, flows: Path):
    """With his own secret, in his own process; lines and errors are masked as ever, and what people see on the screen."""
    path = put(
        flows,
        "secret",
        """
id: secret
namespace: test
inputs: [{id: word, type: SECRET}]
tasks:
  - {id: say, type: core.debug.Return, format: "it is {{ inputs.word }}"}
  - {id: log, type: core.log.Log, message: "{{ outputs.say.value }}"}
outputs: [{id: said, type: STRING, value: "{{ outputs.say.value }}"}]
""",
    )
    shown = json.loads(onbeat("run", path, "-i", "word=xylophone", "--json").stdout)
    assert (shown["taskRunList"][0]["outputs"]["value"], shown["outputs"]["said"]) == ("it is xylophone", "it is xylophone")
    assert "xylophone" not in json.dumps([shown["inputs"], shown["logs"]])
    assert "xylophone" not in onbeat("run", path, "-i", "word=xylophone").stdout
