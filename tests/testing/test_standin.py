"""Flowables are mocked, too: another task stands in their place."""

from pathlib import Path

from onbeat.core.parse import parse_flow
from onbeat.testing.standin import TYPE, with_stand_ins
from tests.testing.play import failures, passed, play

PARENT = """
id: parent
namespace: shop
tasks:
  - id: call
    type: core.flow.Subflow
    namespace: shop
    flowId: child
    allowFailure: true
    inputs: {n: "{{ inputs.n }}"}
  - id: ask
    type: core.flow.Pause
    onResume: [{id: yes, type: BOOLEAN}]
  - id: say
    type: core.log.Log
    message: "{{ outputs.call.outputs.m }} {{ outputs.ask.onResume.yes }}"
inputs: [{id: n, type: STRING}]
"""
CHILD = """
id: child
namespace: shop
inputs: [{id: n, type: INT}]
tasks: [{id: back, type: core.debug.Return, format: "{{ inputs.n }}"}]
outputs: [{id: m, type: INT, value: "{{ inputs.n + 1 }}"}]
"""
MOCKED = """
flow: parent.yaml
mocks: {call: {outputs: {outputs: {m: 7}}}, ask: {outputs: {onResume: {yes: true}}}}
tests:
  - {id: mocked, inputs: {n: 6}, expect: {logs: [7 true], tasks: {call: {options: {flowId: child, inputs: {n: "6"}}}}}}
  - {id: wrong, inputs: {n: six}, expect: {tasks: {call: {state: WARNING, error: {contains: n}}}, state: FAILED}}
"""


def test_a_flow_that_is_called_is_mocked(tmp_path: Path):
    """Rule 2: its inputs are rendered, and checked where the flow is there."""
    (tmp_path / "child.yaml").write_text(CHILD)
    passed(play(tmp_path, {"parent.yaml": PARENT}, MOCKED))


def test_a_flow_that_is_called_need_not_be_there(tmp_path: Path):
    """That is a reason to mock it; nothing can be checked then."""
    found = failures(play(tmp_path, {"parent.yaml": PARENT}, MOCKED))
    assert found["mocked"] == []
    assert found["wrong"]


def test_a_flow_that_is_called_really_is_related(tmp_path: Path):
    """Its own tasks are mocked by their ids, and it is looked at like the first."""
    tests = """
flow: parent.yaml
tests:
  - id: real
    inputs: {n: 6}
    resume: {inputs: {yes: true}}
    expect:
      started: 1
      logs: [7 true]
      executions:
        - {flow: parent}
        - {flow: child, inputs: {n: 6}, outputs: {m: 7}, tasks: {back: {outputs: {value: "6"}}}}
"""
    passed(play(tmp_path, {"parent.yaml": PARENT, "child.yaml": CHILD}, tests))


def test_what_the_flow_does_with_the_task_stays():
    """Rule 1: only what it is is another's."""
    flow, document = parse_flow(PARENT, "parent.yaml")
    replaced, _ = parse_flow(with_stand_ins(flow, document, ["call"]), "parent.yaml")
    call = replaced.by_id["call"]
    assert (call.type, call.allow_failure, replaced.by_id["ask"].type) == (TYPE, True, "core.flow.Pause")
    bare, _ = parse_flow(with_stand_ins(flow, document, ["call", "say"], bare=True), "parent.yaml")
    assert [bare.by_id[name].type for name in ("call", "say")] == [TYPE, TYPE]
    assert "inputs.n" not in with_stand_ins(flow, document, ["call"], bare=True)
