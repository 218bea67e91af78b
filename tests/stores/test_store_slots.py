"""Places of limits in every store, in the transactions of the executions that have them. The rules are in test_slots.py."""

import asyncio

import msgspec

from onbeat.core.changes import Waiting
from onbeat.core.signals import SlotGranted, SlotQueued, SlotRefused
from onbeat.core.states import State
from onbeat.ports import LedgerRow, SlotClaim, Work
from tests.stores.build import AT, append, creation, end, id_of, key, move, work
from tests.stores.conftest import AnyStore, Home


def claiming(n: int, behavior: str = "QUEUE", limit: int = 2, scope: str = "shop.pay") -> Work:
    """Execution n wants a slot."""
    return work(creation(n, claim=SlotClaim(scope, limit, behavior)))


async def test_slots_are_granted_up_to_the_limit(store: AnyStore):
    """Then the claim queues or is refused; other scopes are not touched."""
    granted = [(await store.write(claiming(n))).delivered for n in (1, 2)]
    assert [(row.execution, row.signal) for rows in granted for row in rows] == [(id_of(1), SlotGranted()), (id_of(2), SlotGranted())]
    for n, behavior, signal in [
        (3, "QUEUE", SlotQueued()),
        (4, "CANCEL", SlotRefused(state=State.CANCELLED)),
        (5, "FAIL", SlotRefused(state=State.FAILED)),
    ]:
        delivered = (await store.write(claiming(n, behavior))).delivered
        assert [(row.execution, row.signal) for row in delivered] == [(id_of(n), signal)]
        assert await store.inbox(id_of(n)) == list(delivered)
    assert (await store.write(claiming(6, scope="shop.ship"))).delivered[0].signal == SlotGranted()


async def test_a_slot_passes_on_in_the_transaction_that_frees_it(home: Home):
    """First come, first served; a crash in between cannot leave a free slot and a waiting execution."""
    for n in range(1, 6):
        await home.store.write(claiming(n))
    store = await home.restart()
    written = await store.write(work(end(creation(2).execution, released=True)))
    assert [(row.execution, row.signal) for row in written.delivered] == [(id_of(3), SlotGranted())]
    written = await store.write(work(end(creation(4).execution, released=True)))
    assert written.delivered == (), "4 was queued: it gives back its place in the queue"
    written = await store.write(work(end(creation(1).execution, released=True)))
    assert [row.execution for row in written.delivered] == [id_of(5)]


async def test_the_newest_limit_counts(store: AnyStore):
    """A flow was edited: a higher limit lets the waiting in, a lower one waits until enough have left."""
    for n in (1, 2, 3):
        await store.write(claiming(n, limit=1))
    written = await store.write(claiming(4, limit=3))
    assert [row.execution for row in written.delivered if row.signal == SlotGranted()] == [id_of(2), id_of(3)]
    assert written.delivered[-1].signal == SlotQueued()
    await store.write(claiming(5, limit=1))
    for n, granted in [(1, []), (2, []), (3, [id_of(4)])]:
        written = await store.write(work(end(creation(n).execution, released=True)))
        assert [row.execution for row in written.delivered] == granted


async def test_a_slot_freed_and_claimed_in_one_work_passes_on(store: AnyStore):
    """What is given back is there for the claims of the same work, after those who wait."""
    await store.write(claiming(1, limit=1))
    both = work(creation(2, claim=SlotClaim("shop.pay", 1, "FAIL")), end(creation(1).execution, released=True))
    assert [(row.execution, row.signal) for row in (await store.write(both)).delivered] == [(id_of(2), SlotGranted())]


async def test_many_claims_at_once_get_no_slot_too_many(store: AnyStore):
    """Fifty at once for three slots."""
    written = await asyncio.gather(*(store.write(claiming(n, "CANCEL", limit=3)) for n in range(1, 51)))
    assert sum(one.delivered[0].signal == SlotGranted() for one in written) == 3


async def test_an_execution_asks_for_its_places_later_and_is_told_when_it_has_all(home: Home):
    """When its time has come: not at its creation; one after the other, over a restart of the store."""
    both = (SlotClaim("key", 1, "QUEUE"), SlotClaim("limit", 1, "QUEUE"))
    await home.store.write(work(creation(1, claims=both)))
    waiting = creation(2, scheduled=AT)
    await home.store.write(work(waiting))
    asked = await home.store.write(work(append(waiting.execution, Waiting(at=AT), claims=both)))
    assert [(row.execution, row.signal) for row in asked.delivered] == [(id_of(2), SlotQueued())]
    await home.store.write(work(creation(3, claim=SlotClaim("limit", 1, "QUEUE"))))
    store = await home.restart()
    written = await store.write(work(end(creation(1).execution, released=True)))
    assert [(row.execution, row.signal) for row in written.delivered] == [(id_of(2), SlotGranted())]
    assert [row.signal for row in await store.inbox(id_of(2))] == [SlotQueued(), SlotGranted()]


async def test_a_restarted_execution_gives_back_and_asks_again_in_one_step(store: AnyStore):
    """It ended and was restarted at once: it is behind who waited."""
    one = (SlotClaim("s", 1, "QUEUE"),)
    await store.write(work(creation(1, claims=one), creation(2, claims=one)))
    both = move(creation(1).execution, State.RUNNING, State.FAILED, State.RESTARTED, released=True, claims=one)
    written = await store.write(work(both))
    assert [(row.execution, row.signal) for row in written.delivered] == [(id_of(2), SlotGranted()), (id_of(1), SlotQueued())]


async def test_one_that_waits_is_forced(store: AnyStore):
    """It is told once; one that does not wait is told nothing."""
    one = (SlotClaim("s", 1, "QUEUE"),)
    await store.write(work(creation(1, claims=one), creation(2, claims=one)))
    written = await store.write(Work(forced=(id_of(1), id_of(2), id_of(2), id_of(9))))
    assert [(row.execution, row.signal) for row in written.delivered] == [(id_of(2), SlotGranted())]


async def test_what_a_creation_remembers_is_written_only_with_it(store: AnyStore):
    """A duplicate creates nothing, and remembers nothing."""
    first = msgspec.structs.replace(creation(1, key=key("k")), ledger=(LedgerRow("l", "a", "first"),))
    again = msgspec.structs.replace(creation(2, key=key("k")), ledger=(LedgerRow("l", "a", "again"), LedgerRow("l", "b", "again")))
    await store.write(work(first))
    await store.write(work(again))
    assert await store.ledger("l") == {"a": "first"}
