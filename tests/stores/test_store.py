"""What every store keeps of its promises: executions, keys, inboxes and slots (ports.Store). See conftest.py for which stores."""

import asyncio

import pytest

from onbeat.core.changes import Labelled, Moved
from onbeat.core.execution import Trigger
from onbeat.core.signals import ChildEnded, Kill, Pause, Resume, SlotGranted
from onbeat.core.states import State
from onbeat.errors import Conflict, Refused, StoreBroken
from onbeat.ports import ExecutionFilter, LedgerRow, LogLine, Position, SlotClaim, Tell, Work, Written
from tests.stores.build import AT, append, creation, end, id_of, key, move, record, task, work
from tests.stores.conftest import AnyStore, Home

# ---- executions ------------------------------------------------------------------------------------------------------


async def test_an_execution_is_loaded_as_it_was_written(home: Home):
    """What memory holds is what a reload gives, whatever the values."""
    new = creation(
        inputs={"n": 2**53 + 1, "deep": [{"a": None, "b": [1.5, True]}], "text": 'zwölf "quoted" \\ \n'},
        labels={"team": "billing"},
        trigger=Trigger(id="orders", type="kafka.RealtimeTrigger", variables={"offset": 7}),
    )
    assert await home.store.write(work(new)) == Written(created=(id_of(1),), fresh=(True,))
    assert await home.store.load(id_of(1)) == new.execution
    assert await (await home.restart()).load(id_of(1)) == new.execution


async def test_an_unknown_execution_is_none(store: AnyStore):
    """Loading what is not there is not an error."""
    assert await store.load(id_of(9)) is None
    assert await store.changes(id_of(9)) == []
    assert await store.inbox(id_of(9)) == []


async def test_changes_follow_each_other_in_the_journal(store: AnyStore):
    """The journal has each change once, in the order written, with its place in its execution and the head."""
    one, two = creation(1), creation(2)
    await store.write(work(one, two))
    first, second = move(one.execution, State.RUNNING), move(two.execution, State.RUNNING)
    await store.write(work(second))
    await store.write(work(first))
    rows = await store.journal(0, 100)
    assert [row.seq for row in rows] == sorted(row.seq for row in rows)
    assert [(row.execution, row.version, row.change) for row in rows] == [
        (id_of(1), 1, one.changes[0]),
        (id_of(2), 1, two.changes[0]),
        (id_of(2), 2, second.changes[0]),
        (id_of(1), 2, first.changes[0]),
    ]
    assert [row.head for row in rows] == [change.execution.head for change in (one, two, second, first)]
    assert await store.journal(rows[1].seq, 1) == [rows[2]]
    assert await store.touched(0, 100) == [(rows[2].seq, id_of(2)), (rows[3].seq, id_of(1))]
    assert await store.touched(rows[0].seq, 1) == [(rows[1].seq, id_of(2))]
    assert await store.touched(rows[3].seq, 100) == []
    assert await store.journal_end() == rows[-1].seq
    assert await store.changes(id_of(1)) == [rows[0], rows[3]]
    assert await store.changes(id_of(2), after=1) == [rows[2]]


async def test_a_long_execution_is_loaded_as_it_was_written(home: Home):
    """Hundreds of changes: whatever a store does to shorten the fold, the outcome is the same."""
    execution = creation().execution
    await home.store.write(work(creation()))
    started = move(execution, State.RUNNING)
    await home.store.write(work(started))
    execution = started.execution
    for n in range(1, 120):
        step = task(execution, n)
        await home.store.write(work(step))
        execution = step.execution
        if n % 20 == 0:
            assert await home.store.load(execution.id) == execution
    store = await home.restart()
    assert await store.load(execution.id) == execution
    step = task(execution, 120)
    await store.write(work(step))
    assert await store.load(execution.id) == step.execution
    assert await store.check() == []


async def test_a_conflict_writes_nothing(store: AnyStore):
    """One append at the wrong version: no part of the work is there."""
    one, two = creation(1), creation(2)
    await store.write(work(one, two))
    ahead = move(one.execution, State.RUNNING)
    await store.write(work(ahead))
    end_ = await store.journal_end()
    with pytest.raises(Conflict, match=id_of(1)):
        await store.write(
            work(
                creation(3, key=key("k"), claim=SlotClaim("s", 1, "QUEUE")),
                move(two.execution, State.RUNNING),
                move(one.execution, State.RUNNING, released=True),
                tells=(Tell(id_of(2), Kill()),),
                positions=(Position("r", "p", "1"),),
                ledger=(LedgerRow("l", "k", "v"),),
                records=(record("r1"),),
                logs=(LogLine(execution=id_of(2), at=AT, level="INFO", message="x"),),
            )
        )
    assert await store.journal_end() == end_
    assert await store.load(id_of(3)) is None
    assert await store.find_key(key("k")) is None
    assert (await store.load(id_of(2))) == two.execution
    assert await store.inbox(id_of(2)) == []
    assert await store.positions("r") == await store.ledger("l") == await store.topics() == {}
    assert await store.logs(id_of(2)) == []
    assert (await store.write(work(creation(4, claim=SlotClaim("s", 1, "FAIL"))))).delivered[0].signal == SlotGranted()


