"""The runner: every ending of a task is exactly one signal, and a bug in a plugin fails its attempt only."""

from pathlib import Path
from typing import ClassVar

import pytest

from onbeat.core.execution import Execution
from onbeat.core.states import State
from onbeat.errors import OutsideError, UserError
from onbeat.ports import Outcome, TaskContext, TaskFailed, TaskOptions
from onbeat.registry import Registry
from onbeat.stores.memory import MemoryStore
from tests.engine.harness import node_with

KEYS: list[tuple[str, int]] = []


class Scripted(TaskOptions):
    """Ends as `how` says."""

    names: ClassVar[tuple[str, ...]] = ("test.Scripted",)
    how: str
    number: int = 0

    async def run(self, context: TaskContext) -> Outcome:
        KEYS.append((context.idempotency_key, context.attempt))
        match self.how:
            case "failed":
                raise TaskFailed("it said no", {"code": 7})
            case "failed for good":
                raise TaskFailed("never again", retry=False)
            case "outside":
                raise OutsideError("nobody answers")
            case "user":
                raise UserError("that is not right")
            case "bug":
                raise ZeroDivisionError("a bug")
            case "warning":
                return Outcome(state=State.WARNING, outputs={"a": 1})
            case "nan":
                return Outcome(outputs={"x": float("nan")})
        return Outcome(outputs={"number": self.number, "context": f"{context.namespace}.{context.flow}.{context.task}"})


@pytest.fixture(autouse=True)
def scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the type known."""
    KEYS.clear()
    real = Registry.task
    monkeypatch.setattr(Registry, "task", lambda self, name: Scripted if name == "test.Scripted" else real(self, name))


async def run(tmp_path: Path, options: str, more: str = "") -> Execution:
    """Run one task with these options to its end."""
    flow = f"id: f\nnamespace: t\ntasks:\n  - {{id: a, type: test.Scripted, {options}}}\n{more}"
    async with node_with(MemoryStore(), {"f.yaml": flow}, tmp_path, sources=False) as node:
        assert node.trouble() == []
        ended = await node.engine.ended((await node.start("t", "f")).id)
        assert len(node.runner) == 0
        assert node.engine.places.held() == 0
        return ended


@pytest.mark.parametrize(
    ("how", "state", "error"),
    [
        ("failed", State.FAILED, "it said no"),
        ("outside", State.FAILED, "nobody answers"),
        ("user", State.FAILED, "that is not right"),
        ("bug", State.FAILED, "ZeroDivisionError: a bug"),
        ("nan", State.FAILED, "not a finite number"),
        ("warning", State.WARNING, None),
        ("fine", State.SUCCESS, None),
    ],
)
async def test_every_ending_is_one_state(tmp_path: Path, how: str, state: State, error: str | None) -> None:
    """Returned, failed by its word, by the outside, by a bug: the state and the reason are kept."""
    ended = await run(tmp_path, f"how: {how}")
    assert ended.state is state
    assert len(ended.runs[1].attempts) == 1
    assert (error is None and ended.runs[1].error is None) or (error or "") in (ended.runs[1].error or "")


async def test_outputs_of_a_failure_are_kept(tmp_path: Path) -> None:
    """What a failing task had to say is there for the errors block."""
    assert (await run(tmp_path, "how: failed")).runs[1].outputs == {"code": 7}


async def test_the_same_key_for_every_attempt(tmp_path: Path) -> None:
    """Three attempts, one idempotency key, numbers 1, 2, 3; a failure for good is not tried again."""
    retry = "retry: {type: constant, interval: PT0S, maxAttempts: 3}"
    await run(tmp_path, f"how: failed, {retry}")
    assert len({key for key, _ in KEYS}) == 1
    assert [attempt for _, attempt in KEYS] == [1, 2, 3]
    KEYS.clear()
    await run(tmp_path, f"how: failed for good, {retry}")
    assert len(KEYS) == 1


async def test_options_are_rendered_and_then_checked(tmp_path: Path) -> None:
    """A text that is a number becomes the option's number; one that is none fails with its name, and is rendered anew by each attempt."""
    good = await run(tmp_path, "how: fine, number: \"{{ '4' ~ '2' }}\"")
    assert good.runs[1].outputs == {"number": 42, "context": "t.f.a"}
    bad = await run(tmp_path, "how: fine, number: \"{{ 'x' }}\", retry: {type: constant, interval: PT0S, maxAttempts: 3}")
    assert "`number`" in (bad.runs[1].error or "")
    assert bad.runs[1].attempt == 3
    later = await run(
        tmp_path, "how: \"{{ taskrun.attemptsCount == 1 ? 'fine' : nope }}\", retry: {type: constant, interval: PT0S, maxAttempts: 3}"
    )
    assert (later.state, later.runs[1].attempt) == (State.SUCCESS, 2)
    missing = await run(tmp_path, 'how: "{{ inputs.nope }}"')
    assert "inputs.nope" in (missing.runs[1].error or "")


async def test_a_subflow_that_is_not_there_fails_its_task(tmp_path: Path) -> None:
    """With the name that was asked for; wrong inputs with theirs."""
    flow = """
id: f
namespace: t
tasks:
  - {id: a, type: core.flow.Subflow, namespace: t, flowId: nope, allowFailure: true}
  - {id: b, type: core.flow.Subflow, namespace: t, flowId: g, inputs: {n: x}, allowFailure: true}
"""
    other = "id: g\nnamespace: t\ninputs: [{id: n, type: INT}]\ntasks: [{id: a, type: test.Scripted, how: fine}]\n"
    async with node_with(MemoryStore(), {"f.yaml": flow, "g.yaml": other}, tmp_path, sources=False) as node:
        ended = await node.engine.ended((await node.start("t", "f")).id)
        assert ended.state is State.WARNING
        assert "t.nope" in (ended.runs[1].error or "")
        assert "`n`" in (ended.runs[2].error or "")


async def test_what_a_task_publishes_is_written_with_its_end(tmp_path: Path) -> None:
    """Publish ends its run and writes its record in one transaction, with the execution behind it and one hop more."""
    flow = "id: f\nnamespace: t\ntasks: [{id: a, type: core.event.Publish, topic: x, data: {n: 1}}]\n"
    writes: list[str] = []
    async with node_with(MemoryStore(on_write=writes.append), {"f.yaml": flow}, tmp_path, sources=False) as node:
        before = len(writes)
        ended = await node.engine.ended((await node.start("t", "f")).id)
        assert (len(writes) - before) / 2 == 2
        (record,) = await node.store.records("x", 0, 10)
        assert (record.data, record.hops, record.causation_id) == ({"n": 1}, 1, ended.id)
