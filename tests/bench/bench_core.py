"""Print what the core takes for each value, iteration or task of small and of large executions, in microseconds.

    python -m tests.bench.bench_core [--only each,loop,until,chain,wide,woven,parse] [--times 3]

What is measured is deciding alone: no store, no shell. Beside each line stands by how much the largest is dearer than the smallest; the
same is held to 1.3 by tests/core/test_cost.py, which counts calls instead. `parse` is a flow of so many nested levels, read and begun.
"""

import argparse
import gc
import time
from collections.abc import Callable

from onbeat.core.parse import parse_flow
from tests.core.costs import Large
from tests.core.test_cost import chain, each, loop, until, wide, woven

SIZES = {
    "each": (each, (10, 100, 1_000, 10_000)),
    "loop": (loop, (10, 100, 1_000, 10_000)),
    "until": (until, (10, 100, 1_000)),
    "chain": (chain, (10, 100, 1_000)),
    "wide": (wide, (10, 100, 1_000)),
    "woven": (woven, (10, 100, 1_000)),
}
LEVELS = (10, 50, 100, 150)


def seconds(work: Callable[[], object], times: int) -> float:
    """The shortest of several runs."""
    found = []
    for _ in range(times):
        gc.collect()
        begin = time.perf_counter()
        work()
        found.append(time.perf_counter() - begin)
    return min(found)


def nested(levels: int) -> Large:
    """A flow of so many nested levels, read from its file."""
    lines = ["id: deep", "namespace: bench", "revision: 1", "tasks:"]
    for level in range(levels):
        lines += [
            f"{'  ' * (2 * level + 1)}- id: s{level}",
            *(f"{'  ' * (2 * level + 2)}{key}" for key in ("type: core.flow.Sequential", "tasks:")),
        ]
    lines.append(f"{'  ' * (2 * levels + 1)}- {{id: leaf, type: t}}")
    return Large(parse_flow("\n".join(lines), "deep.yaml")[0])


def line(name: str, costs: dict[int, float]) -> str:
    """One row of the table."""
    first, last = next(iter(costs.values())), next(reversed(costs.values()))
    return f"{name:6} " + "  ".join(f"{size:>6,}: {cost * 1e6:7.1f}" for size, cost in costs.items()) + f"   x{last / first:.2f}"


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join((*SIZES, "parse")))
    parser.add_argument("--times", type=int, default=3)
    args = parser.parse_args()
    wanted = args.only.split(",")
    for name, (make, sizes) in SIZES.items():
        if name in wanted:
            costs = {}
            for size in sizes:
                costs[size] = min(_played(make, size) for _ in range(args.times)) / size
            print(line(name, costs))
    if "parse" in wanted:
        print(line("parse", {levels: seconds(lambda levels=levels: nested(levels).go(), args.times) / levels for levels in LEVELS}))


def _played(make: Callable[[int], Large], size: int) -> float:
    large = make(size)
    return seconds(large.go, 1)


if __name__ == "__main__":
    main()