async def test_a_conflict_fails_nobody_else(store: AnyStore):
    """Of works that share a transaction only the one in conflict raises."""
    await store.write(work(*[creation(n) for n in range(1, 21)]))
    await store.write(work(move(creation(7).execution, State.RUNNING)))
    outcomes = await asyncio.gather(
        *(store.write(work(move(creation(n).execution, State.RUNNING))) for n in range(1, 21)), return_exceptions=True
    )
    assert [n for n, outcome in enumerate(outcomes, 1) if isinstance(outcome, Conflict)] == [7]
    assert await store.count(ExecutionFilter(states=(State.RUNNING,))) == 20


async def test_of_two_at_the_same_version_one_wins(store: AnyStore):
    """Two that decided on the same version at once: the first is written, the second decides again."""
    await store.write(work(creation()))
    killed, run = move(creation().execution, State.KILLED), move(creation().execution, State.RUNNING)
    first, second = await asyncio.gather(store.write(work(killed)), store.write(work(run)), return_exceptions=True)
    assert isinstance(first, Written)
    assert isinstance(second, Conflict)
    assert await store.load(id_of(1)) == killed.execution


async def test_appends_of_one_work_build_on_each_other(store: AnyStore):
    """An execution may be created and go on, or go on twice, in one work."""
    new = creation()
    first = move(new.execution, State.RUNNING)
    second = task(first.execution, 1)
    await store.write(work(new, first, second))
    assert await store.load(id_of(1)) == second.execution
    assert [row.version for row in await store.changes(id_of(1))] == list(range(1, second.execution.version + 1))


async def test_an_append_to_nothing_is_a_conflict(store: AnyStore):
    """An execution that is not there (any more) cannot go on, at no version."""
    with pytest.raises(Conflict):
        await store.write(work(move(creation().execution, State.RUNNING)))


async def test_an_execution_is_created_once(store: AnyStore):
    """The same id again is a conflict: somebody else wrote it first."""
    await store.write(work(creation()))
    for twice in (work(creation()), work(creation(2), creation(2))):
        with pytest.raises(Conflict):
            await store.write(twice)
    assert await store.count() == 1


async def test_an_empty_work_is_written(store: AnyStore):
    """Nothing to do is not an error."""
    assert await store.write(Work()) == Written()


# ---- keys ------------------------------------------------------------------------------------------------------------


async def test_a_known_key_creates_nothing(home: Home):
    """The event comes again: the answer is the execution it started, and nothing of the second is there."""
    await home.store.write(work(creation(1, key=key("order-1"))))
    again = work(creation(2, key=key("order-1"), claim=SlotClaim("s", 1, "QUEUE")), positions=(Position("r", "p", "2"),))
    assert await home.store.write(again) == Written(created=(id_of(1),), fresh=(False,))
    assert await home.store.load(id_of(2)) is None
    assert await home.store.positions("r") == {"p": "2"}
    assert len(await home.store.journal(0, 10)) == 1
    store = await home.restart()
    assert await store.write(again) == Written(created=(id_of(1),), fresh=(False,))
    assert await store.find_key(key("order-1")) == id_of(1)


async def test_one_known_key_leaves_the_other_creations(store: AnyStore):
    """An event that two triggers match, one of them had it: the other's execution starts."""
    await store.write(work(creation(1, key=key("k"))))
    both = work(creation(2, key=key("k")), creation(3, key=key("k", trigger="audit")), creation(4, key=key("k", flow="shop.ship")))
    assert await store.write(both) == Written(created=(id_of(1), id_of(3), id_of(4)), fresh=(False, True, True))
    assert await store.executions_of_key("k") == [id_of(1), id_of(3), id_of(4)]


async def test_a_key_twice_in_one_work_starts_once(store: AnyStore):
    """A batch of a source may hold the event twice."""
    written = await store.write(work(creation(1, key=key("k")), creation(2, key=key("k"))))
    assert written == Written(created=(id_of(1), id_of(1)), fresh=(True, False))


async def test_a_key_at_once_from_many_starts_once(store: AnyStore):
    """Redelivery while the first is being written: one execution, everybody learns it."""
    written = await asyncio.gather(*(store.write(work(creation(n, key=key("k")))) for n in range(1, 31)))
    assert {one.created for one in written} == {(id_of(1),)}
    assert sum(one.fresh == (True,) for one in written) == 1
    assert await store.count() == 1


async def test_keys_that_differ_in_any_character_differ(store: AnyStore):
    """NUL, line ends, case, spaces, accents composed or not: other text, other event."""
    texts = ["a", "A", "a ", "a\0", "a\0b", "a\n", "a\nb", "ä", "a\u0308", "", "😀", "'", '"', "%"]
    written = await store.write(work(*[creation(n, key=key(text)) for n, text in enumerate(texts, 1)]))
    assert all(written.fresh)
    for n, text in enumerate(texts, 1):
        assert await store.find_key(key(text)) == id_of(n)
        assert await store.executions_of_key(text) == [id_of(n)]


