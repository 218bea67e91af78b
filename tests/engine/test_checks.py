"""Checks: what a flow asks of its inputs before there is an execution."""

from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from onbeat.core.execution import Execution
from onbeat.core.states import State
from onbeat.engine.checks import Blocked
from onbeat.engine.node import Node
from onbeat.stores.memory import MemoryStore
from tests.engine.harness import node_with

FLOW = """
id: f
namespace: t
inputs:
  - {id: n, type: INT}
  - {id: password, type: SECRET, required: false}
checks:
  - {condition: "{{ inputs.n > 0 }}", message: "n is {{ inputs.n }}", style: ERROR}
  - {condition: "{{ inputs.n < 100 }}", message: n is large, behavior: FAIL_EXECUTION}
  - {when: "{{ inputs.n < 1000 }}", message: n is very large, behavior: FAIL_EXECUTION}
  - {condition: "{{ inputs.n != 7 }}", message: n is seven, behavior: CREATE_EXECUTION}
tasks: [{id: a, type: core.debug.Return, format: x}]
triggers: [{id: t, type: core.trigger.Event, topic: things, inputs: {n: "{{ trigger.data.n }}"}}]
"""
LIMITED = FLOW + "concurrency: {limit: 1}\n"


async def started(node: Node, **inputs: Any) -> Execution:
    """An execution, at its end."""
    return await node.engine.ended((await node.start("t", "f", inputs)).id)


async def test_a_start_that_holds_all_checks_runs(tmp_path: Path) -> None:
    """As if there were none."""
    async with node_with(MemoryStore(), {"f.yaml": FLOW}, tmp_path, sources=False) as node:
        assert (await started(node, n=5)).state is State.SUCCESS


async def test_a_blocked_start_creates_nothing(tmp_path: Path) -> None:
    """Rule 2: the caller is told; the message is rendered."""
    async with node_with(MemoryStore(), {"f.yaml": FLOW}, tmp_path, sources=False) as node:
        with pytest.raises(Blocked, match=r"t\.f does not start: n is 0"):
            await node.start("t", "f", {"n": 0})
        assert await node.queries.count() == 0
        assert await node.storage.files("t") == []


@pytest.mark.parametrize("flow", [FLOW, LIMITED], ids=["plain", "with a limit"])
async def test_a_failing_check_ends_the_execution_as_it_begins(tmp_path: Path, flow: str) -> None:
    """Rule 2: with all messages, no task, and no place taken of those that the flow has."""
    async with node_with(MemoryStore(), {"f.yaml": flow}, tmp_path, sources=False) as node:
        for _ in range(2):
            ended = await started(node, n=5_000)
            assert (ended.state, ended.error) == (State.FAILED, "n is large; n is very large")
            assert [state for state, _ in ended.history] == [State.CREATED, State.FAILED]
            assert not ended.runs
        assert (await started(node, n=5)).state is State.SUCCESS


async def test_the_mildest_only_tells(tmp_path: Path) -> None:
    """Rule 2: it runs."""
    async with node_with(MemoryStore(), {"f.yaml": FLOW}, tmp_path, sources=False) as node:
        with capture_logs() as told:
            assert (await started(node, n=7)).state is State.SUCCESS
    assert [line["message"] for line in told if "message" in line] == ["n is seven"]


async def test_an_event_that_is_blocked_is_a_dead_event(tmp_path: Path) -> None:
    """Rule 2: kept with the message; a failing one makes an execution."""
    async with node_with(MemoryStore(), {"f.yaml": FLOW}, tmp_path) as node:
        assert (await node.publish("things", {"n": 0})).executions == ()
        (dead,) = await node.queries.dead_events()
        assert "n is 0" in dead.reason
        (id_,) = (await node.publish("things", {"n": 200})).executions or ()
        assert (await node.engine.ended(id_)).state is State.FAILED


async def test_a_check_that_cannot_be_evaluated_does_not_hold(tmp_path: Path) -> None:
    """Rule 1: with why."""
    flow = FLOW.replace("{{ inputs.n > 0 }}", "{{ inputs.m > 0 }}").replace("n is {{ inputs.n }}", "m is missing")
    async with node_with(MemoryStore(), {"f.yaml": flow}, tmp_path, sources=False) as node:
        with pytest.raises(Blocked, match=r"m is missing .*cannot be evaluated"):
            await node.start("t", "f", {"n": 1})


async def test_secrets_are_seen_and_not_said(tmp_path: Path) -> None:
    """Rule 3: a check may look at a SECRET input; its message does not show it."""
    flow = FLOW.replace("{{ inputs.n > 0 }}", "{{ inputs.password != 'hunter22' }}").replace(
        "n is {{ inputs.n }}", "not {{ inputs.password }}"
    )
    async with node_with(MemoryStore(), {"f.yaml": flow}, tmp_path, sources=False) as node:
        with pytest.raises(Blocked, match=r"not \*{8}$"):
            await node.start("t", "f", {"n": 1, "password": "hunter22"})
        assert (await started(node, n=1, password="hunter23")).state is State.SUCCESS
