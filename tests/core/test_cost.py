"""What a change costs follows what it touches, not the size of the execution: counted in calls, without a clock.

An orchestrator that is quick with ten task runs and slow with ten thousand is found out on the day it matters. The counts are of
Python and C calls, so they are the same on every machine; a loop inside one C call is seen by maps that count what is read of them.
"""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from immutables import Map

from onbeat.core import signals as s
from onbeat.core.commands import of_run
from onbeat.core.decide import decided
from onbeat.core.execution import Execution
from onbeat.core.flow import Flow
from tests.core.world import SUCCESS, World, flow_of

SMALL, LARGE = 10, 2_000
MOST = 1.3
"""So many times as many calls for each task run of the large execution as of the small one."""


def calls_of(work: Callable[[], Any]) -> int:
    """How many calls are made."""
    count = 0

    def profile(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def life(flow: Flow, size: int) -> Execution:
    """One execution over so many values, told one signal at a time, with the commands of each run asked as the engine asks them."""
    world = World(flow, audit=False, inputs={"values": [f"v{number}" for number in range(size)]})
    _, execution = decided(flow, world.execution, [s.Begin()], world.now)
    waiting = list(execution.open)
    while waiting:
        n = waiting.pop(0)
        run = execution.runs[n]
        if run.ended or not list(of_run(execution, run)):
            continue
        last = execution.last
        for signal in (s.Dispatched(n), s.TaskEnded(n, 1, SUCCESS, outputs={"x": n})):
            _, execution = decided(flow, execution, [signal], world.now)
        waiting.extend(range(last + 1, execution.last + 1))
    assert execution.state is SUCCESS
    return execution


@pytest.mark.parametrize("limit", [1, 8, 0])
@pytest.mark.parametrize(
    "tasks",
    [
        "[{id: a, type: t}]",
        "[{id: a, type: t, when: '{{ taskrun.iteration >= 0 }}'}, {id: b, type: t, when: '{{ outputs.a[taskrun.value].x > 0 }}'}]",
        "[{id: i, type: core.flow.If, condition: '{{ inputs.values is not null }}', then: [{id: a, type: t}]}]",
    ],
    ids=["task", "conditions", "nested"],
)
def test_a_task_run_costs_the_same_in_a_large_loop(limit: int, tasks: str):
    """A ForEach over 2,000 values makes no more calls for each task run than one over 10."""
    values = "'{{ inputs.values }}'"
    flow = flow_of(f"tasks: [{{id: each, type: core.flow.ForEach, values: {values}, concurrencyLimit: {limit}, tasks: {tasks}}}]")
    life(flow, SMALL)  # what is compiled once is compiled now
    counts = []
    for size in (SMALL, LARGE):
        runs = 0

        def work(size: int = size) -> None:
            nonlocal runs
            runs = life(flow, size).last

        counts.append(calls_of(work) / runs)

    assert counts[1] <= MOST * counts[0], f"{counts[0]:.0f} calls for each task run of {SMALL} values, {counts[1]:.0f} of {LARGE}"


class Watched:
    """A persistent map that counts how many of its items are gone through."""

    scanned = 0

    def __init__(self, items: Map[int, Any]) -> None:
        self._items = items

    def __getitem__(self, key: int) -> Any:
        return self._items[key]

    def __contains__(self, key: int) -> bool:
        return key in self._items

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[int]:
        for key in self._items:
            Watched.scanned += 1
            yield key

    def get(self, key: int) -> Any:
        return self._items.get(key)

    def set(self, key: int, value: Any) -> "Watched":
        return Watched(self._items.set(key, value))

    def delete(self, key: int) -> "Watched":
        return Watched(self._items.delete(key))


def test_no_step_goes_through_all_task_runs():
    """Beginning, placing and ending task runs reads those it is about and scans neither the runs, the open ones nor the blocks."""
    flow = flow_of(
        "tasks: [{id: e, type: core.flow.ForEach, values: '{{ inputs.values }}', concurrencyLimit: 0, tasks: [{id: a, type: t}]}]"
    )
    execution = World(flow, audit=False, inputs={"values": list(range(50))}).execution
    maps: Any = {name: Watched(getattr(execution, name)) for name in ("runs", "open", "blocks")}
    execution = msgspec.structs.replace(execution, **maps)
    Watched.scanned = 0
    execution = decided(flow, execution, [s.Begin()], 0)[1]
    for n in range(2, 52):
        for signal in (s.Dispatched(n), s.TaskEnded(n, 1, SUCCESS, outputs={"x": n})):
            execution = decided(flow, execution, [signal], 0)[1]

    assert execution.state is SUCCESS
    assert Watched.scanned == 0
    assert list(execution.runs) != []
    assert Watched.scanned == 51


def test_a_sequence_costs_the_same_at_its_end():
    """The five hundredth task costs what the fifth does."""
    flow = flow_of("tasks:\n" + "\n".join(f"  - {{id: t{number}, type: t}}" for number in range(500)))
    execution = decided(flow, World(flow, audit=False).execution, [s.Begin()], 0)[1]
    counts = []
    for n in range(1, 501):

        def step(n: int = n) -> None:
            nonlocal execution
            for signal in (s.Dispatched(n), s.TaskEnded(n, 1, SUCCESS)):
                execution = decided(flow, execution, [signal], 0)[1]

        counts.append(calls_of(step))

    assert max(counts[5:-1]) <= MOST * min(counts[:5])
