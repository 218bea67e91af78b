"""Callers that wait for an execution's end."""

import pytest

from onbeat.core.evolve import create
from onbeat.core.execution import Head
from onbeat.engine.waiters import Waiters
from onbeat.errors import Refused

EXECUTION = create(Head(id="e", namespace="t", flow="f", revision=1, created=0, correlation_id="e"))


async def test_all_who_wait_hear_of_it() -> None:
    """Each of them, once; afterwards nobody is kept."""
    waiters = Waiters()
    with waiters.on("e") as first, waiters.on("e") as second, waiters.on("other") as other:
        waiters.ended(EXECUTION)
        waiters.ended(EXECUTION)
        assert await first is await second is EXECUTION
        assert not other.done()
        assert len(waiters) == 2
    assert len(waiters) == 0


async def test_who_waits_in_vain_hears_why() -> None:
    """The first word counts; for one that nobody waits for there is nothing to do."""
    waiters = Waiters()
    waiters.fail("e", Refused("nobody"))
    with waiters.on("e") as waiter:
        waiters.fail("e", Refused("set aside"))
        waiters.ended(EXECUTION)
        with pytest.raises(Refused, match="set aside"):
            await waiter
    assert len(waiters) == 0
