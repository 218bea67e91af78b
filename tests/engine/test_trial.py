"""An expression that is tried reaches nothing outside, and shows no secret."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from onbeat.core.execution import ROOT, Execution
from onbeat.engine import trial
from onbeat.engine.node import Node
from onbeat.engine.trial import Tried, try_expression
from onbeat.stores.memory import MemoryStore
from tests.engine.harness import node_with

FLOW = """
id: f
namespace: t
inputs: [{id: pin, type: SECRET, defaults: swordfish}, {id: word, type: STRING, defaults: yes}, {id: long, type: STRING}]
tasks:
  - {id: large, type: core.debug.Return, format: "{{ inputs.long }}"}
  - {id: small, type: core.debug.Return, format: "{{ inputs.pin }}-"}
"""


@asynccontextmanager
async def ended(directory: Path, **more: Any) -> AsyncIterator[tuple[Node, Execution]]:
    """A node with an execution of the flow that has ended."""
    async with node_with(MemoryStore(), {"f.yaml": FLOW}, directory, **more) as node:
        yield node, await node.engine.ended((await node.start("t", "f", {"long": "x" * 70_000})).id)


@pytest.mark.parametrize(
    ("text", "tried"),
    [
        ("{{ inputs.word }}", Tried("yes")),
        ("{{ 1 + 1 }}", Tried("2")),
        ("plain", Tried("plain")),
        ("{{ secret('KEY') }}", Tried("***")),
        ("{{ secret('KEY') | upper }}", Tried("***")),
        ("{{ secret('KEY') | length }}", Tried("3")),
        ("{{ inputs.pin }}", Tried("***")),
        ("{{ inputs.pin | length }}", Tried("3")),
        ("{{ outputs.small.value }}", Tried("***")),
        ("{{ [1, 'a'] }}", Tried('[1,"a"]')),
        ("{{ outputs.large.value | length }}", Tried("70000")),
    ],
)
async def test_what_it_gives(tmp_path: Path, text: str, tried: Tried) -> None:
    """Values of the execution as text; secrets, and what holds one, as three stars."""
    async with ended(tmp_path) as (node, execution):
        assert await try_expression(node, execution, ROOT, text) == tried


@pytest.mark.parametrize("call", ["kv('x')", "read('kestra:///x')", "http('http://127.0.0.1:1')", "fileSize('nsfile:///x')", "errorLogs()"])
async def test_nothing_outside_is_asked(tmp_path: Path, call: str) -> None:
    """The function is named, and not called."""
    async with ended(tmp_path) as (node, execution):
        found = await try_expression(node, execution, ROOT, f"{{{{ {call} }}}}")
        assert found.result is None
        assert "asks outside" in str(found.error)


async def test_what_is_wrong_is_an_answer(tmp_path: Path) -> None:
    """A text that is no expression, a name that is not there, one that does too much."""
    async with ended(tmp_path) as (node, execution):
        for text in ("{{ ", "{{ inputs.none }}", "{{ range(1, 10000000) | join }}"):
            found = await try_expression(node, execution, ROOT, text)
            assert found.result is None
            assert found.error


async def test_it_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long value is cut; what takes too long is given up."""
    monkeypatch.setattr(trial, "LONGEST", 10)
    async with ended(tmp_path) as (node, execution):
        found = await try_expression(node, execution, ROOT, "{{ outputs.large.value }}")
        assert found.result == f"{'x' * 10}… (70,000 characters)"
        monkeypatch.setattr(trial, "_SECONDS", 0.0)
        assert (await try_expression(node, execution, ROOT, "{{ 1 }}")).error == "it takes more than 0 s"
