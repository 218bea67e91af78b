"""Attempts: what a task that ended well changes about its execution. How attempts end and are lost is in test_decide*.py."""

import pytest

from onbeat.core import changes as c
from onbeat.core import signals as s
from onbeat.core.refs import Ref, mark
from tests.core.world import FAILED, HANG, KILLED, RETRYING, RUNNING, SKIPPED, SUCCESS, WARNING, World

TWO = "tasks: [{id: a, type: t}, {id: b, type: t}]"


def told(facts: s.Facts, **given: object) -> World:
    """A task says this of its execution."""
    return World(TWO, {"a": [facts]}, **given).play()


def test_labels_are_added():
    """One of the same name is replaced; the next task sees them."""
    world = told(s.Facts(labels={"x": "1", "y": "2"}), labels={"x": "0", "z": "3"})

    assert world.execution.labels == {"x": "1", "y": "2", "z": "3"}
    assert world.execution.head.labels == {"x": "0", "z": "3"}


def test_variables_are_merged():
    """Maps into maps, deep; anything else is replaced."""
    world = told(s.Facts(variables={"m": {"b": 2, "n": {"d": 4}}, "v": [1]}), variables={"m": {"a": 1, "n": {"c": 3}}, "v": {"k": 0}})

    assert world.execution.variables == {"m": {"a": 1, "b": 2, "n": {"c": 3, "d": 4}}, "v": [1]}


def test_variables_that_are_kept_in_storage_are_replaced():
    """They are no maps here, but addresses of them."""
    kept = mark(Ref("kestra:///x", 9))
    world = told(s.Facts(variables={"a": {"b": 2}, "c": kept}), variables={"a": kept, "c": {"d": 1}})

    assert world.execution.variables == {"a": {"b": 2}, "c": kept}


def test_what_may_not_be_overwritten_fails_the_task():
    """And nothing of it is changed; trying again is no use."""
    facts = s.Facts(variables={"new": 1, "old": 2}, labels={"l": "x"}, overwrite=False)
    world = World(
        "tasks: [{id: a, type: t, retry: {type: constant, interval: PT1S, maxAttempts: 3}}]", {"a": [facts]}, variables={"old": 1}
    ).play()

    assert (world.state, world.run("a").attempt, world.execution.variables, world.execution.labels) == (FAILED, 1, {"old": 1}, {})
    assert world.run("a").error == "the variable `old` is there already; `overwrite: true` replaces it"


def test_variables_are_taken_away():
    """One with dots inside of a map, too."""
    given = {"a": 1, "m": {"b": 2, "c": {"d": 3}}, "x.y": 4}
    world = told(s.Facts(unset=("a", "m.b", "x.y")), variables=given)

    assert world.execution.variables == {"m": {"c": {"d": 3}}}
    assert told(s.Facts(unset=("m.c.d",)), variables=given).execution.variables == {"a": 1, "m": {"b": 2, "c": {}}, "x.y": 4}


@pytest.mark.parametrize("name", ["nothing", "m.nothing", "a.b", "m.c.d.e"])
def test_what_is_not_there_cannot_be_taken_away(name: str):
    """Unless it says that this is no matter."""
    given = {"a": 1, "m": {"c": {"d": 3}}}
    world = told(s.Facts(unset=(name,)), variables=given)
    assert world.run("a").error == f"there is no variable `{name}` to unset; `ignoreMissing: true` leaves it at that"

    assert told(s.Facts(unset=(name,), missing=True), variables=given).execution.variables == given


@pytest.mark.parametrize("state", [FAILED, KILLED])
def test_a_task_that_did_not_end_well_changes_nothing(state: object):
    """What it said is not taken."""
    world = World(TWO, {"a": [HANG]}).play()
    world.tell(s.TaskEnded(1, 1, state, facts=s.Facts(labels={"x": "1"}, variables={"v": 1}, exit=SUCCESS)))
    world.play()

    assert (world.state, world.execution.labels, world.execution.variables, world.execution.exit) == (state, {}, {}, None)


def test_a_task_that_is_being_stopped_changes_nothing():
    """It ends KILLED."""
    world = World(TWO, {"a": [HANG]}).play()
    world.tell(s.Kill())
    world.tell(s.TaskEnded(1, 1, SUCCESS, facts=s.Facts(labels={"x": "1"}, exit=SUCCESS)))

    assert (world.state, world.execution.labels) == (KILLED, {})


def test_facts_are_decided_with_the_end_and_so_once():
    """The same end told twice is stale."""
    world = World(TWO, {"a": [HANG], "b": [HANG]}).play()
    ended = world.ending(world.run("a"), s.Facts(labels={"x": "1"}))
    world.tell(ended)

    assert world.tell(ended) == ()
    assert [type(change) for change in world.changes()].count(c.Labelled) == 1


def test_a_time_limit_from_outside_is_asked_for():
    """Each attempt has its own; it is asked before the attempt begins."""
    world = World("tasks: [{id: a, type: t, timeout: '{{ envs.long }}'}]", {"a": [HANG]}, outside={"envs": {"long": "PT3S"}})
    world.begin()
    assert world.timers()[0].due == world.now + 3_000_000
    world.at(3)

    assert (world.state, world.run("a").error) == (FAILED, "timed out after 3.0 s")


def test_where_it_logs_is_kept_with_the_attempt():
    """Also when nobody was there to say so: it timed out."""
    world = World(
        "tasks: [{id: a, type: t, timeout: PT3S, logToFile: true, retry: {type: constant, interval: PT1S, maxAttempts: 2}}]", {"a": [HANG]}
    )
    world.begin()
    world.at(3)
    assert world.run("a").state is RETRYING
    world.at(4)
    world.tell(s.TaskEnded(1, 2, SUCCESS, log="kestra:///log"))

    first, second = world.run("a").attempts
    assert (first.log or "").startswith("kestra:///tests/story/executions/exec/")
    assert second.log == "kestra:///log"


def test_a_success_after_a_failure_may_be_a_warning():
    """`warningOnRetry`."""
    retry = "retry: {type: constant, interval: PT1S, maxAttempts: 2, warningOnRetry: true}"
    world = World(f"tasks: [{{id: a, type: t, {retry}}}, {{id: b, type: t, when: false}}]", {"a": [FAILED, SUCCESS]}).play()

    assert world.states == {"a": WARNING, "b": SKIPPED}
    assert world.past("a")[-2:] == [RUNNING, WARNING]
