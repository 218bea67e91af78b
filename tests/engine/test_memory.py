"""Which executions are in memory: at work, waiting, or asleep until an instant; never at two places."""

import asyncio

import pytest

from onbeat.core.evolve import create
from onbeat.core.execution import Head
from onbeat.core.signals import Begin
from onbeat.engine import memory
from onbeat.engine.mailbox import Mailbox, Told
from onbeat.engine.memory import WAKE, Memory
from onbeat.engine.timers import Timers
from onbeat.testing import ManualClock, settle


def box_of(name: str) -> Mailbox:
    """The mailbox of an execution that has just begun."""
    head = Head(id=name, namespace="n", flow="f", revision=1, created=0, correlation_id=name)
    return Mailbox(name, create(head))


async def memory_of(limit: int = 10) -> Memory:
    """A memory with timers that nobody runs."""
    made = Memory(limit)
    made.timers = Timers(ManualClock(), lambda *fired: None)
    return made


async def test_what_is_at_work_counts_against_the_limit():
    """What waits does not; whoever waits for room hears of it."""
    made = await memory_of(1)
    box = box_of("a")
    made.add(box)
    assert made.full()
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(made.room.wait())
        await settle()
        assert not waiting.done()
        made.rest(box)
    assert (len(made), made.full(), made.look("a")) == (0, False, box)


async def test_signals_that_wait_are_those_of_what_is_at_work():
    """What is told is counted until it is decided."""
    made = await memory_of()
    for name, count in (("a", 2), ("b", 1)):
        box = box_of(name)
        made.add(box)
        box.told += [Told(Begin())] * count
    assert made.told() == 3


async def test_one_that_waits_is_taken_up_again():
    """The same mailbox, at work."""
    made = await memory_of()
    box = box_of("a")
    made.add(box)
    made.rest(box)
    assert made.take("a") is box
    assert made.works("a")
    assert made.take("b") is not box


async def test_those_that_waited_longest_leave_but_for_their_timer(monkeypatch: pytest.MonkeyPatch):
    """It is woken at the earliest instant that it armed; taking it up disarms that."""
    monkeypatch.setattr(memory, "KEPT", 1)
    made = await memory_of()
    first, second = box_of("a"), box_of("b")
    first.arm(3, 500)
    made.timers.arm("a", 3, 500)
    for box in (first, second):
        made.add(box)
        made.rest(box)
    assert made.look("a") is None
    assert made.look("b") is second
    assert len(made.timers) == 1
    made.timers.disarm("a", WAKE, 500)
    assert len(made.timers) == 0


async def test_taking_up_a_sleeper_disarms_its_timer():
    """It arms its own when it is loaded."""
    made = await memory_of()
    made.sleep("a", 900)
    assert len(made.timers) == 1
    assert made.take("a").execution is None
    assert len(made.timers) == 0


async def test_what_is_dropped_or_has_ended_is_nowhere():
    """It is loaded again when it is told something."""
    made = await memory_of()
    made.add(box_of("a"))
    made.drop("a")
    assert (made.look("a"), len(made)) == (None, 0)
