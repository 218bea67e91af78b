"""What deciding costs for each task run, from small flows to large ones: `python -m tests.bench.bench_flows`.

One line for each construct and size: microseconds for a task run, from its creation to its end, and how that is to the smallest
size. Pure core: no store, no tasks; the ratio is what counts, the machine is whatever it is.
"""

import time
from collections.abc import Iterator

from onbeat.core import changes as c
from onbeat.core import signals as s
from onbeat.core.decide import decided
from onbeat.core.evolve import create
from onbeat.core.execution import Head
from onbeat.core.flow import Flow
from onbeat.core.parse import parse_flow
from onbeat.core.states import State

HEAD = "id: f\nnamespace: n\n"


def loop(size: int) -> str:
    """A ForEach with eight values at once."""
    return (
        f"{HEAD}tasks: [{{id: e, type: core.flow.ForEach, values: {list(range(size))}, concurrencyLimit: 8, tasks: [{{id: t, type: t}}]}}]"
    )


def dag(size: int) -> str:
    """A Dag in which each task depends on the two before it."""
    tasks = ", ".join(
        f"{{task: {{id: t{n}, type: t}}, dependsOn: [{', '.join(f't{m}' for m in range(max(0, n - 2), n))}]}}" for n in range(size)
    )
    return f"{HEAD}tasks: [{{id: d, type: core.flow.Dag, tasks: [{tasks}]}}]"


def sequence(size: int) -> str:
    """Tasks one after another."""
    return f"{HEAD}tasks: [{', '.join(f'{{id: t{n}, type: t}}' for n in range(size))}]"


def play(flow: Flow) -> int:
    """Let everything run and end well; how many task runs there were."""
    execution = create(Head(id="x", namespace="n", flow="f", revision=1, created=0, correlation_id="x"))
    changes, execution = decided(flow, execution, [s.Begin()], 1)
    ready, count = list(_begun(flow, changes)), 0
    while ready:
        n = ready.pop()
        _, execution = decided(flow, execution, [s.Dispatched(n)], 1)
        changes, execution = decided(flow, execution, [s.TaskEnded(n, 1, State.SUCCESS)], 1)
        ready.extend(_begun(flow, changes))
        count += 1
    assert execution.state is State.SUCCESS
    return count


def _begun(flow: Flow, changes: tuple[c.AnyChange, ...]) -> Iterator[int]:
    for change in changes:
        if isinstance(change, c.RunCreated) and not flow.by_id[change.task].flowable:
            yield change.n


def measure(flow: Flow) -> float:
    """Microseconds of processor time for a task run, the best of three."""
    best = float("inf")
    for _ in range(3):
        begun = time.process_time()
        count = play(flow)
        best = min(best, (time.process_time() - begun) / count * 1e6)
    return best


def main() -> None:
    """All sizes of all constructs."""
    for make, sizes in ((loop, (10, 100, 1_000, 10_000)), (dag, (10, 100, 1_000)), (sequence, (10, 100, 1_000))):
        first = None
        for size in sizes:
            took = measure(parse_flow(make(size), "f.yaml")[0])
            first = first or took
            print(f"{make.__name__:10} {size:>7,}  {took:7.0f} us for a task run  {took / first:5.2f} of the smallest")


if __name__ == "__main__":
    main()
