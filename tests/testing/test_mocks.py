"""What is run instead of a task, and what is not."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from onbeat.plugins.log import Log
from onbeat.testing.mocks import Mock, MockedRegistry, Mocks, reaches_outside
from onbeat.testing.virtual import VirtualClock, VirtualLoop
from tests.testing.play import failures, passed, play

EACH = """
id: each
namespace: shop
tasks:
  - id: all
    type: core.flow.ForEach
    values: [eu, us, asia]
    tasks:
      - id: ask
        type: core.http.Request
        uri: http://{{ taskrun.value }}.example
        allowFailure: true
  - id: last
    type: core.http.Request
    uri: http://last.example
"""


def test_the_narrowest_mock_counts(tmp_path: Path):
    """Rule 1: value before task, task before type; what a mock gives is evaluated as the task would see it."""
    tests = """
flow: each.yaml
mocks:
  io.kestra.plugin.core.http.Request: {outputs: {code: 200}}
  ask:
    outputs: {code: "{{ taskrun.value }}"}
    values: {us: {error: down}}
tests:
  - id: all
    expect:
      state: WARNING
      tasks:
        ask:
          runs: 3
          values:
            eu: {outputs: {code: eu}}
            us: {state: WARNING, error: down}
            asia: {outputs: {code: asia}}
        last: {outputs: {code: 200}}
  - id: of_the_flow
    mocks: {each/last: {state: FAILED}, last: {outputs: {code: 1}}}
    expect: {state: FAILED, error: the mock of this task says FAILED}
"""
    passed(play(tmp_path, {"each.yaml": EACH}, tests))


def test_a_mock_counts_for_its_attempt():
    """Rule 1: the last of several stays."""
    mock = Mock(attempts=(Mock(error="one"), Mock(error="two")), values={"a": Mock(attempts=(Mock(error="a"),))})
    assert [mock.at(None, attempt).error for attempt in (1, 2, 3)] == ["one", "two", "two"]
    assert mock.at("a", 5).error == "a"
    assert mock.at("b", 1).error == "one"


def test_options_of_a_mocked_task_are_rendered_and_validated(tmp_path: Path):
    """So that a misspelt option or a missing variable is found although the task is not run."""
    flow = """
id: a
namespace: b
tasks:
  - {id: ask, type: core.http.Request, uri: "{{ inputs.gone }}"}
"""
    results = play(tmp_path, {"a.yaml": flow}, "flow: a.yaml\nmocks: {ask: {outputs: {}}}\ntests:\n  - id: one\n")
    assert "inputs.gone" in failures(results)["one"][0]
    wrong = flow.replace('uri: "{{ inputs.gone }}"', "uri: http://a, mehtod: GET")
    results = play(tmp_path, {"a.yaml": wrong}, "flow: a.yaml\nmocks: {ask: {outputs: {}}}\ntests:\n  - id: one\n")
    assert "unknown key `mehtod`; did you mean `method`?" in results["one"].failures[0]
    late = "id: a\nnamespace: b\ntasks:\n  - {id: ask, type: core.log.Log, message: a, level: \"{{ 'LOUD' }}\"}\n"
    results = play(tmp_path, {"a.yaml": late}, "flow: a.yaml\nmocks: {ask: {outputs: {}}}\ntests:\n  - id: one\n")
    assert "level" in failures(results)["one"][0]


def test_a_task_with_files_is_mocked_whole(tmp_path: Path):
    """Its files are not looked for, what the mock gives is what there is, and its options are checked."""
    flow = """
id: a
namespace: b
tasks:
  - id: script
    type: scripts.shell.Commands
    commands: ["{{ vars.command }}"]
    outputFiles: [out.txt]
  - {id: say, type: core.log.Log, message: "{{ outputs.script.outputFiles['out.txt'] }}"}
"""
    tests = """