# ---- inboxes ---------------------------------------------------------------------------------------------------------


async def test_told_signals_wait_in_order(home: Home):
    """A signal stays in the inbox, over a restart, until a write consumes it."""
    await home.store.write(work(creation(1), creation(2)))
    tells = (Tell(id_of(1), Pause()), Tell(id_of(2), Kill()), Tell(id_of(1), Resume(inputs={"ok": True}, by="ada")))
    written = await home.store.write(Work(tells=tells))
    assert [(row.execution, row.signal) for row in written.delivered] == [(tell.execution, tell.signal) for tell in tells]
    store = await home.restart()
    assert await store.inbox(id_of(1)) == [written.delivered[0], written.delivered[2]]
    await store.write(work(move(creation(1).execution, State.RUNNING, consumed=(written.delivered[0].seq,))))
    assert await store.inbox(id_of(1)) == [written.delivered[2]]
    assert await store.inbox(id_of(2)) == [written.delivered[1]]


async def test_a_signal_for_nobody_is_dropped(store: AnyStore):
    """To an execution that has ended, also in the same work, or is not there."""
    await store.write(work(creation(1), creation(2)))
    await store.write(work(end(creation(1).execution)))
    tells = (Tell(id_of(1), Kill()), Tell(id_of(2), Kill()), Tell(id_of(3), Kill()))
    assert await store.write(work(end(creation(2).execution), tells=tells)) == Written()
    assert await store.inbox(id_of(1)) == await store.inbox(id_of(2)) == []


async def test_a_child_tells_its_parent_in_its_last_transaction(store: AnyStore):
    """The parent learns the end if and only if the child has ended; a parent of the same work is there already."""
    await store.write(work(creation(1), creation(2, parent=id_of(1))))
    ended = ChildEnded(run=1, child=id_of(2), state=State.SUCCESS, outputs={"n": 1})
    written = await store.write(work(end(creation(2).execution), tells=(Tell(id_of(1), ended),)))
    assert [(row.execution, row.signal) for row in written.delivered] == [(id_of(1), ended)]
    written = await store.write(work(creation(3), tells=(Tell(id_of(3), Kill()),)))
    assert await store.inbox(id_of(3)) == list(written.delivered)


# ---- life ------------------------------------------------------------------------------------------------------------


async def test_open_and_close_may_be_repeated(home: Home):
    """Both do nothing the second time; what was never opened can be closed."""
    await home.store.open()
    await home.store.write(work(creation()))
    await home.store.close()
    await home.store.close()
    with pytest.raises(Refused, match="not open"):
        await home.store.write(work(creation(2)))
    with pytest.raises(Refused, match="not open"):
        await home.store.load(id_of(1))
    assert await (await home.restart()).load(id_of(1)) == creation().execution


async def test_a_cancelled_caller_does_not_cancel_the_write(home: Home):
    """Whoever waited is gone; the work is there, whole, and the next one too."""
    await home.store.write(work(creation(1)))
    started = move(creation(1).execution, State.RUNNING)
    async with asyncio.TaskGroup() as group:
        leaving = group.create_task(home.store.write(work(started)))
        await asyncio.wait([leaving], timeout=0)
        leaving.cancel()
    await home.store.write(work(creation(2)))
    assert await home.store.load(id_of(1)) == started.execution


@pytest.mark.parametrize(("moment", "there"), [("before", False), ("after", True)])
async def test_a_crash_point_breaks_the_store(home: Home, moment: str, there: bool):
    """What `on_write` raises is a crash at that place: everything raises StoreBroken from then on, a restart finds what was durable."""
    await home.store.write(work(creation(1)))

    def crash(now: str) -> None:
        if now == moment:
            raise OSError("the power failed")

    home.on_write = crash
    with pytest.raises(StoreBroken, match="the power failed"):
        await home.store.write(work(creation(2)))
    with pytest.raises(StoreBroken):
        await home.store.write(work(creation(3)))
    with pytest.raises(StoreBroken):
        await home.store.wait_journal(10**6)
    home.on_write = lambda moment: None
    store = await home.restart()
    assert (await store.load(id_of(2)) is not None) is there
    assert await store.load(id_of(3)) is None
    await store.write(work(creation(4)))


async def test_labels_and_state_are_in_the_list(store: AnyStore):
    """What lists show follows the changes."""
    new = creation()
    await store.write(work(new))
    labelled = append(new.execution, Labelled(at=AT, labels={"team": "ops"}))
    await store.write(work(labelled))
    failed = append(labelled.execution, Moved(at=AT + 5, before=State.CREATED, after=State.FAILED, sequence=2, error="no"))
    await store.write(work(failed))
    (line,) = await store.executions()
    assert (line.labels, line.state, line.ended) == ({"team": "ops"}, State.FAILED, AT + 5)
