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
    # blocks and lanes
    "a lane that ended is forgotten": ("endings", "draft.add(c.LaneEnded(at=draft.now, n=n, lane=lane, ready=ready))", "pass"),
    "the limit is ignored": ("blocks", "if limit and block.open >= limit:", "if False:"),
    "a failure does not stop its lane": ("endings", "halted = (run.state in FAILING or block.failed) and", "halted = False and"),
    "a failure does not stop other lanes": ("evolve", "failed = block.failed or (", "failed = block.failed and ("),
    "finally is left out": ("endings", "elif next_enabled(draft.tail(n, phase), 0) is None", "elif phase is Phase.FINALLY"),
    "errors are left out": ("endings", "(phase is Phase.ERRORS and not _errors_run(draft, n, block))", "phase is Phase.ERRORS"),
    "allowFailure is forgotten": ("blocks", "if state is State.FAILED and spec.allow_failure:", "if False:"),
    "a disabled task runs": ("blocks", "if not tasks[at].disabled", "if True"),
    # kills and exits
    "a kill does not keep steps from beginning": (
        "draft",
        "if execution.state is State.KILLING:\n            return True",
        "if False:\n            return True",
    ),
    "a kill forgets what only waits": (
        "stopping",
        "        draft.add(c.BlockFailed(at=draft.now, n=n, state=state))\n    draft.over.append(n)",
        "        draft.add(c.BlockFailed(at=draft.now, n=n, state=state))",
    ),
    "a killed execution keeps its time limit": (
        "evolve",
        "deadline=None if change.after in _LAST else execution.deadline",
        "deadline=execution.deadline",
    ),
    "an exit lets tasks begin": ("draft", "if execution.exit is None:\n            return False", "if True:\n            return False"),
    "an exit is forgotten by the flow": ("endings", "return execution.exit or worst(", "return worst("),
    "what a failure stops begins more": ("draft", "return self.left(n) or (", "return self.left(n) or (0 and "),
    "what is stopped inside a block goes on": ("endings", "        stop_inside(draft, n)", "        pass"),
    "what a failure stops is killed": ("draft", "return cut or State.KILLED", "return State.KILLED"),
    "the errors of what a failure stops run": (
        "endings",
        "return State.FAILED in block.seen and not draft.stopping(n)",
        "return State.FAILED in block.seen and not draft.left(n)",
    ),
    # pauses
    "what ended in a pause is dropped": ("evolve", "held = (*held, run.n) if execution.state is State.PAUSED else held", "pass"),
    "a resume does not tell what was held": ("pauses", "draft.ended.extend(held)", "pass"),
    "a resume forgets loops whose time came": ("pauses", "rounds.overdue(draft)", "pass"),
    "paused runs are not counted down": ("evolve", " - (run.state is State.PAUSED)", ""),
    "a paused execution dispatches": ("commands", "if execution.state is State.RUNNING and run.n not in", "if run.n not in"),
    "a paused loop is not followed": ("children", "draft.move_run(n, State.PAUSED)", "pass"),
    # attempts
    "one attempt too many": ("retry", "attempts >= policy.max_attempts", "attempts > policy.max_attempts"),
    "lost attempts count": ("attempts", "next_attempt(policy, run.counted", "next_attempt(policy, run.attempt"),
    "a retry after maxDuration": ("retry", "if policy.max_duration is not None and", "if False and"),
    "an end of another attempt is taken": ("attempts", "or run.attempt != attempt or", "or"),
    "a lost task goes on": ("decide", "attempts.lost(draft, run)", "pass"),
    "a killed task that was lost stays": ("decide", "draft.move_run(n, draft.stopped_as(n), lost=True)", "pass"),
    # stale signals
    "an early timer is taken": ("decide", "if signal.due > draft.now:", "if False:"),
    "any timer is taken": ("decide", "or run.wake != signal.due", ""),
    "a place for a task that is asked about is taken": ("attempts", " or run.ask is not None:", ":"),
    "any answer is taken": ("decide", "or run.ask != signal.ask:", ":"),
    "an event that nobody waits for is taken": ("attempts", "run.awaits is not None and run.state is State.RUNNING", "True"),
    # restarts, replays, corrections
    "a restart forgets lanes that were stopped": (
        "restart",
        "    for n, lane, step in left.stopped:\n        blocks.begin_step(draft, n, lane, step)\n",
        "",
    ),
    "a restart forgets the states before": ("restart", "seen=tuple(sorted(seen))", "seen=()"),
    "a restart counts too few lanes": ("restart", "open=len(flowing)", "open=1"),
    "a restart runs again what succeeded": (
        "restart",
        "elif run.state in FAILING:\n                left.leaves",
        "elif True:\n                left.leaves",
    ),
    "what was undone is restarted": ("restart", "    if execution.compensated:\n", "    if False:\n"),
    "a replay keeps what depends on the task": ("replay", "return sibling.lane in spec.after(run.lane)", "return False"),
    "a replay leaves out what had been stopped": ("replay", "blocks.begin_step(draft, n, lane, step)", "pass"),
    "a correction runs later tasks twice": ("blocks", "if at is None or block.passed == lane:", "if at is None:"),
    # the whole
    "state events do not count up": ("draft", "sequence=execution.sequence + 1", "sequence=execution.sequence + 2"),
    "undone in order of completion": ("endings", "key=lambda run: run.done, reverse=True", "key=lambda run: run.done"),
    "what failed is undone": (
        "endings",
        "if run.state in (State.SUCCESS, State.WARNING) and run.task in undoable",
        "if run.ended and run.task in undoable",
    ),
    "a retry after undoing": ("endings", "if not undo or retrying.goes_on(draft):", "if not undo:"),
    "what runs after it changes the verdict": (
        "endings",
        "draft.finish(verdict.state, outputs",
        "draft.finish(worst(draft.block(ROOT).seen), outputs",
    ),
    "a failed try anew is forgotten": ("retrying", "    succeed(draft, draft.execution.wake or draft.now)\n", "    return\n"),
    # constructs
    "a Dag begins a task too early": (
        "plan.dag",
        "waiting not in order.done and self._has_all(waiting, order, lane)",
        "waiting not in order.done",
    ),
    "a Dag forgets what is over": ("evolve_blocks", "Order(queue, order.done.set(change.lane, None))", "Order(queue, order.done)"),
    "a fan counts a child twice": (
        "evolve_blocks",
        "counts=_one_more(fan.counts, state),",
        "counts=_one_more(_one_more(fan.counts, state), state),",
    ),
    "a fan forgets who failed it": ("evolve_blocks", "fan.failed.set(change.child, lane) if change.failed else fan.failed", "fan.failed"),
    "a fan has no limit": ("fans", "return left and not (spec.limit and block.open >= spec.limit)", "return left"),
    "a fan goes on after a failure": ("fans", "or (block.failed and spec.stops_on_failure)", ""),
    "a restarted fan forgets how many began": ("evolve_blocks", "        begun=begun,\n        open=0,", "        open=0,"),
    "LoopUntil forgets its condition's failure": (
        "decide",
        "fail = blocks.fail_inside if run.n in draft.execution.blocks else blocks.fail",
        "fail = lambda *_: None",
    ),
    "LoopUntil forgets to look": ("endings", "if rounds.go_round(draft, n, spec):", "if rounds.go_round(draft, n, spec) or True:"),
    "LoopUntil remembers the iteration before": (
        "evolve_blocks",
        "before.seen if before and change.round <= 1 else frozenset()",
        "before.seen if before else frozenset()",
    ),
    "AllowFailure allows nothing": ("plan.allow_failure", "State.WARNING if state is State.FAILED else state", "state"),
    "a denied Approval goes on": (
        "plan.approval",
        "return worst([state, _ENDS[",
        "return worst([state, State.SUCCESS]) or ([state, _ENDS[",
    ),
    "what fails by itself runs no errors": (
        "evolve_blocks",
        "seen=block.seen | {change.state}, failed=True, own=change.state",
        "failed=True, own=change.state",
    ),
}

