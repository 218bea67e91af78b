"""Evolve: apply changes."""

import pytest

from onbeat.core import changes as c
from onbeat.core import signals as s
from onbeat.core.evolve import IllegalTransition, create, evolve, fold, wake_of
from onbeat.core.execution import Execution
from onbeat.core.states import EXECUTION, SETTABLE, TASK_RUN, State
from tests.core.world import CREATED, FAILED, QUEUED, RUNNING, SECOND, SUCCESS, World, flow_of, head_of

ONE = "tasks: [{id: a, type: t}]"


def begun() -> Execution:
    """An execution with a task run that is CREATED."""
    world = World(ONE)
    world.tell(s.Begin())
    return world.execution


def in_state(state: State) -> Execution:
    """An execution that says it is in that state."""
    return create_with(state=state)


def create_with(**facts: object) -> Execution:
    """A created execution with other facts."""
    execution = create(head_of(flow_of(ONE)))
    for name, value in facts.items():
        execution = replaced(execution, name, value)
    return execution


def replaced(execution: Execution, name: str, value: object) -> Execution:
    """One field of it changed."""
    fields = {field: getattr(execution, field) for field in execution.__struct_fields__}
    return Execution(**(fields | {name: value}))


def test_the_head_makes_the_execution():
    """CREATED, at version 1, with the head's labels, variables and start."""
    head = head_of(flow_of(ONE), labels={"a": "b"}, variables={"v": 1}, scheduled=7)
    execution = evolve(None, c.Created(at=head.created, head=head))

    assert execution == create(head)
    assert (execution.version, execution.sequence, execution.state) == (1, 1, CREATED)
    assert (execution.labels, execution.variables, execution.wake) == ({"a": "b"}, {"v": 1}, 7)


def test_nothing_comes_before_the_creation_or_after_a_second_one():
    """A journal begins with Created and has one."""
    with pytest.raises(IllegalTransition, match="LaneEnded before the execution exists"):
        evolve(None, c.LaneEnded(at=1, n=0))
    with pytest.raises(IllegalTransition, match="created once"):
        evolve(begun(), c.Created(at=1, head=begun().head))
    with pytest.raises(ValueError, match="an execution without a change is none"):
        fold([])


def test_folding_goes_on_from_a_snapshot():
    """The changes after it give the same as all of them."""
    world = World(ONE).play()
    changes = world.changes()

    assert fold(changes[3:], fold(changes[:3])) == world.execution == fold(changes)


def test_only_transitions_of_the_table_are_made_by_an_execution():
    """Each pair of states: allowed by states.py, an operator's correction of how it ended, or refused with both names."""
    for before in EXECUTION:
        execution = in_state(before)
        for after in State:
            change = c.Moved(at=1, before=before, after=after, sequence=2)
            if after in EXECUTION[before] or (before is not after and {before, after} <= SETTABLE):
                assert evolve(execution, change).state is after
            else:
                with pytest.raises(IllegalTransition, match=f"execution exec: {before} -> {after}"):
                    evolve(execution, change)


def test_only_transitions_of_the_table_are_made_by_a_task_run():
    """The same for task runs, with their task's name."""
    execution = begun()
    run = execution.runs[1]
    for before in TASK_RUN:
        fields = {field: getattr(run, field) for field in run.__struct_fields__} | {"state": before}
        changed = replaced(execution, "runs", execution.runs.set(1, type(run)(**fields)))
        for after in State:
            change = c.RunMoved(at=1, n=1, state=after)
            if after in TASK_RUN[before]:
                assert evolve(changed, change).runs[1].state is after
            else:
                with pytest.raises(IllegalTransition, match=rf"task run 1 \(a\): {before} -> {after}"):
                    evolve(changed, change)


@pytest.mark.parametrize("sequence", [1, 3])
def test_a_gap_in_the_state_events_is_refused(sequence: int):
    """So is one that was there already."""
    change = c.Moved(at=1, before=CREATED, after=RUNNING, sequence=sequence)
    with pytest.raises(IllegalTransition, match=f"state event {sequence} after 1"):
        evolve(in_state(CREATED), change)


def test_each_change_is_one_version():
    """The version is how many changes there were."""
    world = World(ONE)
    for at, change in enumerate(World(ONE).play().changes()):
        world.execution = evolve(world.execution if at else None, change)
        assert world.execution.version == at + 1


def test_what_an_execution_was_is_not_changed():
    """Values are shared, never written to: deciding again begins from the same."""
    execution = begun()
    before = (execution, dict(execution.runs), dict(execution.blocks))
    evolve(execution, c.RunMoved(at=1, n=1, state=RUNNING, attempt=1))

    assert (execution, dict(execution.runs), dict(execution.blocks)) == before


def test_the_first_failure_is_the_one_that_is_kept():
    """Until a restart, which forgets it; a state event bears it."""
    flow = "tasks: [{id: p, type: core.flow.Parallel, tasks: [{id: a, type: t}, {id: b, type: t}]}]"
    world = World(flow, {"a": ["first"], "b": ["second"]}).play()
    assert (world.execution.error, world.execution.failed_task) == ("first", "a")
    assert (world.changes()[-1].error, world.changes()[-1].failed_task) == ("first", "a")
    world.tell(s.Restart())

    assert (world.execution.error, world.execution.failed_task) == (None, None)


def test_an_attempt_begins_and_ends():
    """With the instants of the rows; one that is retried ended FAILED."""
    world = World("tasks: [{id: a, type: t, retry: {type: constant, interval: PT5S, maxAttempts: 2}}]")
    world.begin()
    world.now += SECOND
    world.end("a", FAILED)
    (attempt,) = world.run("a").attempts

    assert (attempt.state, attempt.end, attempt.lost) == (FAILED, attempt.start + SECOND, False)


def test_the_earliest_timer_is_when_it_wakes():
    """Of its task runs and its own start; None when it waits for no time."""
    flow = "tasks: [{id: p, type: core.flow.Parallel, tasks: [{id: a, type: t, timeout: PT9S}, {id: b, type: t, timeout: PT5S}]}]"
    world = World(flow)
    world.begin()
    assert wake_of(world.execution) == world.now + 5 * SECOND
    world.end("b")
    assert wake_of(world.execution) == world.now + 9 * SECOND
    world.end("a")
    assert (world.state, wake_of(world.execution)) == (SUCCESS, None)

    assert wake_of(create(head_of(flow_of(ONE), scheduled=5))) == 5


def test_the_start_is_waited_for_only_while_it_is_created():
    """Leaving CREATED disarms it."""
    execution = create_with(wake=5)

    assert evolve(execution, c.Moved(at=1, before=CREATED, after=QUEUED, sequence=2)).wake is None
    assert evolve(execution, c.Waiting(at=5)).wake is None
