"""Evolve, blocks: phases, lanes, executions of a fan, and what a restart puts back."""

import pytest
from immutables import Map
from msgspec.structs import replace

from onbeat.core import changes as c
from onbeat.core.evolve import evolve
from onbeat.core.evolve_blocks import KEPT_ROUNDS, drop, put
from onbeat.core.execution import ROOT, Block, Execution, Fan, Phase
from onbeat.core.states import State
from tests.core.world import FAILED, SUCCESS, WARNING, World, flow_of, head_of


def begun(block: Block) -> Execution:
    """An execution with a flowable whose block this is."""
    world = World("tasks: [{id: s, type: core.flow.Sequential, tasks: [{id: a, type: t}]}]")
    world.begin()
    return replace(world.execution, blocks=world.execution.blocks.set(1, block))


def test_put_makes_maps_on_the_way_and_keeps_what_is_there():
    """Outputs of a loop's tasks lie under its values; a leaf on the way keeps its keys."""
    tree = put(Map(), ("a",), {"x": 1})
    tree = put(tree, ("a", "v"), {"y": 2})
    tree = put(tree, ("b", "v", "w"), 3)

    assert tree["a"]["x"] == 1
    assert tree["a"]["v"] == {"y": 2}
    assert tree["b"]["v"]["w"] == 3
    assert put(put(Map(), ("a",), 1), ("a", "v"), 2)["a"] == Map({"v": 2})


def test_drop_takes_away_and_leaves_no_empty_map():
    """What is not there is no matter."""
    tree = put(put(Map(), ("a", "v"), 1), ("a", "w"), 2)

    assert drop(tree, ("a", "v")) == Map({"a": Map({"w": 2})})
    assert drop(drop(tree, ("a", "v")), ("a", "w")) == Map()
    assert drop(tree, ("a",)) == Map()
    assert drop(tree, ("b",)) == tree
    assert drop(tree, ("b", "v")) == tree
    assert drop(tree, ("a", "z")) == tree


def test_a_phase_keeps_what_was_seen_and_forgets_what_was_counted():
    """The states of children, the choice, the values and the number of lanes stay; begun, open and failed are the phase's."""
    before = Block(lanes=3, begun=3, seen=frozenset({FAILED}), failed=True, choice="x", values=(1, 2, 3), total=3)
    after = evolve(begun(before), c.Opened(at=1, n=1, phase=Phase.FINALLY)).blocks[1]

    assert after == Block(phase=Phase.FINALLY, lanes=1, seen=frozenset({FAILED}), choice="x", values=(1, 2, 3), total=3)


def test_an_iteration_sees_nothing_of_the_last_one():
    """Neither its states nor what the shell had answered; the last marks are kept."""
    execution = begun(Block(round=1, marks=(0,), seen=frozenset({WARNING})))
    execution = evolve(execution, c.Answered(at=1, n=1, ask="condition", value=False))
    for round_ in range(2, KEPT_ROUNDS + 5):
        execution = evolve(execution, c.Opened(at=1, n=1, round=round_, outputs={"iterationCount": round_}))

    assert (execution.blocks[1].round, execution.blocks[1].seen) == (KEPT_ROUNDS + 4, frozenset())
    assert len(execution.blocks[1].marks) == KEPT_ROUNDS
    assert (execution.runs[1].answers, execution.runs[1].outputs) == ({}, {"iterationCount": KEPT_ROUNDS + 4})


def test_undoing_is_remembered():
    """So that what was undone is not restarted."""
    assert evolve(begun(Block()), c.Opened(at=1, n=ROOT, phase=Phase.COMPENSATION, lanes=1, values=(1,))).compensated


def fan_of(*lanes: int) -> Execution:
    """A fan that started an execution for each of these lanes."""
    execution = begun(Block(lanes=9, total=9, fan=Fan()))
    flow = flow_of("tasks: [{id: a, type: t}]")
    for lane in lanes:
        execution = evolve(execution, c.ChildStarted(at=1, n=1, child=head_of(flow, id=f"c{lane}"), lane=lane))
    return execution


def test_a_fan_counts_how_its_executions_end():
    """Each once; what they gave is kept by lane."""
    execution = fan_of(0, 1, 2)
    for child, state, failed in (("c1", FAILED, True), ("c0", SUCCESS, False), ("c2", WARNING, False)):
        execution = evolve(execution, c.ChildOver(at=1, n=1, child=child, state=state, outputs={"o": child}, failed=failed))
    block = execution.blocks[1]

    assert (block.open, block.begun, block.failed, block.seen) == (0, 3, True, frozenset({SUCCESS, FAILED, WARNING}))
    assert block.fan is not None
    assert block.fan.counts == {"FAILED": 1, "SUCCESS": 1, "WARNING": 1}
    assert dict(block.fan.results) == {lane: {"o": f"c{lane}"} for lane in range(3)}
    assert dict(block.fan.failed) == {"c1": 1}


def test_an_execution_that_stands_for_another_has_its_lane():
    """And is not PAUSED because the other one was."""
    execution = evolve(fan_of(0, 1), c.ChildMoved(at=1, n=1, child="c1", paused=True))
    fan = evolve(execution, c.ChildReplaced(at=1, n=1, child="c1", by="d1")).blocks[1].fan

    assert fan is not None
    assert (dict(fan.children), dict(fan.paused)) == ({"c0": 0, "d1": 1}, {})


@pytest.mark.parametrize("phase", [Phase.TASKS, Phase.FINALLY])
def test_a_restart_counts_only_what_failed_it_again(phase: Phase):
    """Executions whose failure was not transmitted stay as they ended; lanes that never began may begin, whatever phase it was in."""
    execution = fan_of(0, 1, 2)
    for child, state, failed in (("c0", FAILED, False), ("c1", FAILED, True), ("c2", SUCCESS, False)):
        execution = evolve(execution, c.ChildOver(at=1, n=1, child=child, state=state, failed=failed))
    if phase is Phase.FINALLY:
        execution = evolve(execution, c.Opened(at=1, n=1, phase=phase))
        execution = evolve(execution, c.LaneBegun(at=1, n=1))
    block = evolve(execution, c.FanReset(at=1, n=1)).blocks[1]

    assert (block.phase, block.begun, block.open, block.lanes, block.failed) == (Phase.TASKS, 3, 0, 9, False)
    assert block.fan is not None
    assert (block.fan.counts, dict(block.fan.again), dict(block.fan.failed)) == ({"FAILED": 1, "SUCCESS": 1}, {1: "c1"}, {})


def test_a_block_that_fails_by_itself_waits_for_nothing():
    """Neither for the shell nor for a time; nothing of it is as if a child had failed."""
    execution = evolve(begun(Block(lanes=1, begun=1, open=1)), c.Asked(at=1, n=1, ask="condition"))
    execution = evolve(execution, c.RunTimed(at=1, n=1, wake=5))
    execution = evolve(execution, c.BlockFailed(at=1, n=1, state=FAILED, error="why"))

    assert (execution.runs[1].ask, execution.runs[1].wake, execution.runs[1].error) == (None, None, "why")
    assert (execution.blocks[1].own, execution.blocks[1].failed, execution.blocks[1].open) == (FAILED, True, 1)
    assert State.FAILED in execution.blocks[1].seen
