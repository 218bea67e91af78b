"""Fans: executions for lanes. Loop and ForEachItem have their own tests in plan/."""

import pytest

from onbeat.core import changes as c
from onbeat.core import commands as cmd
from onbeat.core import signals as s
from onbeat.core.fans import AT_ONCE, MORE
from onbeat.core.ids import LENGTH
from onbeat.core.refs import AROUND
from tests.core.world import FAILED, HANG, KILLED, PAUSED, RUNNING, SUCCESS, World

LOOP = """
tasks:
  - {{id: first, type: t}}
  - {{id: l, type: core.flow.Loop, values: '{{{{ inputs.v }}}}', concurrencyLimit: {}, tasks: [{{id: t, type: t}}]}}
"""


def loop(size: int, limit: int = 0, **plays: object) -> World:
    """A begun execution with a loop over so many values."""
    world = World(LOOP.format(limit), plays, inputs={"v": list(range(size))}, audit=size < 20)
    world.tell(s.Begin())
    world.tell(s.Dispatched(1))
    world.tell(s.TaskEnded(1, 1, SUCCESS, outputs={"x": 1}))
    return world


def test_so_many_begin_in_one_transaction_and_no_more():
    """Then others have their turn: the shell is asked for nothing but that."""
    world = loop(2 * AT_ONCE + 5)
    for begun in (AT_ONCE, 2 * AT_ONCE, 2 * AT_ONCE + 5):
        assert len(world.children) == begun
        asks = [command.ask for command in world.outstanding() if isinstance(command, cmd.Evaluate)]
        assert [ask.startswith(MORE) for ask in asks] == [True] * (begun <= 2 * AT_ONCE)
        world.tell(*(s.Evaluated(2, ask) for ask in asks))


def test_those_that_end_meanwhile_are_counted():
    """While it waits for its turn."""
    world = loop(AT_ONCE + 1)
    world.tell(s.ChildEnded(2, next(iter(world.children)), SUCCESS))
    assert len(world.children) == AT_ONCE
    world.tell(s.Evaluated(2, world.run("l").ask or ""))

    assert len(world.children) == AT_ONCE + 1


def test_each_has_an_id_of_its_own():
    """That follows from its parent, so that deciding again gives it again."""
    ids = [list(loop(5).children) for _ in range(2)]

    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 5
    assert {len(id_) for id_ in ids[0]} == {LENGTH}


def test_a_restart_runs_no_more_at_once_than_the_limit():
    """Those that failed go before those that never began."""
    world = World(LOOP.format(2), {"t": [FAILED]}, inputs={"v": list(range(3))}).play()
    assert [child.state for child in world.children.values()] == [FAILED, FAILED]
    world.plays["t"] = [HANG]
    world.tell(s.Restart())
    world.play()
    assert [child.state for child in world.children.values()] == [RUNNING, RUNNING]
    assert world.execution.blocks[2].open == 2
    world.plays["t"] = [HANG, SUCCESS]
    for child in list(world.children.values()):
        child.end("t")
    world.play()
    next(reversed(world.children.values())).end("t")

    assert world.play().run("l").outputs["terminatedIterations"] == {"SUCCESS": 3}


def test_those_a_kill_left_are_restarted_though_failures_are_not_transmitted():
    """A kill is no failure that was let pass."""
    flow = "tasks: [{id: l, type: core.flow.Loop, values: [1, 2], transmitFailed: false, tasks: [{id: t, type: t}]}]"
    world = World(flow, {"t": [HANG]}).play()
    world.tell(s.Kill())
    assert world.play().state is KILLED

    assert world.restart(t=[SUCCESS]).run("l").outputs["terminatedIterations"] == {"SUCCESS": 2}


@pytest.mark.parametrize("signal", [
    s.ChildrenChosen(2, "@children 0", ()),
    s.ChildEnded(2, "stranger", SUCCESS),
    s.ChildPaused(2, "stranger"),
    s.ChildPaused(1, "stranger"),
    s.ChildEnded(9, "stranger", SUCCESS, successor="x"),
])  # fmt: skip
def test_what_nobody_waits_for_is_stale(signal: s.AnySignal):
    """It changes nothing."""
    assert loop(2).tell(signal) == ()


def test_a_fan_that_is_stopped_is_not_paused():
    """The news come late."""
    world = loop(2)
    child = next(iter(world.children))
    world.tell(s.Kill())
    world.tell(s.ChildPaused(2, child))
    world.tell(s.ChildPaused(2, list(world.children)[1]))

    assert world.run("l").state is not PAUSED
    assert world.play().state is KILLED


def test_small_outputs_around_are_in_the_first_row():
    """Nothing is asked for them."""
    world = loop(2)

    assert [child.execution.head.scope.outputs for child in world.children.values()] == [{"first": {"x": 1}}] * 2
    assert AROUND not in world.run("l").answers


def test_outputs_that_would_be_in_too_many_rows_are_kept_once():
    """Each is small, all together are not."""
    world = World(LOOP.format(0), inputs={"v": list(range(1_000))}, audit=False)
    world.tell(s.Begin())
    world.tell(s.Dispatched(1))
    world.tell(s.TaskEnded(1, 1, SUCCESS, outputs={"x": "y" * 5_000}))
    assert world.outstanding() == {cmd.Evaluate(2, AROUND)}
    world.tell(s.Evaluated(2, AROUND, {"first": {"onbeat:ref": "kestra:///x", "size": 5_000}}))

    rows = [change for change in world.changes() if isinstance(change, c.ChildStarted)]
    assert rows != []
    assert not any(b"yyy" in c.to_record(row) for row in rows)


def test_what_is_around_is_kept_over_a_restart():
    """The iterations that begin then see what the others saw."""
    world = World(LOOP.format(1), {"t": [FAILED]}, inputs={"v": [1, 2]}, audit=False)
    world.outside[AROUND] = {"first": {"onbeat:ref": "kestra:///x", "size": 100_000}}
    world.plays["first"] = [{"x": "y" * 100_000}]
    world.play()
    assert world.state is FAILED
    world.restart(t=[SUCCESS])

    assert [child.execution.head.scope.kept[0].ref.uri for child in world.children.values()] == ["kestra:///x"] * 2
