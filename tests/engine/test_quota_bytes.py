"""Quotas of bytes: what one execution may give and log."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from onbeat.core.states import State
from onbeat.engine.quotas import LOG_REACHED, LogBudget
from onbeat.errors import OverQuota
from onbeat.ports import Outcome, TaskContext
from onbeat.settings import Quota
from onbeat.stores.memory import MemoryStore
from tests.engine.harness import node_with

Deeds = dict[str, Callable[[TaskContext], Any]]


GIVES = """
id: gives
namespace: a
inputs: [{id: sizes, type: JSON}]
tasks: [{id: each, type: core.flow.ForEach, values: "{{ inputs.sizes }}", tasks: [{id: t, type: test.Told, what: give}]}]
"""


async def give(context: TaskContext) -> Outcome:
    """As much as its value says."""
    return Outcome(outputs={"value": "x" * int(str(context.value))})


async def test_outputs_that_go_over_fail_their_task(tmp_path: Path, deeds: Deeds) -> None:
    """Of one execution: all its tasks together; the next execution has a share of its own."""
    deeds["give"] = give
    quotas = [Quota(namespace="a", output_bytes=1_000)]
    async with node_with(MemoryStore(), {"g.yaml": GIVES}, tmp_path, quotas=quotas) as node:
        for _ in range(2):
            ended = await node.engine.ended((await node.start("a", "gives", {"sizes": [400, 400]})).id)
            assert ended.state is State.SUCCESS
        ended = await node.engine.ended((await node.start("a", "gives", {"sizes": [400, 700]})).id)
        assert ended.state is State.FAILED
        failed = [run for run in ended.runs.values() if run.state is State.FAILED and run.task == "t"]
        assert [run.outputs for run in failed] == [None]
        lines = [line.message for line in await node.queries.logs(ended.id)]
        assert any("quota: the outputs of an execution of `a` have at most 1,000 bytes" in line for line in lines)
        assert node.meters.counts["onbeat_quota_refused_total"]["a", "output_bytes"] == 1


async def test_large_outputs_count_too(tmp_path: Path, deeds: Deeds) -> None:
    """What is kept in storage has its size; also when it is counted anew."""
    deeds["give"] = give
    quotas = [Quota(output_bytes=250_000)]
    async with node_with(MemoryStore(), {"g.yaml": GIVES}, tmp_path, quotas=quotas) as node:
        ended = await node.engine.ended((await node.start("a", "gives", {"sizes": [100_000, 100_000]})).id)
        assert ended.state is State.SUCCESS
        with pytest.raises(OverQuota, match="it has 200,"):
            node.engine.quotas.charge(ended, {"value": "x" * 60_000})
        node.engine.quotas.charge(ended, {"value": "x" * 40_000})


def test_a_log_says_once_that_it_is_full() -> None:
    """And counts what it drops, the line that did not fit among it."""
    dropped: list[int] = []
    budget = LogBudget(10, lambda: dropped.append(1))
    assert [budget.take(text) for text in ("12345", "éé", "1", "12", "")] == [True, True, True, False, False]
    assert budget.spent
    assert len(dropped) == 2


async def test_a_log_ends_at_its_limit(tmp_path: Path, deeds: Deeds) -> None:
    """One line says so, for all attempts of the execution; a later execution has its own; and the task goes on."""

    async def talk(context: TaskContext) -> Outcome:
        for n in range(1_000):
            context.log("INFO", f"line {n:04}")
        return Outcome()

    deeds["talk"] = talk
    talks = "id: talks\nnamespace: a\ntasks: [{id: one, type: test.Told, what: talk}, {id: two, type: test.Told, what: talk}]\n"
    async with node_with(MemoryStore(), {"t.yaml": talks}, tmp_path, quotas=[Quota(namespace="a", log_bytes=45)]) as node:
        for turn in (1, 2):
            ended = await node.engine.ended((await node.start("a", "talks")).id)
            assert ended.state is State.SUCCESS
            lines = [line.message for line in await node.queries.logs(ended.id)]
            assert lines == ["line 0000", "line 0001", "line 0002", "line 0003", "line 0004", LOG_REACHED]
            assert node.meters.counts["onbeat_quota_refused_total"]["a", "log_bytes"] == turn * 1_995


async def test_a_log_in_a_file_ends_there_too(tmp_path: Path, deeds: Deeds) -> None:
    """`logToFile` is no way around it."""

    async def talk(context: TaskContext) -> Outcome:
        for n in range(1_000):
            context.log("INFO", f"line {n:04}")
        return Outcome()

    deeds["talk"] = talk
    talks = "id: talks\nnamespace: a\ntasks: [{id: one, type: test.Told, what: talk, logToFile: true}]\n"
    async with node_with(MemoryStore(), {"t.yaml": talks}, tmp_path, quotas=[Quota(namespace="a", log_bytes=45)]) as node:
        ended = await node.engine.ended((await node.start("a", "talks")).id)
        assert ended.state is State.SUCCESS
        (attempt,) = ended.runs[1].attempts
        assert attempt.log is not None
        text = await node.storage.get(attempt.log)
        assert text.count(b"line ") == 5
        assert text.count(LOG_REACHED.encode()) == 1