LIVES = 1_000
"""Within so many lives each mistake is noticed."""

NOTICED = {
    "the errors of what a failure stops run": 4437,
    "what a failure stops begins more": 4437,
    "a kill does not keep steps from beginning": 54,
    "a kill forgets what only waits": 64,
    "what is stopped inside a block goes on": 204,
    "a resume forgets loops whose time came": 453,
    "lost attempts count": 306,
    "a retry after maxDuration": 230,
    "an end of another attempt is taken": 219,
    "a killed task that was lost stays": 253,
    "a place for a task that is asked about is taken": 111,
    "an event that nobody waits for is taken": 264,
    "a restart forgets lanes that were stopped": 89,
    "what was undone is restarted": 75,
    "a replay leaves out what had been stopped": 529,
    "a correction runs later tasks twice": 91,
    "undone in order of completion": 202,
    "a retry after undoing": 369,
    "a fan goes on after a failure": 214,
    "a restarted fan forgets how many began": 262,
    "LoopUntil remembers the iteration before": 294,
}
"""The life that noticed a rare one last time: it is lived first, to save time."""


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
    assert was in source, f"core/{name} no longer says `{was}`: plant the mistake anew"
    mistaken = ModuleType(module.__name__)
    exec(compile(source.replace(was, now), module.__file__ or name, "exec"), vars(mistaken))
    changed = functions(mistaken)
    for key, function in functions(module).items():
        if function.__code__ != changed[key].__code__:
            monkeypatch.setattr(function, "__code__", changed[key].__code__)


@pytest.mark.parametrize("name", MISTAKES)
def test_the_invariants_notice(monkeypatch: pytest.MonkeyPatch, name: str):
    """Somebody's life fails: an invariant is broken, or the core itself raises."""
    plant(monkeypatch, *MISTAKES[name])

    with pytest.raises(Exception):  # noqa: B017, PT011  # whatever it is, it must not pass
        live_all(NOTICED.get(name, 0))


def live_all(first: int) -> None:
    """One life after the other."""
    for seed in (first, *range(LIVES)):
        live(seed)
