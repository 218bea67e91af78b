"""What a change costs follows what it touches, not the size of the execution: counted in calls, without a clock.

An orchestrator that is quick with ten task runs and slow with ten thousand is found out on the day it matters. The counts are of
Python and C calls, so they are the same on every machine; a loop inside one C call is seen by maps that count what is read of them.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import pytest
from immutables import Map

from onbeat.core import changes as c
from onbeat.core import signals as s
from onbeat.core.decide import decided
from onbeat.core.execution import Execution
from onbeat.core.flow import Flow
from onbeat.core.parse import CONTEXT
from tests.core.costs import MOST, Large, calls_of
from tests.core.world import FAILED, HANG, KILLED, SUCCESS, World, flow_of

SMALL, LARGE = 10, 2_000


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
    Large(flow, values=["v"] * SMALL).go()  # what is compiled once is compiled now
    counts = []
    for size in (SMALL, LARGE):
        large = Large(flow, values=[f"v{number}" for number in range(size)])
        count = calls_of(large.go)
        assert large.execution.state is SUCCESS
        counts.append(count / large.execution.last)

    assert counts[1] <= MOST * counts[0], f"{counts[0]:.0f} calls for each task run of {SMALL} values, {counts[1]:.0f} of {LARGE}"


def each(size: int) -> Large:
    """A ForEach over so many values."""
    loop = "values: '{{ inputs.values }}', concurrencyLimit: 8, tasks: [{id: a, type: t}, {id: b, type: t}]"
    return Large(flow_of(f"tasks: [{{id: e, type: core.flow.ForEach, {loop}}}]"), values=list(range(size)))


def looping(limit: int) -> Flow:
    """A flow with a Loop."""
    more = f"values: '{{{{ inputs.values }}}}', concurrencyLimit: {limit}, outputs: [{{id: o, value: 1}}], tasks: [{{id: a, type: t}}]"
    return flow_of(f"tasks: [{{id: l, type: core.flow.Loop, {more}}}]")


def loop(size: int) -> Large:
    """A Loop over so many values."""
    return Large(looping(8), values=list(range(size)))


def until(size: int) -> Large:
    """A LoopUntil of so many iterations."""
    often = f"checkFrequency: {{interval: PT1S}}, condition: '{{{{ outputs.l.iterationCount >= {size} }}}}'"
    tasks = "[{id: s, type: core.flow.Sequential, tasks: [{id: a, type: t}]}]"
    return Large(flow_of(f"tasks: [{{id: l, type: core.flow.LoopUntil, {often}, tasks: {tasks}}}]"))


def dag(size: int, needs: Callable[[int], list[int]]) -> Large:
    """A Dag of so many tasks."""
    tasks = [{"task": {"id": f"t{at}", "type": "t"}, "dependsOn": [f"t{need}" for need in needs(at)]} for at in range(size)]
    flow = {"id": "f", "namespace": "tests", "revision": 1, "tasks": [{"id": "d", "type": "core.flow.Dag", "tasks": tasks}]}
    return Large(Flow.model_validate(flow, context=CONTEXT))


def chain(size: int) -> Large:
    """Each task waits for the one before it."""
    return dag(size, lambda at: [at - 1] if at else [])


def wide(size: int) -> Large:
    """All wait for the first, the last for all."""
    return dag(size, lambda at: list(range(at)) if at == size - 1 else [0] if at else [])


def woven(size: int) -> Large:
    """Each waits for some before it, always the same."""
    some = random.Random(7)
    return dag(size, lambda at: sorted(some.sample(range(max(0, at - 30), at), min(at, 3))))


@pytest.mark.parametrize(("make", "size"), [(each, 10_000), (loop, 10_000), (until, 1_000), (chain, 1_000), (wide, 1_000), (woven, 1_000)])
def test_each_of_many_costs_what_each_of_few_does(make: Callable[[int], Large], size: int):
    """A value, an iteration, a task of a Dag: from its begin to its end, whatever waits for it."""
    make(SMALL).go()  # what is compiled once is compiled now
    counts = []
    for number in (SMALL, size):
        large = make(number)
        counts.append(calls_of(large.go) / number)
        assert large.execution.state is SUCCESS

    assert counts[1] <= MOST * counts[0], f"{counts[0]:.0f} calls for each of {SMALL}, {counts[1]:.0f} for each of {size}"


def test_a_restarted_loop_of_thousands_goes_on_step_by_step():
    """Those that failed are run again one after the other: each looks no further than for the next."""
    counts = []
    for size in (20, 2_000):
        large = Large(looping(0), values=list(range(size)))
        large.state = FAILED
        large.go()
        assert large.execution.state is FAILED
        changes, restarted = decided(looping(1), large.execution, [s.Restart()], large.now)
        counts.append(calls_of(lambda execution=restarted, changes=changes: again(execution, changes, 15)))

    assert counts[1] <= MOST * counts[0]


def again(execution: Execution, changes: Sequence[c.AnyChange], ends: int) -> None:
    """Executions that are restarted end one after the other."""
    flow = looping(1)
    for _ in range(ends):
        (child,) = [change.child for change in changes if isinstance(change, c.ChildRestarted)]
        changes, execution = decided(flow, execution, [s.ChildEnded(1, child, SUCCESS)], execution.head.created)


def test_a_hundred_and_fifty_levels_run_and_are_restarted():
    """In no recursion of Python's: begun, failed, restarted, replayed, corrected, killed."""
    for kind, more, inside in (("Sequential", {}, "tasks"), ("If", {"condition": True}, "then"), ("ForEach", {"values": [1]}, "tasks")):
        task: dict[str, Any] = {"id": "leaf", "type": "t"}
        for level in range(150):
            task = {"id": f"s{level}", "type": f"core.flow.{kind}", inside: [task], **more}
        flow = Flow.model_validate({"id": "story", "namespace": "tests", "revision": 1, "tasks": [task]}, context=CONTEXT)
        world = World(flow, {"leaf": [FAILED, SUCCESS]}, audit=False).play()
        (leaf,) = [name for name in world.states if name.startswith("leaf")]
        assert (world.state, len(world.states)) == (FAILED, 151)
        assert world.restart().state is SUCCESS
        assert world.replay(leaf).play().state is SUCCESS
        world.tell(s.SetState(FAILED, world.run(leaf).n))
        assert world.play().state is FAILED
        killed = World(flow, {"leaf": [HANG]}, audit=False).play()
        killed.tell(s.Kill())
        assert killed.play().state is KILLED
        killed.read_again()


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
