"""Effects: evaluations that raise, or are lost."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from onbeat.core.states import State
from onbeat.errors import Overloaded
from onbeat.testing import settle
from tests.engine.faulty import FaultyStore, Once
from tests.engine.flows import ended, running

pytestmark = pytest.mark.usefixtures("deeds")


async def test_an_evaluation_that_raises_anything_fails_its_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug below an expression is the task's error, with its name; the daemon lives."""
    async with running(tmp_path) as node:

        async def broken(*args: Any, **options: Any) -> None:
            raise ZeroDivisionError("planted")

        monkeypatch.setattr(node.evaluator, "render", broken)
        found = await ended(node, await node.start("t", "asks"))
        assert found.state is State.WARNING
        assert "ZeroDivisionError: planted" in (found.runs[1].error or "")


async def test_an_evaluation_that_was_lost_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine died while it evaluated: the next one evaluates, and the execution goes on."""
    store = FaultyStore()
    gate = asyncio.Event()
    async with running(tmp_path, store) as node:
        render = node.evaluator.render

        async def slow(*args: Any, **options: Any) -> Any:
            await gate.wait()
            return await render(*args, **options)

        monkeypatch.setattr(node.evaluator, "render", slow)
        execution = await node.start("t", "asks")
        await settle()
        assert (await node.engine.load(execution.id)).runs[1].ask is not None
        store.refuse = Once(Overloaded(), 1_000, wanted=lambda work: bool(work.appends))
        gate.set()
        await settle()
    store.refuse = lambda work: None
    async with running(tmp_path, store) as node:
        assert (await ended(node, execution)).state is State.WARNING
