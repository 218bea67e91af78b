"""Parse: files become flows and triggers, or all that is wrong with them."""

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from onbeat.core.flow import RunnableTask
from onbeat.core.parse import load, parse_flow, parse_trigger, problems, task_paths
from onbeat.core.plan.parallel import Parallel
from onbeat.errors import InvalidFile
from tests.core.test_cost import calls_of

START = "id: x\nnamespace: n\n"
TASKS = "tasks:\n  - id: a\n    type: t\n"


def wrong(text: str) -> list[str]:
    """What is said of a flow's text, as `line:column: message`."""
    with pytest.raises(InvalidFile) as found:
        parse_flow(text, "f.yaml")
    return [str(problem).removeprefix("f.yaml:") for problem in found.value.problems]


def test_a_flow_is_read():
    """Constructs become what core/plan says, every other type is a task with options."""
    flow, document = parse_flow(
        START + TASKS + "    message: hi\n  - {id: p, type: core.flow.Parallel, tasks: [{id: b, type: u}]}\n", "f.yaml"
    )

    assert (flow.id, flow.namespace, flow.name) == ("x", "n", "n.x")
    assert [type(task) for task in flow.tasks] == [RunnableTask, Parallel]
    assert flow.tasks[0].options == {"message": "hi"}
    assert document.data["tasks"][0]["message"] == "hi"


@pytest.mark.parametrize("text", ["", "- a", "text", "7"])
def test_a_flow_is_a_map(text: str):
    """Anything else is told what a flow is."""
    assert wrong(text) == ["1:1: a flow is a map with `id`, `namespace` and `tasks`"]


def test_what_is_no_yaml_has_its_place():
    """The reader's own words."""
    assert wrong("id: x\ntasks: [\n")[0].startswith("3:1: ")


@pytest.mark.parametrize(("text", "said"), [
    ("id: x", ["1:1: `namespace` is missing", "1:1: `tasks` is missing"]),
    (START + "taskz: []\n" + TASKS, ["3:1: unknown key `taskz`; did you mean `tasks`?"]),
    (START + "zzz: []\n" + TASKS, ["3:1: unknown key `zzz`"]),
    (START + "tasks: []", ["3:8: `tasks`: there must be at least one task"]),
    (START + "tasks: {}", ["3:8: `tasks`: must be a list"]),
    (START + "tasks: [a]", ["3:9: `tasks.0`: a task is a map with `id` and `type`"]),
    (START + "tasks: [{id: a}]", ["3:9: `type` is missing in `tasks.0`"]),
    (START + "tasks: [{type: t}]", ["3:9: `id` is missing in `tasks.0`"]),
    (START + "tasks: [{id: a, type: 3}]", ["3:23: `tasks.0.type`: must be text; put it in quotes"]),
    ("id: 3\nnamespace: n\n" + TASKS, ["1:5: `id`: must be text; put it in quotes"]),
    ("id: x y\nnamespace: n\n" + TASKS, ["1:5: `id`: use letters, digits, `.`, `_` and `-`, beginning with a letter or digit"]),
    (f"id: {'x' * 101}\nnamespace: n\n{TASKS}", ["1:5: `id`: use at most 100 characters"]),
    ("id: x\nnamespace: N\n" + TASKS,
     ["2:12: `namespace`: use lower-case letters, digits, `.`, `_` and `-`, beginning with a letter or digit"]),
    (START + "tasks: [{id: a.b, type: t}]", ["3:14: `tasks.0.id`: use letters, digits, `_` and `-`, beginning with a letter or digit"]),
    (START + TASKS + "    disabled: maybe", ["6:15: `tasks.0.disabled`: must be true or false"]),
    (START + TASKS + "    onLost: NEVER", ["6:13: `tasks.0.onLost`: must be 'RETRY', 'FAIL' or 'HOLD'"]),
    (START + TASKS + "    logLevel: LOUD", ["6:15: `tasks.0.logLevel`: must be 'TRACE', 'DEBUG', 'INFO', 'WARN' or 'ERROR'"]),
    (START + TASKS + "    retry: {type: constant, intervall: PT1S}", ["6:29: unknown key `intervall`; did you mean `interval`?"]),
    (START + TASKS + "    retry: {type: constant}", ["6:12: `tasks.0.retry`: a retry of type `constant` needs `interval`"]),
    (START + TASKS + "    retry: 3", ["6:12: `tasks.0.retry`: must be a map"]),
    (START + "concurrency: {limit: 0, behaviour: QUEUE}\n" + TASKS,
     ["3:22: `concurrency.limit`: must be 1 or more", "3:25: unknown key `behaviour`; did you mean `behavior`?"]),
    (START + "concurrency: {limit: some}\n" + TASKS, ["3:22: `concurrency.limit`: must be a whole number"]),
    (START + "outputs: [{id: a, valu: 1}]\n" + TASKS, ["3:19: unknown key `valu`; did you mean `value`?"]),
    (START + "labels: [a]\n" + TASKS, ["3:9: `labels`: must be a map"]),
    (START + "inputs: [{id: i, type: STRNG}]\n" + TASKS, ["3:10: `inputs.0`: `STRNG` is not an input type; did you mean `STRING`?"]),
    (START + "tasks: [{id: a, type: core.flow.ForEach, values: [], value: [], tasks: [{id: b, type: t}]}]",
     ["3:54: `value` is another name of a key that is here too; write one of them"]),
])  # fmt: skip
def test_each_problem_has_its_place_and_its_cure(text: str, said: list[str]):
    """In words of YAML, and one problem for each thing that is wrong."""
    assert wrong(text) == said


