"""Context: what expressions see, under Kestra's names."""

from typing import Any

import pytest

from onbeat.core import context
from onbeat.core.context import variables
from onbeat.core.execution import Trigger
from onbeat.core.expressions import compile_text, make_scope
from onbeat.core.refs import Ref, mark
from onbeat.core.times import to_datetime
from tests.core.world import FAILED, World

LOOPS = """
variables: {v: 7}
tasks:
  - {id: first, type: t}
  - id: outer
    type: core.flow.ForEach
    values: [a, b]
    tasks:
      - id: if
        type: core.flow.If
        condition: true
        then:
          - id: inner
            type: core.flow.ForEach
            values: ["1"]
            tasks: [{id: leaf, type: t}]
"""


def played(**facts: Any) -> World:
    """The loops, played to the end."""
    return World(LOOPS, {"first": [{"x": 1}]}, **facts).play()


def seen(world: World, expression: str, name: str | None = None) -> Any:
    """The value of an expression for a task run, or for the flow."""
    n = world.run(name).n if name else 0
    return compile_text("{{ " + expression + " }}").render(make_scope(variables(world.flow, world.execution, n, world.now)))


def test_the_flow_and_the_execution():
    """Ids, revision, tenant, start, the first of a chain of replays."""
    world = played(original="first-one")

    assert seen(world, "[flow.id, flow.namespace, flow.revision, flow.tenantId]") == ["story", "tests", 1, "main"]
    assert seen(world, "[execution.id, execution.originalId, execution.startDate, execution.state]") == [
        "exec", "first-one", "1970-01-12T13:46:40.000Z", "SUCCESS",
    ]  # fmt: skip
    assert seen(played(), "execution.originalId") == "exec"


def test_inputs_variables_outputs_states_and_trigger():
    """Loop tasks by value, at any depth."""
    world = played(inputs={"i": [1]}, trigger=trigger({"body": {"k": "v"}}))

    assert seen(world, "[inputs.i, vars.v, outputs.first.x, trigger.body.k]") == [[1], 7, 1, "v"]
    assert seen(world, "outputs.leaf.a['1'].value") == "leaf[a][1]"
    assert seen(world, "[tasks.first.state, tasks.leaf.b['1'].state]") == ["SUCCESS", "SUCCESS"]
    assert seen(played(), "trigger") == {}


def trigger(shown: dict[str, Any]) -> Any:
    """A trigger that shows these variables."""
    return Trigger(id="t", type="core.trigger.Webhook", variables=shown)


def test_the_task_and_its_run():
    """Inside a loop, value and iteration are those of the nearest one."""
    world = played()

    assert seen(world, "[task.id, task.type, taskrun.id, taskrun.parentId]", "leaf[b][1]") == ["leaf", "t", "exec-8", "exec-7"]
    assert seen(world, "[taskrun.value, taskrun.iteration]", "leaf[b][1]") == ["1", 0]
    assert seen(world, "[taskrun.value, taskrun.iteration]", "inner[b]") == ["b", 1]
    assert seen(world, "[taskrun.value is undefined, taskrun.parentId is undefined]", "first") == [True, True]
    assert seen(world, "taskrun.startDate", "first") == "1970-01-12T13:46:40.000Z"


@pytest.mark.parametrize("written", ["core.log.Log", "io.kestra.plugin.core.log.Log", "io.kestra.core.tasks.log.Log"])
def test_the_type_of_a_task_is_kestras(written: str):
    """Its full name, whichever the flow has: Kestra's flows compare and print it."""
    world = World(f"tasks: [{{id: a, type: {written}}}]").play()

    assert seen(world, "task.type", "a") == "io.kestra.plugin.core.log.Log"


def test_attempts_count_those_that_are_over():
    """0 in the first attempt, 1 in the second; after the last all of them."""
    world = World("tasks: [{id: a, type: t, retry: {type: constant, interval: PT1S, maxAttempts: 3}}]")
    world.begin()
    assert seen(world, "taskrun.attemptsCount", "a") == 0
    world.end("a", FAILED)
    world.at(1)
    assert seen(world, "taskrun.attemptsCount", "a") == 1
    world.end("a")
    assert seen(world, "taskrun.attemptsCount", "a") == 2


def test_parents_are_nearest_first():
    """Those that have a value or outputs; `parent` is the first of them."""
    world = played()
    expected = [
        {"outputs": {"evaluationResult": True}, "taskrun": {"value": "a"}},
    ]

    assert seen(world, "parents", "leaf[a][1]") == expected
    assert seen(world, "parent.taskrun.value", "leaf[a][1]") == "a"
    assert seen(world, "[parents, parent is undefined]", "first") == [[], True]


def test_the_failure_is_known_where_errors_run():
    """`error.taskId` and `error.message`; without a failure there is no `error`."""
    world = World("tasks: [{id: a, type: t}]", {"a": ["no disk"]}).play()

    assert seen(world, "error.taskId ~ ': ' ~ error.message") == "a: no disk"
    assert seen(played(), "error is undefined") is True


def test_labels_nest_at_their_dots():
    """`labels.system.correlationId` is always there; a label that is both a name and a prefix gives way to what is inside."""
    world = played(labels={"team": "x", "a.b": "1", "a.c": "2", "n": "y", "n.m": "z"})
    assert seen(world, "[labels.team, labels.a.b, labels.a.c, labels.n.m, labels.system.correlationId]") == ["x", "1", "2", "z", "exec"]

    own = played(labels={"system.correlationId": "mine", "system.from": "ui"})
    assert seen(own, "[labels.system.correlationId, labels.system.from]") == ["mine", "ui"]
    assert context.labels(played(labels={"system": "odd"}).execution) == {"system": "odd"}


def test_kept_values_are_refs():
    """Touching one asks for it: nothing large is in memory by itself."""
    large = {"f": mark(Ref("kestra:///x", 9))}
    world = played(inputs=large, trigger=trigger(large))
    names = variables(world.flow, world.execution)

    assert (names["inputs"], names["trigger"]) == ({"f": Ref("kestra:///x", 9)}, {"f": Ref("kestra:///x", 9)})


def test_large_variables_of_its_own_flow_are_refs():
    """What a task set and the engine kept. One that names a file of another flow came from the flow's text: it is that text."""
    folder = "tests/story/executions/0123456789012345678901/_values"
    own, other = Ref(f"kestra:///{folder}/variables/1/1/x.json", 9), Ref(f"kestra:///{folder.replace('story', 'other')}/x.json", 9)
    world = played(variables={"large": mark(own), "odd": mark(other), "wrong": {"onbeat:ref": 7}, "small": 1})

    found = variables(world.flow, world.execution)["vars"]
    assert found == {"large": own, "odd": mark(other), "wrong": {"onbeat:ref": 7}, "small": 1}


def test_the_time_is_given_or_not_known():
    """`now()` has what decide was given."""
    world = played()

    assert variables(world.flow, world.execution, 0, world.now)["__now__"] == to_datetime(world.now)
    assert "__now__" not in variables(world.flow, world.execution)


def test_what_is_outside_is_not_here():
    """The environment and the server's settings are the shell's."""
    world = played()

    assert not context.OUTSIDE_ROOTS & variables(world.flow, world.execution).keys()
