"""The invariants notice: each of these small mistakes in the core makes the random play fail.

A property test that cannot fail is worse than none. Each row plants one mistake in the source of a module (what it was -> what it is);
the mistaken code runs under the same machine, and it must object within a bounded number of examples.
"""

import importlib
import inspect
from types import FunctionType, ModuleType

import pytest

from tests.core.life import live

MISTAKES = {
    "a lane that ended is forgotten": ("blocks", "draft.add(c.LaneEnded(at=draft.now, n=n))", "pass"),
    "the limit is ignored": ("blocks", "if limit and block.open >= limit:", "if False:"),
    "a kill does not keep steps from beginning": ("blocks", "stopped = killing or ", "stopped = "),
    "a failure does not stop its lane": ("blocks", "or run.state in FAILING or draft.block(n).failed", ""),
    "a failure does not stop other lanes": ("evolve", "failed = block.failed or (", "failed = block.failed and ("),
    "finally is left out": ("blocks", "and finally_ and not killing", "and False"),
    "errors are left out": ("blocks", "and failed and errors and not killing", "and False"),
    "allowFailure is forgotten": ("blocks", "if state is State.FAILED and spec.allow_failure:", "if False:"),
    "a disabled task runs": ("blocks", "if not tasks[at].disabled", "if True"),
    "what ended in a pause is dropped": ("evolve", "held = (*held, run.n) if execution.state is State.PAUSED else held", "pass"),
    "a resume does not tell what was held": ("decide", "draft.ended.extend(held)", "pass"),
    "paused runs are not counted down": ("evolve", " - (run.state is State.PAUSED)", ""),
    "one attempt too many": ("retry", "attempts >= policy.max_attempts", "attempts > policy.max_attempts"),
    "lost attempts count": ("decide", "next_attempt(policy, run.counted", "next_attempt(policy, run.attempt"),
    "a retry after maxDuration": ("retry", "if policy.max_duration is not None and", "if False and"),
    "an end of another attempt is taken": ("decide", "or run.attempt != attempt or", "or"),
    "an early timer is taken": ("decide", "if signal.due > draft.now:", "if False:"),
    "any timer is taken": ("decide", "or run.wake != signal.due", ""),
    "a place for a task that is asked about is taken": ("decide", " or run.ask is not None:", ":"),
    "a lost task goes on": ("decide", "_lost(draft, run)", "pass"),
    "a killed task that was lost stays": ("decide", "draft.move_run(n, State.KILLED, lost=True)", "pass"),
    "a paused execution dispatches": ("commands", "if execution.state is State.RUNNING and run.n not in", "if run.n not in"),
    "a restart forgets lanes that were stopped": ("restart", "left.stopped.append((n, lane, step))", "pass"),
    "a restart forgets the states before": ("restart", "seen=tuple(sorted({run.state for run in children[n] if run.ended}))", "seen=()"),
    "a restart counts too few lanes": ("restart", "open=len(flowing[n])", "open=1"),
    "state events do not count up": ("draft", "sequence=execution.sequence + 1", "sequence=execution.sequence + 2"),
}

LIVES = 400
"""Within so many lives each mistake is noticed."""


def functions(module: ModuleType) -> dict[str, FunctionType]:
    """All functions of a module by qualified name, methods too."""
    found: dict[str, FunctionType] = {}
    for name, value in vars(module).items():
        if inspect.isfunction(value) and value.__module__ == module.__name__:
            found[name] = value
        elif inspect.isclass(value) and value.__module__ == module.__name__:
            found |= {f"{name}.{key}": method for key, method in vars(value).items() if inspect.isfunction(method)}
    return found


def plant(monkeypatch: pytest.MonkeyPatch, name: str, was: str, now: str) -> None:
    """Run the functions of a module with another text in their source."""
    module = importlib.import_module(f"onbeat.core.{name}")
    source = inspect.getsource(module)
    assert was in source, f"core/{name}.py no longer says `{was}`: plant the mistake anew"
    mistaken = ModuleType(module.__name__)
    exec(compile(source.replace(was, now), module.__file__ or name, "exec"), vars(mistaken))
    changed = functions(mistaken)
    for key, function in functions(module).items():
        if function.__code__ != changed[key].__code__:
            monkeypatch.setattr(function, "__code__", changed[key].__code__)


@pytest.mark.parametrize(("module", "was", "now"), MISTAKES.values(), ids=MISTAKES)
def test_the_invariants_notice(monkeypatch: pytest.MonkeyPatch, module: str, was: str, now: str):
    """Somebody's life fails: an invariant is broken, or the core itself raises."""
    plant(monkeypatch, module, was, now)

    with pytest.raises(Exception):  # noqa: B017, PT011  # whatever it is, it must not pass
        live_all()


def live_all() -> None:
    """One life after the other."""
    for seed in range(LIVES):
        live(seed)
