"""What loops ask of the shell, by executions that are played to their end on a real node."""

from pathlib import Path
from typing import Any

import pytest

from onbeat.core.execution import Execution
from onbeat.core.states import State
from onbeat.engine.node import Node
from onbeat.stores.memory import MemoryStore
from tests.engine.harness import node_with

FLOW = """
id: f
namespace: t.deep
tasks:
  - id: file
    type: core.storage.Write
    extension: .txt
    content: |
      {{"n": 1}}

      {{n: 2, name: "Ion"}}
      "three"
  - id: loop
    type: core.flow.Loop
    values: "{values}"
    fetchType: {fetch}
    outputs: [{{id: told, value: "{{{{ item.index }}}}: {{{{ item.value }}}}"}}]
    tasks: [{{id: use, type: core.log.Log, message: "{{{{ item.value }}}}"}}]
"""
TOLD = ['0: {"n":1}', '1: {"n":2,"name":"Ion"}', "2: three"]


async def played(node: Node) -> Execution:
    """An execution of the flow, at its end."""
    return await node.engine.ended((await node.start("t.deep", "f")).id)


def outputs_of(execution: Execution) -> dict[str, Any]:
    """The outputs of its loop."""
    return next(run.outputs or {} for run in execution.runs.values() if run.task == "loop")


@pytest.mark.parametrize("values", ["{{ outputs.file.uri }}", "{{ outputs.file.uri ~ (envs.none ?? '') }}"])
@pytest.mark.parametrize("fetch", ["AUTO", "STORE"])
async def test_a_loop_works_through_the_lines_of_a_file(values: str, fetch: str, tmp_path: Path) -> None:
    """Each line is a value, JSON or Ion; what came of it is kept as a file, as its values were."""
    async with node_with(MemoryStore(), {"f.yaml": FLOW.format(values=values, fetch=fetch)}, tmp_path) as node:
        ended = await played(node)
        outputs = outputs_of(ended)

        assert ended.state is State.SUCCESS
        assert (outputs["iterationCount"], outputs["runningIterations"], outputs["terminatedIterations"]) == (3, 0, {"SUCCESS": 3})
        assert [each["item"]["value"] for each in outputs["outputs"]] == [{"n": 1}, {"n": 2, "name": "Ion"}, "three"]
        kept = [await node.storage.get(each["outputs"]["uri"]) for each in outputs["outputs"]]
        assert [b'"told":' in data for data in kept] == [True] * 3
        assert f"/{ended.id}/tasks/loop/" in outputs["outputs"][0]["outputs"]["uri"]


async def test_what_iterations_give_is_there_itself_where_that_is_wanted(tmp_path: Path) -> None:
    """FETCH, also of values in a file."""
    flow = FLOW.format(values="{{ outputs.file.uri }}", fetch="FETCH")
    async with node_with(MemoryStore(), {"f.yaml": flow}, tmp_path) as node:
        assert [each["outputs"] for each in outputs_of(await played(node))["outputs"]] == [{"told": told} for told in TOLD]


@pytest.mark.parametrize(("values", "said"), [
    ("kestra:///t/deep/f/executions/none/x.txt", "there is nothing at kestra:///t/deep"),
    ("{{ outputs.file.uri | replace({'kestra:///t/deep': 'kestra:///other'}) }}", "other"),
])  # fmt: skip
async def test_a_file_that_cannot_be_had_fails_the_loop(values: str, said: str, tmp_path: Path) -> None:
    """With what is wrong; a file of another namespace is none of its."""
    async with node_with(MemoryStore(), {"f.yaml": FLOW.format(values=values, fetch="AUTO")}, tmp_path) as node:
        ended = await played(node)

        assert ended.state is State.FAILED
        assert said in (ended.error or "")


async def test_lines_that_are_no_values_fail_the_loop(tmp_path: Path) -> None:
    """The line is named."""
    flow = FLOW.format(values="{{ outputs.file.uri }}", fetch="AUTO").replace('"three"', "{ no")
    async with node_with(MemoryStore(), {"f.yaml": flow}, tmp_path) as node:
        assert "line 4 of the file of its values is neither JSON nor Ion" in ((await played(node)).error or "")
