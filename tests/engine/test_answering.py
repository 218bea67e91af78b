"""What executions ask of the shell is answered, whatever goes wrong."""

import asyncio
from pathlib import Path

import pytest

from onbeat.core.execution import Execution
from onbeat.core.signals import ChildrenChosen, Chosen, Evaluated
from onbeat.engine import answering
from onbeat.engine.answering import Answering
from onbeat.engine.catalog import LoadedFlow
from onbeat.engine.node import Node
from onbeat.errors import OutsideError, StoreBroken
from onbeat.stores.memory import MemoryStore
from tests.engine.harness import node_with

FLOW = """
id: f
namespace: t
tasks:
  - {id: hold, type: core.flow.Pause, timeout: "{{ envs.patience ?? 'PT1H' }}"}
outputs:
  - {id: there, type: STRING, value: "{{ flow.id }}"}
  - {id: not_there, type: STRING, required: false, value: "{{ outputs.nowhere.x }}"}
"""
CHOSEN = Chosen(namespace="t", flow="f", revision=1)


async def begun(node: Node) -> tuple[LoadedFlow, Execution]:
    """An execution of the flow, and the flow."""
    execution = await node.start("t", "f")
    return await node.find_flow("t", "f"), await node.engine.load(execution.id)


async def test_a_property_is_evaluated_with_what_lies_outside(tmp_path: Path) -> None:
    """Environment and all; the answer names what was asked."""
    async with node_with(MemoryStore(), {"f.yaml": FLOW}, tmp_path) as node:
        loaded, execution = await begun(node)
        answer = await Answering(node.evaluator, {}).answer(loaded, execution, 1, "timeout")
    assert answer == Evaluated(1, "timeout", "PT1H")


async def test_an_optional_output_that_cannot_be_had_is_left_out(tmp_path: Path) -> None:
    """The others are there."""
    async with node_with(MemoryStore(), {"f.yaml": FLOW}, tmp_path) as node:
        loaded, execution = await begun(node)
        answer = await Answering(node.evaluator, {}).answer(loaded, execution, 0, "outputs")
    assert answer == Evaluated(0, "outputs", {"there": "f"})


async def test_a_constructs_ask_is_served_under_its_name(tmp_path: Path) -> None:
    """What follows the name is for whoever asked; executions to start come as such."""

    async def children(loaded: LoadedFlow, execution: Execution, n: int) -> tuple[Chosen, ...]:
        return (CHOSEN,)

    async with node_with(MemoryStore(), {"f.yaml": FLOW}, tmp_path) as node:
        loaded, execution = await begun(node)
        answer = await Answering(node.evaluator, {"@children": children}).answer(loaded, execution, 1, "@children 50")
    assert answer == ChildrenChosen(1, "@children 50", (CHOSEN,))


@pytest.mark.parametrize(("wrong", "said"), [(OutsideError("the disk is away"), "the disk is away"), (KeyError("x"), "KeyError: 'x'")])
async def test_whatever_goes_wrong_is_the_answer(tmp_path: Path, wrong: Exception, said: str) -> None:
    """A bug too: it fails the task run that asked, and nothing else."""

    async def broken(loaded: LoadedFlow, execution: Execution, n: int) -> None:
        raise wrong

    async with node_with(MemoryStore(), {"f.yaml": FLOW}, tmp_path) as node:
        loaded, execution = await begun(node)
        answer = await Answering(node.evaluator, {"@x": broken}).answer(loaded, execution, 1, "@x")
    assert answer == Evaluated(1, "@x", None, said)


async def test_a_broken_store_is_no_answer(tmp_path: Path) -> None:
    """It stops the process."""

    async def broken(loaded: LoadedFlow, execution: Execution, n: int) -> None:
        raise StoreBroken

    async with node_with(MemoryStore(), {"f.yaml": FLOW}, tmp_path) as node:
        loaded, execution = await begun(node)
        with pytest.raises(StoreBroken):
            await Answering(node.evaluator, {"@x": broken}).answer(loaded, execution, 1, "@x")


async def test_none_is_waited_for_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is said."""
    monkeypatch.setattr(answering, "LONGEST_EVALUATION", 0.01)
    async with node_with(MemoryStore(), {"f.yaml": FLOW}, tmp_path) as node:
        loaded, execution = await begun(node)

        async def never(*given: object) -> None:
            await asyncio.Event().wait()

        monkeypatch.setattr(node.evaluator, "render", never)
        answer = await Answering(node.evaluator, {}).answer(loaded, execution, 1, "timeout")
    assert isinstance(answer, Evaluated)
    assert "it was not evaluated within" in (answer.error or "")
