"""Write the golden database of the present schema: `python -m tests.stores.golden.make`.

Once for each release that has another schema or other rows; a released one is never written again, for it is what users have. Its name
is the release's; that of a schema beside it, before there is a release with it, is the schema's too.
"""

import asyncio
import sqlite3
import tempfile
from pathlib import Path

from onbeat.core.changes import Asked, Labelled, LaneBegun, LaneEnded, Opened, RunCreated, RunMoved, Waiting
from onbeat.core.event import Event
from onbeat.core.execution import Trigger
from onbeat.core.signals import Pause
from onbeat.core.states import State
from onbeat.ports import Audit, DeadEvent, Document, LedgerRow, LogLine, MetricRow, Position, SlotClaim, Tell, Work
from onbeat.stores.sqlite import FILE, SqliteStore
from onbeat.stores.sqlite.migrate import steps, version
from tests.stores.build import AT, append, creation, end, id_of, key, move, record, task, work


async def fill(store: SqliteStore) -> None:
    """A little of everything; test_golden.py knows what."""
    trigger = Trigger(id="orders", type="kafka.RealtimeTrigger", variables={"offset": 7})
    first = creation(1, key=key("order-1"), inputs={"n": 1, "text": "größer"}, labels={"team": "billing"}, trigger=trigger)
    await store.write(work(first, end(first.execution)))
    second = creation(2, key=key("order-2"), claim=SlotClaim("shop.pay", 1, "QUEUE"))
    third = creation(3, claim=SlotClaim("shop.pay", 1, "QUEUE"), parent=id_of(2), parent_run=1)
    await store.write(work(second, third, tells=(Tell(id_of(2), Pause()),)))
    step = move(second.execution, State.RUNNING)
    await store.write(work(step))
    for n in range(1, 40):
        step = task(step.execution, n)
        await store.write(work(step))
    fourth = creation(4, scheduled=AT + 10**9)
    waits = append(fourth.execution, Waiting(at=AT, wake=AT + 10**9), Labelled(at=AT, labels={"a": "b"}), active=False, wake=AT + 10**9)
    await store.write(work(fourth, waits))
    fifth = creation(5)
    run = move(fifth.execution, State.RUNNING)
    loop = append(
        run.execution,
        Opened(at=AT, n=0),
        RunCreated(at=AT, n=1, task="each", parent=0),
        RunMoved(at=AT, n=1, state=State.RUNNING, attempt=1),
        Asked(at=AT, n=1, ask="values"),
        Opened(at=AT, n=1, lanes=2, values=("a", {"b": [1, None]})),
        LaneBegun(at=AT, n=1),
        LaneEnded(at=AT, n=1),
        RunCreated(at=AT, n=2, task="work", parent=1, lane=1, value='{"b":[1,null]}', iteration=1),
        RunMoved(at=AT, n=2, state=State.RUNNING, attempt=1),
        RunMoved(at=AT, n=2, state=State.RETRYING, error="not yet", wake=AT + 5),
    )
    await store.write(work(fifth, run, loop))
    event = Event(id="1", source="s", type="t", time=AT, key="k", data={"a": 1})
    await store.write(
        Work(
            records=(record("1", data={"größe": 1.5}), record("2", topic="other")),
            positions=(Position("journal:kafka", "seq", "3"),),
            ledger=(LedgerRow("files", "a.csv", "done", until=AT),),
            dead=(DeadEvent(id=id_of(9), at=AT, reader="r", reason="no such flow", key="k", event=event, raw=b"\xff"),),
            logs=(LogLine(execution=id_of(1), at=AT, level="INFO", message="done", run=1, task="task1", attempt=1),),
            metrics=(MetricRow(execution=id_of(1), at=AT, type="counter", name="rows", value=7.0, run=1, task="task1", attempt=1),),
            documents=(Document("user", "ann", {"größe": 1}),),
            audit=(Audit(at=AT, who="ann", action="create", what="user/bob", after={"größe": 1}),),
        )
    )
    await store.keep_flow("shop", "pay", "id: pay\n", "hash", AT, "shop.pay.yaml")


async def main() -> None:
    """Fill a store and write its database as SQL, which a person can read and git can show."""
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder))
        await store.open()
        await fill(store)
        await store.close()
        db = sqlite3.connect(Path(folder) / FILE)
        pragmas = [f"pragma {name} = {db.execute(f'pragma {name}').fetchone()[0]};" for name in ("application_id", "user_version")]
        text = db.execute("select sql from sqlite_master where name = 'label_text'").fetchone()[0]
        db.execute("drop table label_text")  # its tables are SQLite's matter: it is made again from the labels
        target = Path(__file__).parent / f"{version()}-schema-{len(steps()):04}.sql"
        target.write_text("\n".join([*pragmas, *db.iterdump(), f"{text};", TEXT]) + "\n", "utf-8")
        db.close()


TEXT = "insert into label_text (rowid, text) select id, key || ':' || value from label;"


if __name__ == "__main__":
    asyncio.run(main())
