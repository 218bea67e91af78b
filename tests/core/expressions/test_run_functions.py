from typing import Any

import pytest
from immutables import Map

from onbeat.core.expressions import ExpressionError, evaluate
from onbeat.core.expressions.run_functions import FUNCTIONS

TESTED = {"currentEachOutput", "iterationOutput", "loopOutputs", "parentOutput", "tasksWithState"}


def test_every_function_on_task_runs_is_tested_here() -> None:
    """A function without an example is one that nobody knows."""
    assert set(FUNCTIONS) == TESTED


def test_the_output_of_the_present_iteration() -> None:
    """currentEachOutput goes down by the values of all loops around, from the outermost to the innermost."""
    outputs = {"a": {"x": {"value": "ax"}, "y": {"value": "ay"}}, "b": {"x": {"value": "bx"}}}
    scope = {"outputs": {"inner": outputs}, "taskrun": {"value": "x"}, "parents": [{"taskrun": {"value": "b"}}, {"outputs": {}}]}
    assert evaluate("{{ currentEachOutput(outputs.inner).value }}", scope) == "bx"
    scope["taskrun"] = {"value": "y"}
    assert evaluate("{{ currentEachOutput(outputs.inner).value ?? 'none' }}", scope) == "none"
    one = {"outputs": {"t": {"a": {"value": 1}}}, "taskrun": {"value": "a"}, "parents": []}
    assert evaluate("{{ currentEachOutput(outputs.t).value }}", one) == 1


def test_the_output_of_the_present_iteration_inside_an_if() -> None:
    """A flowable between the loop and the task has the loop's value; it counts once."""
    scope = {"outputs": {"t": {"a": {"value": 1}}}, "taskrun": {"value": "a"}, "parents": [{"taskrun": {"value": "a"}}]}
    assert evaluate("{{ currentEachOutput(outputs.t).value }}", scope) == 1


LOOP: dict[str, Any] = {
    "task": {"id": "t"},
    "taskrun": {"value": "b", "iteration": 2},
    "parents": [{"taskrun": {"value": "out", "iteration": 0}}],
    "outputs": Map({"t": Map({"out": Map({"z": {"value": 10, "more": 1}, "a": {"value": 20}})}), "u": Map({"out": Map({"z": {"x": 5}})})}),
    "__values__": ("z", "a", "b"),
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("iterationOutput()", 20),
        ("iterationOutput('t', 0)", 10),
        ("iterationOutput(taskId='t', iteration=1)", 20),
        ("iterationOutput(outputs.t, 0).more", 1),
        ("iterationOutput(outputs.u, 0).x", 5),
        ("iterationOutput('u')", None),
        ("iterationOutput('nope')", None),
        ("iterationOutput(iteration=2)", None),
    ],
)
def test_the_output_of_another_iteration(text: str, value: object) -> None:
    """Rule 2: the iteration before this one, or by its number in the order of the loop's values; of this task or another."""
    assert evaluate("{{ " + text + " }}", LOOP) == value


def test_the_output_of_another_iteration_inside_an_if() -> None:
    """The flowable between the loop and the task has the present value, which is not part of the way."""
    scope = {**LOOP, "parents": [{"taskrun": {"value": "b"}}, *LOOP["parents"]]}
    assert evaluate("{{ iterationOutput() }}", scope) == 20


def test_one_output_of_all_iterations() -> None:
    """In order; null where there is none."""
    scope = {"outputs": {"loop": {"outputs": [{"outputs": {"r": 1}}, {"outputs": {}}, {}, {"outputs": {"r": "x"}}, 5]}}}
    assert evaluate("{{ loopOutputs(outputs.loop.outputs, 'r') }}", scope) == [1, None, None, "x", None]


@pytest.mark.parametrize(
    ("text", "value"), [("parentOutput().x", 1), ("parentOutput(0).y", 2), ("parentOutput(1).x", 1), ("parentOutput(index=2)", None)]
)
def test_what_a_parent_gave(text: str, value: object) -> None:
    """The nearest construct, or one by its number from the outermost."""
    parents: list[dict[str, Any]] = [{"outputs": {"x": 1}}, {"outputs": {"y": 2}}]
    if "2" in text.partition(")")[0]:
        parents.insert(0, {"taskrun": {"value": "v"}})
    assert evaluate("{{ " + text + " }}", {"parents": parents}) == value


def test_tasks_with_a_state() -> None:
    """In loops with the value, sorted by task; the state in any case."""
    tasks = Map(
        {
            "two": Map({"x": {"state": "FAILED"}, "y": {"state": "SUCCESS"}, "z": Map({"deep": {"state": "FAILED"}})}),
            "one": {"state": "FAILED"},
            "three": {"state": "SUCCESS"},
        }
    )
    assert evaluate("{{ tasksWithState('failed') }}", {"tasks": tasks}) == [
        {"taskId": "one", "state": "FAILED"},
        {"taskId": "two", "state": "FAILED", "value": "x"},
        {"taskId": "two", "state": "FAILED", "value": "deep"},
    ]
    assert evaluate("{{ tasksWithState('FAILED')[0].taskId }}", {"tasks": tasks}) == "one"
    assert evaluate("{{ tasksWithState('FAILED') }}", {}) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("currentEachOutput()", r"takes \(outputs\)"),
        ("iterationOutput(iteration=3)", "an iteration from 0 to 2"),
        ("iterationOutput(iteration=-1)", "an iteration from 0 to 2"),
        ("iterationOutput(iteration='x')", "an iteration from 0 to 2"),
        ("loopOutputs(outputs, null)", "takes the list `outputs.LOOP.outputs`, not a map"),
        ("loopOutputs([], null)", "takes the name of an output, not null"),
        ("loopOutputs(5, 'r')", "takes the list `outputs.LOOP.outputs`, not a number"),
        ("parentOutput(7)", "an index from 0 to 0"),
        ("parentOutput('x')", "an index from 0 to 0"),
    ],
)
def test_wrong_use_is_told(text: str, reason: str) -> None:
    """The function is named, and what it takes."""
    with pytest.raises(ExpressionError, match=reason):
        evaluate("{{ " + text + " }}", LOOP)


@pytest.mark.parametrize(
    ("text", "reason"),
    [("iterationOutput()", "for tasks in a loop"), ("parentOutput()", "for tasks inside of a construct")],
)
def test_outside_of_a_loop_it_says_so(text: str, reason: str) -> None:
    """A task that has no loop or construct around it."""
    with pytest.raises(ExpressionError, match=reason):
        evaluate("{{ " + text + " }}", {"taskrun": {"id": "x"}})
    with pytest.raises(ExpressionError, match="does not know the loop's values"):
        evaluate("{{ iterationOutput() }}", {"taskrun": {"value": "a", "iteration": 1}})
