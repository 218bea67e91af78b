"""A group of works on SQLite does exactly what the reference does with them one after the other."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from onbeat.core.changes import AnyChange, Labelled, Moved, Opened, RunCreated
from onbeat.core.execution import Execution
from onbeat.core.signals import Kill, Resume
from onbeat.core.states import EXECUTION
from onbeat.errors import Conflict
from onbeat.ports import Creation, DeadEvent, LedgerRow, LogLine, Position, SlotClaim, Tell, Work
from onbeat.stores.memory import MemoryStore
from onbeat.stores.sqlite import SqliteStore
from tests.stores.build import AT, append, creation, id_of, key, record, work

numbers = st.integers(1, 5)
scopes = st.sampled_from(["s", "t"])
texts = st.sampled_from(["a", "b", "c"])

claims = st.lists(
    st.builds(SlotClaim, scopes, st.integers(0, 2), st.sampled_from(["QUEUE", "CANCEL", "FAIL"])),
    max_size=2,
    unique_by=lambda claim: claim.scope,
).map(tuple)
creations = st.tuples(st.just("create"), numbers, st.none() | texts, claims)
appends = st.tuples(
    st.just("append"),
    numbers,
    st.lists(st.sampled_from(["move", "label", "open", "run"]), max_size=3),
    st.integers(0, 8),
    st.booleans(),
    claims,
    st.booleans(),
)
others = st.one_of(
    st.builds(Tell, numbers.map(id_of), st.sampled_from([Kill(), Resume(inputs={"a": 1})])),
    st.builds(Position, texts, texts, texts),
    st.builds(LedgerRow, texts, texts, st.none() | texts),
    st.builds(record, texts, texts, st.integers(0, 3)),
    st.builds(DeadEvent, id=numbers.map(id_of), at=st.just(AT), reader=texts, reason=texts, key=texts, replayed=st.none() | st.just(AT)),
    st.builds(LogLine, execution=numbers.map(id_of), at=st.just(AT), level=st.just("INFO"), message=texts),
)
WORK = st.tuples(st.lists(creations, max_size=2), st.lists(appends, max_size=2), st.lists(others, max_size=3))
GROUPS = st.lists(st.lists(WORK, min_size=1, max_size=5), min_size=1, max_size=6)


def changes(execution: Execution, kinds: list[str], pick: int) -> list[AnyChange]:
    """Changes that the execution can take; which state comes next is picked."""
    made: list[AnyChange] = []
    state, sequence, last, opened = execution.state, execution.sequence, execution.last, 0 in execution.blocks
    for kind in kinds:
        after = sorted(EXECUTION[state])
        if kind == "move" and after:
            made.append(Moved(at=AT + pick, before=state, after=after[pick % len(after)], sequence=sequence + 1))
            state, sequence = after[pick % len(after)], sequence + 1
        elif kind == "label":
            made.append(Labelled(at=AT, labels={"pick": str(pick)}))
        elif kind == "open":
            made.append(Opened(at=AT, n=0))
            opened = True
        elif kind == "run" and opened:
            last += 1
            made.append(RunCreated(at=AT, n=last, task="t", parent=0))
    return made


async def build(store: MemoryStore, plan: Any) -> Work:
    """The work of a plan, decided on what the store holds now."""
    news, steps, rest = plan
    parts: list[Any] = [creation(n, key=None if text is None else key(text), claims=wanted) for _, n, text, wanted in news]
    for _, n, kinds, pick, released, wanted, active in steps:
        execution = await store.load(id_of(n)) or creation(n).execution
        consumed = tuple(row.seq for row in (await store.inbox(id_of(n)))[: pick % 3])
        made = changes(execution, kinds, pick)
        parts.append(append(execution, *made, released=released, claims=wanted, consumed=consumed, active=active, wake=pick or None))

    def of(kind: type) -> tuple[Any, ...]:
        return tuple(one for one in rest if isinstance(one, kind))

    return work(
        *sorted(parts, key=lambda part: not isinstance(part, Creation)),
        tells=of(Tell),
        positions=of(Position),
        ledger=of(LedgerRow),
        records=of(type(record("a"))),
        dead=of(DeadEvent),
        logs=of(LogLine),
    )


async def outcome(store: MemoryStore | SqliteStore, works: Work) -> Any:
    """What a write gave, or that it was a conflict."""
    try:
        return await store.write(works)
    except Conflict:
        return Conflict


async def all_of(store: MemoryStore | SqliteStore) -> dict[str, Any]:
    """Everything a store can be asked for."""
    ids = [id_of(n) for n in range(1, 6)]
    return {
        "journal": await store.journal(0, 10_000),
        "lists": await store.executions(limit=100),
        "loaded": [await store.load(id_) for id_ in ids],
        "inboxes": [await store.inbox(id_) for id_ in ids],
        "logs": [await store.logs(id_) for id_ in ids],
        "records": [await store.records(topic, 0, 100) for topic in "abc"],
        "topics": await store.topics(),
        "ends": [await store.journal_end(), *[await store.records_end(topic) for topic in "abc"]],
        "positions": [await store.positions(reader) for reader in "abc"],
        "ledgers": [await store.ledger(ledger) for ledger in "abc"],
        "dead": await store.dead_events(),
        "keys": [await store.find_key(key(text)) for text in "abc"],
        # states and places are mixed at random here, so the places do not fit the states
        "differences": [each for each in await store.check() if "place" not in each and "line" not in each],
        "open": [await store.claim(owner, 100) for owner in ("boot-1", "another")],
    }


async def play(plans: list[list[Any]], folder: Path) -> None:
    """Each group: decided on the same state, given to SQLite at once and to the reference in turn."""
    reference, sqlite = MemoryStore(), SqliteStore(folder)
    await reference.open()
    await sqlite.open()
    try:
        for n, group in enumerate(plans):
            assert await sqlite.claim(f"boot-{n % 3}", 100) == await reference.claim(f"boot-{n % 3}", 100)
            works = [await build(reference, plan) for plan in group]
            expected = [await outcome(reference, one) for one in works]
            assert await asyncio.gather(*(outcome(sqlite, one) for one in works)) == expected
        await sqlite.close()
        sqlite = SqliteStore(folder)
        await sqlite.open()
        expected_all, found = await all_of(reference), await all_of(sqlite)
        assert found == expected_all
        assert found["differences"] == []
    finally:
        await sqlite.close()


@settings(max_examples=80, deadline=None)
@given(GROUPS)
def test_a_group_does_what_the_reference_does(plans: list[list[Any]]):
    """Creations, appends, keys, slots, signals, records and facts in any mix: same answers, same conflicts, same content after."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(play(plans, Path(folder)))
