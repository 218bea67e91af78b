"""Mailboxes: which commands changed follows from which task runs were touched."""

from typing import get_args

import pytest

from onbeat.core import changes as c
from onbeat.core.changes import AnyChange, Created, Moved
from onbeat.core.commands import AnyCommand, ArmTimer, RunTask, outstanding
from onbeat.core.decide import decided
from onbeat.core.evolve import create
from onbeat.core.execution import Execution, Head
from onbeat.core.parse import parse_flow
from onbeat.core.signals import AnySignal, Begin, Dispatched
from onbeat.core.states import State
from onbeat.engine import mailbox
from onbeat.engine.mailbox import Mailbox, touched_runs
from tests.core import life
from tests.core.world import World

FLOW = """
id: f
namespace: t
tasks:
  - id: both
    type: core.flow.Parallel
    tasks:
      - {id: a, type: core.log.Log, message: a, timeout: PT1M}
      - {id: b, type: core.log.Log, message: b}
"""
HEAD = Head(id="e", namespace="t", flow="f", revision=1, created=0, correlation_id="e")


def test_only_touched_runs_are_looked_at() -> None:
    """Dispatching one of two concerns that one; its timer is the earliest wake."""
    flow, _ = parse_flow(FLOW, "f.yaml")
    box = Mailbox("e")
    changes, begun = decided(flow, create(HEAD), [Begin()], 0)
    box.commands = box.now_outstanding(begun, changes)
    box.active = box.active_after(dict(box.commands)) * 2
    box.fresh = False
    assert sorted(n for n, commands in box.commands.items() if commands) == [2, 3]
    changes, after = decided(flow, begun, [Dispatched(2)], 5)
    new = box.now_outstanding(after, changes)
    assert set(new) == {2}
    assert set(new[2]) == {RunTask(2, 1), ArmTimer(2, 60_000_005)}
    assert box.wake_after(new) == 60_000_005


def test_a_move_of_the_execution_touches_all() -> None:
    """Pausing takes away what every task run may do; the first move, from CREATED, touches only what it creates."""
    assert touched_runs([Moved(at=1, before=State.RUNNING, after=State.PAUSED, sequence=3)]) is None
    assert touched_runs([Created(at=0, head=HEAD), Moved(at=1, before=State.CREATED, after=State.RUNNING, sequence=2)]) == {0}


def test_the_earliest_timer_is_found_among_those_that_stay() -> None:
    """What a step touches is looked at anew; of the others the earliest counts, whatever the order of arming."""
    box = Mailbox("e")
    for n, due in ((1, 50), (2, 10), (3, 30)):
        box.arm(n, due)
    assert box.wake_after({}) == 10
    assert box.wake_after({2: ()}) == 30
    assert box.wake_after({2: (ArmTimer(2, 40),)}) == 30
    assert box.wake_after({2: (ArmTimer(2, 20),), 3: ()}) == 20
    box.disarm(2, 10)
    box.disarm(2, 10)
    assert box.due == [(30, 3), (50, 1)]
    assert box.wake_after({1: (), 3: ()}) is None


def test_a_timer_that_fired_is_asked_for_again() -> None:
    """The next timer may be due at the same instant: a retry without a pause after a timeout."""
    box = Mailbox("e")
    box.commands = {1: (RunTask(1, 1), ArmTimer(1, 10)), 2: (ArmTimer(2, 10),)}
    box.arm(1, 10)
    box.arm(2, 10)
    box.spend(1, 10)
    box.spend(2, 10)
    assert box.commands == {1: (RunTask(1, 1),)}
    assert box.due == []


def merged(box: Mailbox, after: Execution, changes: tuple[AnyChange, ...]) -> frozenset[AnyCommand]:
    """What is outstanding once the difference is done."""
    new = box.now_outstanding(after, changes)
    box.commands = {n: commands for n, commands in {**box.commands, **new}.items() if commands}
    box.fresh = False
    return frozenset(command for commands in box.commands.values() for command in commands)


@pytest.mark.parametrize("lives", [range(60), range(60, 120)])
def test_the_difference_is_all_that_differs(monkeypatch: pytest.MonkeyPatch, lives: range) -> None:
    """Over the lives of random flows: the commands of the touched task runs, put to those of the others, are what is outstanding."""
    boxes: dict[int, Mailbox] = {}
    take = World.take

    def taking(self: World, changes: tuple[AnyChange, ...], after: Execution, signals: tuple[AnySignal, ...]) -> None:
        take(self, changes, after, signals)
        box = boxes.setdefault(id(self), Mailbox(after.id))
        wrong = merged(box, after, changes) ^ outstanding(after)
        assert not wrong, [changes, wrong]

    monkeypatch.setattr(World, "take", taking)
    monkeypatch.setattr(World, "audit_now", lambda *given: [])
    monkeypatch.setattr(life.Alone, "audit_now", lambda *given: [])
    kept = []  # an id is that of one world
    for seed in lives:
        kept.append(life.live(seed))
    assert len(boxes) > len(lives)


def test_every_change_is_of_a_task_run_of_the_execution_or_of_neither() -> None:
    """A change that is new must be put among those that touch commands, or here among those that do not."""
    without = {c.Created, c.Moved, c.Copied, c.Exiting, c.Judged, c.VariablesSet, c.Labelled, c.LaneBegun, c.LaneEnded}
    assert set(get_args(AnyChange)) == mailbox._OF_RUN | mailbox._OF_EXECUTION | without