DEEP = """\
id: x
namespace: n
tasks:
  - id: a
    type: io.kestra.plugin.core.flow.Parallel
    concurent: 3
    tasks:
      - id: b
        type: core.flow.If
        condtion: 1
        then:
          - {id: c, type: core.flow.Switch, value: v, cases: {one: [{id: d, type: core.flow.Pause, dely: PT1S}]}}
"""


def test_all_problems_are_told_at_any_depth():
    """With the keys of the construct they are in; a task's mistake is not told of the lists around it."""
    assert wrong(DEEP) == [
        "6:5: unknown key `concurent`; did you mean `concurrent`?",
        "8:9: `condition` is missing in `tasks.0.tasks.0`",
        "10:9: unknown key `condtion`; did you mean `condition`?",
        "12:100: unknown key `dely`; did you mean `delay`?",
    ]


def test_the_second_task_of_an_id_is_shown():
    """Wherever in the tree it is; a map in a task's options is no task."""
    text = START + TASKS + "    data: {id: a, type: t}\n  - {id: s, type: core.flow.Switch, value: x, cases: {k: [{id: b, type: t}]}}\n"
    parse_flow(text, "f.yaml")

    assert wrong(text + "finally: [{id: b, type: t}]\n") == ["8:16: task id `b` is used more than once; ids are unique in the whole flow"]


def test_where_each_task_stands():
    """By the paths of the document, for the editor and for problems of its options."""
    flow, document = parse_flow(
        START
        + "variables: {v: {id: a, type: t}}\nerrors: [{id: e, type: t}]\ntasks:\n"
        + "  - {id: i, type: core.flow.If, condition: 1, then: [{id: a, type: t, more: [{id: e, type: t}]}], else: [{id: b, type: t}]}\n"
        + "  - {id: s, type: core.flow.Switch, value: x, cases: {k: [{id: c, type: t}]}, defaults: [{id: d, type: t}]}\n"
        + "  - {id: g, type: core.flow.Dag, tasks: [{task: {id: h, type: t}}, {task: {id: j, type: t}, dependsOn: [h]}]}\n"
        + "  - {id: k, type: t, compensate: [{id: l, type: t}]}\n",
        "f.yaml",
    )

    assert task_paths(flow, document) == {
        "e": ("errors", 0),
        "i": ("tasks", 0),
        "a": ("tasks", 0, "then", 0),
        "b": ("tasks", 0, "else", 0),
        "s": ("tasks", 1),
        "c": ("tasks", 1, "cases", "k", 0),
        "d": ("tasks", 1, "defaults", 0),
        "g": ("tasks", 2),
        "h": ("tasks", 2, "tasks", 0, "task"),
        "j": ("tasks", 2, "tasks", 1, "task"),
        "k": ("tasks", 3),
        "l": ("tasks", 3, "compensate", 0),
    }


