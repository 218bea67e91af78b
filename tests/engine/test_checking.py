"""Checking: everything that is wrong with a file, at once and in its place."""

import pytest

from onbeat.engine.checking import check_flow, check_trigger
from onbeat.errors import InvalidFile
from onbeat.registry import Registry

GOOD = """
id: f
namespace: t
tasks:
  - {id: a, type: core.debug.Return, format: one}
"""


def problems(text: str) -> list[str]:
    """What is wrong with a flow, without the file's name."""
    with pytest.raises(InvalidFile) as caught:
        check_flow(text, "f.yaml", Registry())
    return [str(problem).removeprefix("f.yaml:") for problem in caught.value.problems]


def test_all_problems_are_told_at_once_with_their_place() -> None:
    """A wrong type, an unknown option and a broken expression of the flow's own: each with line and column."""
    found = problems(
        """id: f
namespace: t
tasks:
  - id: a
    type: core.log.Lag
  - id: b
    type: core.log.Log
    mesage: hello
outputs:
  - id: c
    type: STRING
    value: "{{ 1 + }}"
"""
    )
    assert [line.split(":")[0] for line in found] == ["5", "6", "8", "12"]
    assert "core.log.Log" in found[0]
    assert any("did you mean `message`" in line for line in found)


def test_a_task_whose_expression_does_not_compile_is_loaded() -> None:
    """As Kestra loads it: the task fails when it is reached, and `check` warns."""
    check_flow(GOOD.replace("format: one", 'format: "{{ 1 + }}"'), "f.yaml", Registry())


def test_a_flow_that_starts_itself_is_refused() -> None:
    """It would never end; told at the task."""
    (found,) = problems("id: f\nnamespace: t\ntasks:\n  - {id: again, type: core.flow.Subflow, namespace: t, flowId: f}\n")
    assert found == "4:5: task `again` starts its own flow t.f, which would never end"


def test_an_option_that_is_an_expression_is_not_complained_of() -> None:
    """Its value is not known before it is rendered."""
    check_flow(GOOD.replace("core.debug.Return, format: one", 'core.flow.Sleep, duration: "{{ inputs.x }}"'), "f.yaml", Registry())


def test_an_unknown_option_is_refused_whatever_its_value() -> None:
    """Also when the value is an expression."""
    (found,) = problems(GOOD.replace("format: one", "invalid: '{{ taskrun.startDate }}'"))
    assert "invalid" in found


def test_an_option_that_cannot_be_is() -> None:
    """A value without an expression is checked when the file is loaded."""
    found = problems(GOOD.replace("core.debug.Return, format: one", "core.flow.Sleep, duration: soon"))
    assert "duration" in found[0]


def test_a_trigger_of_its_own_is_checked() -> None:
    """Its source's settings, and that it names a flow."""
    check_trigger("{id: t, type: core.trigger.Event, topic: x, flow: {namespace: t, id: f}}", "t.yaml", Registry())
    with pytest.raises(InvalidFile, match="which flow"):
        check_trigger("{id: t, type: core.trigger.Event, topic: x}", "t.yaml", Registry())
    with pytest.raises(InvalidFile, match="topic"):
        check_trigger("{id: t, type: core.trigger.Event, topik: x, flow: {namespace: t, id: f}}", "t.yaml", Registry())


WRONG = """\
id: f
namespace: t
labels:
inputs:
tasks:
  - id: a
    type: core.http.Request
    uri: 3
    options: {timeout: {conectTimeout: PT1S}, auth: {type: BASC}, allowedResponseCodes: [a]}
    headers: [x]
  - id: b
    type: core.flow.If
    condition: x
    then: {id: c}
triggers:
  - 1
  - {id: s, type: core.trigger.Schedule, crom: x}
  - {id: s, type: core.trigger.Schedule, cron: "* * * * *"}
outputs: [{id: o, type: STRING, value: "{{ 1 + }}"}, {id: o, type: STRING, value: 1}]
concurrency:
sla: 3
description: 3
"""


def test_what_plugins_find_is_told_beside_what_is_wrong_with_the_flow() -> None:
    """Rule 1: a list that is none, in one place, hides nothing in another; a key without a value is as if it were not there."""
    assert problems(WRONG) == [
        "8:10: `tasks.0.uri`: must be text; put it in quotes",
        "9:25: unknown key `conectTimeout`; did you mean `connectTimeout`?",
        "9:53: `tasks.0.options.auth`: `type` must be one of 'BASIC', 'BEARER'",
        "9:90: `tasks.0.options.allowedResponseCodes.0`: must be a whole number",
        "10:14: `tasks.0.headers`: must be a map",
        "14:11: `tasks.1.then`: must be a list",
        "16:5: `triggers.0`: must be a map",
        "17:42: unknown key `crom`; did you mean `cron`?",
        "18:10: trigger id `s` is used more than once; ids are unique in the flow",
        "19:40: `outputs.0.value`: unexpected `}}`, at line 1, column 8",
        "19:59: output id `o` is used more than once; ids are unique in the flow",
        "21:6: `sla`: must be a list",
        "22:14: `description`: must be text; put it in quotes",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "id:\nnamespace: t\ntasks: [{id: a, type: core.log.Log, message: x}]\n",
            "1:4: `id`: has no value; write one, or take the key out",
        ),
        ("id: f\nnamespace: t\ntasks:\n", "3:7: `tasks`: has no value; write one, or take the key out"),
    ],
)
def test_a_key_without_a_value_says_so(text: str, said: str) -> None:
    """Not that it must be text."""
    assert said in problems(text)[0]


def test_ids_of_tasks_that_are_there_twice_are_told_beside_other_mistakes() -> None:
    """Each of them once, at any depth; those of tasks without an id are not."""
    text = """id: f
namespace: t
nonsense: 1
tasks:
  - {id: a, type: core.log.Log, message: x}
  - {id: s, type: core.flow.Sequential, tasks: [{id: a, type: core.log.Log, message: x}]}
  - {type: core.log.Log, message: x}
  - {type: core.log.Log, message: x}
errors:
  - {id: a, type: core.log.Log, message: x}
"""
    assert [line for line in problems(text) if "more than once" in line] == [
        "6:54: task id `a` is used more than once; ids are unique in the whole flow",
        "10:10: task id `a` is used more than once; ids are unique in the whole flow",
    ]
    assert [line for line in problems(text.replace("nonsense: 1", "disabled: true")) if "more than once" in line] == [
        "6:54: task id `a` is used more than once; ids are unique in the whole flow",
        "10:10: task id `a` is used more than once; ids are unique in the whole flow",
    ]


def deep(depth: int) -> str:
    """A flow of so many constructs in each other, with a mistake at the bottom."""
    text = "id: f\nnamespace: t\ntasks:\n"
    for level in range(depth):
        text += f"{'  ' * (2 * level + 1)}- id: t{level}\n" + "".join(
            f"{'  ' * (2 * level + 2)}{key}\n" for key in ("type: core.flow.Sequential", "tasks:")
        )
    return text + f"{'  ' * (2 * depth + 1)}- {{id: leaf, type: core.log.Log, mesage: x}}\n"


def test_a_deep_flow_is_checked_to_its_bottom() -> None:
    """The path is told shortened."""
    missing, unknown = problems(deep(155))
    assert "`message` is missing in `tasks.0.tasks.…" in missing
    assert "did you mean `message`?" in unknown


def test_a_flow_that_is_too_deep_is_refused() -> None:
    """200 levels: with a sentence, and no traceback."""
    (found,) = problems(deep(200))
    assert found.endswith("the data is nested more than 320 deep; flatten it")
