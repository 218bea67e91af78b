"""Run again what has ended: through the node, on what is stored."""

from pathlib import Path

import pytest

from onbeat.core.evolve import create
from onbeat.core.execution import Execution, Head
from onbeat.core.states import State
from onbeat.engine import rerun
from onbeat.engine.node import Node
from onbeat.errors import NotFound, Refused
from onbeat.stores.memory import MemoryStore
from tests.engine.harness import node_with, states

FLOW = """
id: f
namespace: t
tasks:
  - {id: a, type: core.debug.Return, format: "{{ execution.id }}"}
  - {id: b, type: core.execution.Fail, when: "{{ taskrun.attemptsCount == 0 }}"}
  - {id: c, type: core.log.Log, message: hi}
"""
WAITS = "id: waits\nnamespace: t\ntasks: [{id: p, type: core.flow.Pause}]\n"
LOOP = """
id: loop
namespace: t
tasks:
  - {id: l, type: core.flow.Loop, values: [1], tasks: [{id: x, type: core.execution.Fail}]}
"""
FLOWS = {"f.yaml": FLOW, "waits.yaml": WAITS, "loop.yaml": LOOP}


async def failed(node: Node, flow: str = "f") -> Execution:
    """An execution of the flow that failed."""
    ended = await node.engine.ended((await node.start("t", flow)).id)
    assert ended.state is State.FAILED
    return ended


async def test_a_restart_answers_with_what_was_saved(tmp_path: Path) -> None:
    """RESTARTED, before anything runs; then it goes on."""
    async with node_with(MemoryStore(), FLOWS, tmp_path) as node:
        execution = await failed(node)
        saved = await rerun.restart(node, execution.id)
        assert (saved.state, states(saved)[1]) == (State.RESTARTED, ("b", None, "RESTARTED"))
        ended = await node.engine.ended(execution.id)
        assert states(ended) == [("a", None, "SUCCESS"), ("b", None, "SKIPPED"), ("c", None, "SUCCESS")]
        with pytest.raises(rerun.Impossible, match="No task found"):
            await rerun.restart(node, execution.id)


async def test_a_replay_is_a_new_execution(tmp_path: Path) -> None:
    """From the start, or from a task run with what came before it; it says what it repeats."""
    async with node_with(MemoryStore(), FLOWS, tmp_path) as node:
        execution = await failed(node)
        first = await rerun.replay(node, execution.id)
        assert (first.state, len(first.runs), first.head.replay_of) == (State.CREATED, 0, execution.id)
        again = await rerun.replay(node, execution.id, 2)
        assert (again.state, again.head.original) == (State.RESTARTED, execution.id)
        assert again.runs[1].outputs == {"value": execution.id}
        assert (await node.engine.ended(again.id)).state is State.SUCCESS
        twice = await rerun.replay(node, again.id, 1)
        assert twice.head.original == execution.id
        assert (await node.engine.ended(twice.id)).runs[1].outputs == {"value": twice.id}


async def test_a_state_is_given_to_what_has_ended(tmp_path: Path) -> None:
    """To a task run, and it goes on from there; to the execution, and nothing does."""
    async with node_with(MemoryStore(), FLOWS, tmp_path) as node:
        execution = await failed(node)
        saved = await rerun.set_state(node, execution.id, 2, State.SUCCESS)
        assert (saved.state, saved.runs[2].state) == (State.RESTARTED, State.SUCCESS)
        assert (await node.engine.ended(execution.id)).state is State.SUCCESS
        assert (await rerun.set_state(node, execution.id, 0, State.WARNING)).state is State.WARNING


async def test_what_cannot_be_done_is_refused_before_it_is_written(tmp_path: Path) -> None:
    """No such execution, one that goes on, no such task run, a label that is onbeat's."""
    async with node_with(MemoryStore(), FLOWS, tmp_path) as node:
        execution, waiting = await failed(node), await node.start("t", "waits")
        with pytest.raises(NotFound):
            await rerun.restart(node, "nowhere")
        for refused in (rerun.restart(node, waiting.id), rerun.set_state(node, waiting.id, 1, State.SUCCESS)):
            with pytest.raises(Refused):
                await refused
        for impossible in (
            rerun.replay(node, execution.id, 9),
            rerun.set_state(node, execution.id, 9, State.SUCCESS),
            rerun.set_state(node, execution.id, 2, State.RUNNING),
            rerun.set_labels(node, execution.id, {"system.x": "y"}),
        ):
            with pytest.raises(rerun.Impossible):
                await impossible
        assert (await node.engine.load(execution.id)).version == execution.version


async def test_an_iteration_is_run_again_with_what_it_is_part_of(tmp_path: Path) -> None:
    """It names the execution to restart instead."""
    async with node_with(MemoryStore(), FLOWS, tmp_path) as node:
        execution = await failed(node, "loop")
        fan = execution.blocks[1].fan
        assert fan is not None
        with pytest.raises(Refused, match=execution.id):
            await rerun.restart(node, next(iter(fan.failed)))


def test_a_task_run_is_found_by_its_id() -> None:
    """Of this execution, and there."""
    execution = create(Head(id="e", namespace="n", flow="f", revision=1, created=0, correlation_id="e"))
    for wrong in ("e-1", "other-1", "e-x", "e", ""):
        with pytest.raises(rerun.Impossible):
            rerun.run_number(execution, wrong)