def test_a_stand_alone_trigger_is_read():
    """With the flow it starts, or several; its other keys are its source's."""
    trigger, _ = parse_trigger("id: t\ntype: kafka.RealtimeTrigger\nflow: {namespace: n, id: f}\ntopic: orders\n", "t.yaml")

    assert (trigger.name, trigger.settings) == ("n.f.t", {"topic": "orders"})


@pytest.mark.parametrize(("text", "said"), [
    ("", "1:1: a trigger is a map with `id`, `type` and `flow`"),
    ("id: [", "2:1: "),
    ("id: t\ntype: k", "1:1: a trigger in a file of its own says which flow it starts: `flow: {namespace: …, id: …}`"),
    ("id: t\nflow: {namespace: n, id: f}", "1:1: `type` is missing"),
    ("id: t\ntype: k\nflow: {namespace: n, idd: f}", "3:7: `id` is missing in `flow`"),
    ("id: t\ntype: k\nflow: {namespace: n, id: f}\nflows: [{namespace: n, id: f}]", "1:1: write `flow:` or `flows:`, not both"),
])  # fmt: skip
def test_what_is_wrong_with_a_trigger(text: str, said: str):
    """As for flows."""
    with pytest.raises(InvalidFile) as found:
        parse_trigger(text, "t.yaml")

    assert str(found.value.problems[0]).startswith(f"t.yaml:{said}")


class _Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    limit: int | None = None


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid")
    inner: _Inner | None = None
    either: int | list[int] = 0


@pytest.mark.parametrize(("options", "said"), [
    ("{innr: 1}", ["1:6: unknown key `innr`; did you mean `inner`?"]),
    ("{inner: {limt: 1}}", ["1:14: unknown key `limt`; did you mean `limit`?"]),
    ("{either: x}", ["1:14: `a.0.either`: must be a whole number", "1:14: `a.0.either`: must be a list"]),
    ("{either: [x]}", ["1:14: `a.0.either`: must be a whole number", "1:15: `a.0.either.0`: must be a whole number"]),
])  # fmt: skip
def test_a_part_of_a_document_is_explained_by_its_own_model(options: str, said: list[str]):
    """A plugin's options, one problem for each of the library's errors; what the library adds to paths is left out."""
    document = load(f"a: [{options}]", "f.yaml")
    with pytest.raises(ValidationError) as errors:
        _Options.model_validate(document.data["a"][0])
    found = problems(errors.value, document, "f.yaml", _Options, ("a", 0))

    assert len(found) == len(errors.value.errors())
    assert [str(problem) for problem in found] == [f"f.yaml:{line}" for line in said]


def test_what_stands_in_a_key_is_worked_out_once_for_each_model():
    """Five hundred inputs took a tenth of a second: each asked the models of all fields again. Counted in calls, without a clock."""
    text = "id: f\nnamespace: n\ntasks: [{id: a, type: core.log.Log, message: x}]\ninputs:\n" + "- {id: a, type: I}\n" * 500
    with pytest.raises(InvalidFile):
        parse_flow(text, "f.yaml")  # what is worked out once is worked out now

    def again() -> None:
        with pytest.raises(InvalidFile):
            parse_flow(text, "f.yaml")

    assert calls_of(again) < 500 * 200
