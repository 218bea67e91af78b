"""Print what expressions cost: µs for evaluating each of five compiled ones, for building a scope, and for compiling.

Run it by hand: `python -m tests.bench.bench_expressions`. The numbers to hold: `{{ inputs.x }}` well under 5 µs on a scope that is
built; compiling about 1 ms. Ratios mean something, single numbers move by a fifth.
"""

import time
from collections.abc import Callable

from immutables import Map

from onbeat.core import expressions
from onbeat.core.expressions.expression import _compile
from onbeat.core.values import normalise

TEXTS = (
    "{{ inputs.x }}",
    "{{ outputs.a.value + 1 }}",
    "{{ outputs.nope.value ?? 'default' }}",
    "{{ outputs.list | first }}",
    "Order {{ inputs.order }} of {{ inputs.customer }} costs {{ outputs.a.value }} euros",
    "{{ inputs.x == '5' ? 'yes' : 'no' }}",
    "{% for item in outputs.list %}{{ loop.index }}: {{ item.name | upper }}\n{% endfor %}",
)
VARIABLES = {
    "flow": {"id": "f", "namespace": "n", "revision": 1},
    "execution": {"id": "e", "startDate": "2026-01-01T00:00:00Z"},
    "inputs": {"x": 5, "order": "o-17", "customer": "Ada"},
    "outputs": Map({"a": {"value": 41}, "list": [{"name": "one"}, {"name": "two"}, {"name": "three"}]}),
    "vars": {},
    "trigger": {"id": "t", "data": {"a": 1}},
}


def measure(work: Callable[[], object], seconds: float = 0.3) -> float:
    """µs per call, the best of three."""
    best, times = float("inf"), 1
    while True:
        start = time.perf_counter()
        for _ in range(times):
            work()
        took = time.perf_counter() - start
        if took > seconds / 10:
            break
        times *= 2
    for _ in range(3):
        start = time.perf_counter()
        for _ in range(times):
            work()
        best = min(best, (time.perf_counter() - start) / times)
    return best * 1e6


def main() -> None:
    """Measure and print."""
    scope = expressions.make_scope(VARIABLES)
    for text in TEXTS:
        expression = expressions.compile_text(text)
        print(f"{measure(lambda expression=expression: expression.render(scope)):8.2f} µs  {text!r}")
    print(f"{measure(lambda: expressions.make_scope(VARIABLES)):8.2f} µs  make_scope of {len(VARIABLES)} roots")
    for text in TEXTS[:1] + TEXTS[4:]:
        print(f"{measure(lambda text=text: _compile(text)):8.2f} µs  compile {text!r}")
    small = {"id": "x", "count": 3, "ok": True, "data": {"a": 1.5, "b": None, "tags": ["one", "two"]}}
    print(f"{measure(lambda: normalise(small)):8.2f} µs  normalise a small map")


if __name__ == "__main__":
    main()
