"""What is expected is compared with what happened."""

from pathlib import Path

from tests.testing.play import failures, passed, play

FLOW = """
id: all
namespace: shop
labels: {team: a}
inputs: [{id: names, type: ARRAY, itemType: STRING, defaults: [x, y]}]
tasks:
  - id: each
    type: core.flow.ForEach
    values: "{{ inputs.names }}"
    tasks: [{id: back, type: core.debug.Return, format: "{{ taskrun.value | upper }}"}]
  - {id: tell, type: core.event.Publish, topic: done, key: k, data: {n: "{{ inputs.names | length }}"}}
  - {id: log, type: core.log.Log, level: WARN, message: all are done}
  - {id: never, type: core.log.Log, message: no, when: false}
outputs: [{id: names, type: STRING, value: "{{ inputs.names | join('+') }}"}]
"""


def wrong(folder: Path, expect: str, more: str = "") -> list[str]:
    """What is wrong when that is expected; each without its place."""
    tests = f"flow: all.yaml\ntests:\n  - id: one\n    inputs: {{}}\n    expect: {expect}\n{more}"
    return [failure.partition(": ")[2] for failure in failures(play(folder, {"all.yaml": FLOW}, tests))["one"]]


def test_all_that_is_right_passes(tmp_path: Path):
    """Every kind of expectation, with expressions in them."""
    passed(
        play(
            tmp_path,
            {"all.yaml": FLOW},
            """
flow: all.yaml
tests:
  - id: right
    inputs: {names: [x, y]}
    labels: {own: b}
    expect:
      state: {in: [SUCCESS, WARNING]}
      outputs: {names: "{{ inputs.names | join('+') }}"}
      inputs: {names: [x, y]}
      labels: {team: a, own: b}
      error: null
      duration: PT0S
      started: 1
      dead: []
      tasks:
        each: {state: SUCCESS}
        back: {runs: 2, attempts: 1, state: SUCCESS, values: {x: {outputs: {value: X}}, y: {outputs: {value: {startsWith: Y}}}}}
        never: {notRun: true}
        log: {options: {level: WARN}}
      logs: [are done, {level: WARN, task: log}, {message: {matches: ^all}}, {message: all are done}]
      stateEvents: [CREATED, RUNNING, {state: SUCCESS, outputs: {names: x+y}}]
      published: [{topic: done, key: k, data: {n: 2}}]
      executions: [{flow: all, state: SUCCESS}]
    assertions:
      - "{{ outputs.back.x.value == 'X' }}"
      - {value: "{{ outputs.back | length }}", equalTo: "2", greaterThan: 1}
""",
        )
    )


def test_each_that_is_wrong_is_told(tmp_path: Path):
    """Rule 1: all at once, in words."""
    told = wrong(
        tmp_path,
        "{state: FAILED, outputs: {names: z}, labels: {team: b}, error: {isNotNull: true}, duration: PT1S, started: 2, dead: 1,"
        " tasks: {back: {runs: 3, state: FAILED, values: {x: {outputs: {value: Z}}, q: {state: SUCCESS}}}, bakc: {state: SUCCESS},"
        " log: {notRun: true}}, logs: [nothing], stateEvents: [CREATED], published: [], executions: [{flow: other}]}",
    )
    assert told == [
        "expected 2 execution(s) to start, 1 did",
        "dead events: expected 1, got 0",
        'state: expected "FAILED", got "SUCCESS"',
        'outputs.names: expected "z", got "x+y"',
        "error: expected something, got null",
        'labels.team: expected "b", got "a"',
        'duration: expected "PT1S", got "PT0S"',
        "runs of task `back`: expected 3, got 2",
        'state of task `back` for "x": expected "FAILED", got "SUCCESS"',
        'state of task `back` for "y": expected "FAILED", got "SUCCESS"',
        'outputs of task `back` for "x".value: expected "Z", got "X"',
        'task `back` did not run for the value "q"',
        "task `bakc` did not run; did you mean `back`?",
        "task `log`: expected it not to run, it is SUCCESS",
        'logs: no line is {"message": {"contains": "nothing"}}; these are there:'
        "\n    DEBUG back: X\n    DEBUG back: Y\n    WARN log: all are done",
        "state events: expected 1, got 3: CREATED, RUNNING, SUCCESS",
        'published: expected 0 event(s), got 1: done {"n": 2}',
        "executions: no further one of flow other; there were: shop.all",
    ]


def test_without_a_word_an_execution_must_end_well(tmp_path: Path):
    """Rule 4: a test that expects nothing finds at least that; with the reason."""
    flow = "id: a\nnamespace: b\ntasks: [{id: fail, type: core.execution.Fail, errorMessage: on purpose}]\n"
    tests = """
flow: a.yaml
tests:
  - id: nothing
  - {id: something, expect: {tasks: {fail: {state: SUCCESS}}}}
  - {id: said, expect: {state: FAILED}}
  - {id: asserted, assertions: ["{{ 1 > 2 }}", "{{ gone }}"]}
"""
    found = failures(play(tmp_path, {"a.yaml": flow}, tests))
    assert found["nothing"] == ["flows.test.yaml:4:5: state: expected it to end well, got FAILED (task `fail`: on purpose)"]
    assert "state of task `fail`" in found["something"][1]
    assert "(on purpose)" in found["something"][1]
    assert found["said"] == []
    assert len(found["asserted"]) == 3


def test_what_is_expected_may_not_be_evaluable(tmp_path: Path):
    """That is told, too."""
    (told,) = wrong(tmp_path, "{outputs: {names: '{{ inputs.gone }}'}}")
    assert told.startswith("outputs: what is expected cannot be evaluated: ")


def test_events_of_the_test_itself_are_not_published_by_the_flow(tmp_path: Path):
    """Only what the flows put there counts; what it is is compared."""
    flow = """
id: echo
namespace: shop
tasks: [{id: tell, type: core.event.Publish, topic: done, data: "{{ trigger.data }}"}]
triggers: [{id: it, type: core.trigger.Event, topic: done, when: "{{ trigger.data.n == 1 }}"}]
"""
    tests = """
flow: echo.yaml
tests:
  - {id: one, event: {topic: done, data: {n: 1, first: true}}, until: PT1S, expect: {published: [{data: {n: 2}}]}}
"""
    found = failures(play(tmp_path, {"echo.yaml": flow.replace('"{{ trigger.data }}"', "{n: 3}")}, tests))
    assert found["one"] == ["flows.test.yaml:4:106: published[0].data.n: expected 2, got 3"]