flow: a.yaml
tests:
  - id: mocked
    mocks: {script: {outputs: {outputFiles: {out.txt: kestra:///x}}}}
    expect: {logs: ["kestra:///x"], tasks: {script: {options: {commands: [run]}}}}
"""
    passed(play(tmp_path, {"a.yaml": flow + "variables: {command: run}\n"}, tests))
    found = failures(play(tmp_path, {"a.yaml": flow}, tests))
    assert "vars.command" in found["mocked"][0]


def test_a_mock_that_stands_for_nothing_is_an_error(tmp_path: Path):
    """With the nearest name."""
    tests = """
flow: each.yaml
tests:
  - {id: task, mocks: {aks: {outputs: {}}}}
  - {id: type, mocks: {core.http.Requests: {outputs: {}}}}
  - {id: flow, mocks: {eech/ask: {outputs: {}}}}
"""
    found = failures(play(tmp_path, {"each.yaml": EACH}, tests))
    assert found["task"] == ["flows.test.yaml:4:5: the mock `aks` stands for nothing: there is no such task; did you mean `ask`?"]
    assert "no task has that type; did you mean `core.http.Request`?" in found["type"][0]
    assert "names a flow that is not in this test; did you mean `each`?" in found["flow"][0]


def test_a_real_task_is_run_when_the_test_says_so(tmp_path: Path):
    """Rule 2: a process, in real time, while the test's own time stands still."""
    flow = """
id: a
namespace: b
tasks:
  - id: script
    type: scripts.shell.Commands
    commands:
      - 'echo "::{\\"outputs\\":{\\"n\\":42}}::"'
"""
    tests = """
flow: a.yaml
tests:
  - {id: mock_says, mocks: {script: {real: true}}, expect: {tasks: {script: {outputs: {vars: {n: 42}}}}, duration: PT0S}}
  - {id: case_says, real: true, expect: {tasks: {script: {outputs: {vars: {n: 42}}}}}}
  - {id: refused}
"""
    results = play(tmp_path, {"a.yaml": flow}, tests)
    assert failures(results).pop("refused") == [
        "flows.test.yaml:6:5: task `script` (scripts.shell.Commands) reaches outside: give it a mock, or say `real: true`"
    ]
    assert not results["mock_says"].failures
    assert not results["case_says"].failures


def test_a_mock_may_be_late_for_its_timeout(tmp_path: Path):
    """The engine stops it, as it would stop the task."""
    flow = "id: a\nnamespace: b\ntasks:\n  - {id: ask, type: core.http.Request, uri: http://a, timeout: PT1M}\n"
    tests = """
flow: a.yaml
tests:
  - {id: late, mocks: {ask: {delay: PT2M, outputs: {}}}, expect: {state: FAILED, duration: PT1M}}
  - {id: in_time, mocks: {ask: {delay: PT30S, outputs: {}}}, expect: {state: SUCCESS, duration: PT30S}}
"""
    passed(play(tmp_path, {"a.yaml": flow}, tests))


def test_what_reaches_outside_is_told_by_its_type():
    """Also a plugin that nobody here knows."""
    assert [name for name in ("core.log.Log", "core.http.Request", "kafka.Produce", "acme.Send") if reaches_outside(name)] == [
        "core.http.Request",
        "kafka.Produce",
        "acme.Send",
    ]


def test_only_sources_inside_connect():
    """Rule 4: a source outside is there, with its options, and brings nothing in."""
    loop = VirtualLoop()
    mocks = Mocks(VirtualClock(), loop)
    quiet, timed = MockedRegistry(mocks), MockedRegistry(mocks, timed=True)
    loop.close()
    for name in ("kafka.RealtimeTrigger", "mqtt.RealtimeTrigger", "files.Watch", "core.trigger.Schedule"):
        plain, given = MockedRegistry.__mro__[1]().source(name), quiet.source(name)
        assert issubclass(given, plain)
        assert given.run is not plain.run
        assert quiet.source(name) is given
    kafka = quiet.source("kafka.RealtimeTrigger").model_validate({"topic": "t"})
    assert kafka.subscription("a.b.c", {}) == "kafka.RealtimeTrigger:a.b.c"  # no broker need be named
    for name in ("core.trigger.Event", "core.trigger.Webhook"):
        assert quiet.source(name) is quiet.source(name)
        assert quiet.source(name).__module__.startswith("onbeat.plugins")
    assert timed.source("core.trigger.Schedule").__module__.startswith("onbeat.plugins.schedule")


def test_the_class_of_a_task_is_its_plugins():
    """With its options and what it says of itself; only what it does may be another's."""
    loop = VirtualLoop()
    registry = MockedRegistry(Mocks(VirtualClock(), loop))
    loop.close()
    kind = registry.task("core.log.Log")
    assert issubclass(kind, Log)
    assert kind.model_fields.keys() == Log.model_fields.keys()
    assert registry.plain("core.log.Log") is Log
    with pytest.raises(ValidationError):
        kind.model_validate({"mesage": "x"})
