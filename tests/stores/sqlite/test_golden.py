"""Every released database opens, is read whole and goes on: golden/*.sql, written by golden/make.py of that release."""

import sqlite3
from pathlib import Path

import pytest

from onbeat.core.signals import Pause, SlotGranted, SlotQueued
from onbeat.core.states import State
from onbeat.ports import Audit, Document, ExecutionFilter, LogFilter, MetricFilter, OpenExecution, Work
from onbeat.stores.sqlite import FILE, SqliteStore
from tests.stores.build import AT, creation, end, id_of, key, work

GOLDEN = sorted((Path(__file__).parents[1] / "golden").glob("*.sql"))


@pytest.fixture(params=GOLDEN, ids=lambda path: path.stem)
def released(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A data folder as a release left it."""
    db = sqlite3.connect(tmp_path / FILE)
    db.executescript(request.param.read_text("utf-8"))
    db.close()
    return tmp_path


async def test_documents_and_the_audit_log_of_a_database(tmp_path: Path):
    """Those that a golden database has are read."""
    db = sqlite3.connect(tmp_path / FILE)
    db.executescript(next(path for path in GOLDEN if path.stem.endswith("schema-0005")).read_text("utf-8"))
    db.close()
    store = SqliteStore(tmp_path)
    await store.open()
    assert await store.documents("user") == [Document("user", "ann", {"größe": 1})]
    assert [(row.who, row.what, row.after) for row in await store.audit()] == [("ann", "user/bob", {"größe": 1})]
    assert await store.metric_names(MetricFilter(namespace="shop", flow="pay")) == ["rows"]
    await store.close()


async def test_a_released_database_opens_and_goes_on(released: Path):
    """What that release had stored is what this one reads, and its executions go on from there."""
    store = SqliteStore(released)
    await store.open()
    assert await store.check() == []
    assert await store.execution_ids(ExecutionFilter(labels=(("team", "billing"),)), 9) == [id_of(1)]
    assert await store.execution_ids(ExecutionFilter(q="AM:BILL"), 9) == [id_of(1)]
    assert await store.execution_ids(ExecutionFilter(q="a:b"), 9) == [id_of(4)]
    assert [line.message for line in await store.log_lines(LogFilter(levels=("INFO",), namespaces=("shop",), start=AT))] == ["done"]
    states = {line.id: line.state for line in await store.executions()}
    assert states == {
        id_of(1): State.SUCCESS,
        id_of(2): State.RUNNING,
        id_of(3): State.CREATED,
        id_of(4): State.CREATED,
        id_of(5): State.RUNNING,
    }
    first, second, fifth = [await store.load(id_of(n)) for n in (1, 2, 5)]
    assert first is not None
    assert second is not None
    assert fifth is not None
    assert (first.head.inputs, first.labels) == ({"n": 1, "text": "größer"}, {"team": "billing"})
    assert second.context["task39"] == {"n": 39, "text": "größer"}
    assert (fifth.runs[2].state, fifth.runs[2].wake, fifth.blocks[1].values) == (State.RETRYING, AT + 5, ("a", {"b": [1, None]}))
    assert [row.signal for row in await store.inbox(id_of(2))] == [SlotGranted(), Pause()]
    assert [row.signal for row in await store.inbox(id_of(3))] == [SlotQueued()]
    assert await store.find_key(key("order-1")) == id_of(1)
    assert [row.data for row in await store.records("orders", 0, 10)] == [{"größe": 1.5}]
    assert await store.positions("journal:kafka") == {"seq": "3"}
    assert await store.ledger("files") == {"a.csv": "done"}
    assert [(dead.reason, dead.raw) for dead in await store.dead_events()] == [("no such flow", b"\xff")]
    assert [line.message for line in await store.logs(id_of(1))] == ["done"]
    flow = await store.flow("shop", "pay")
    assert flow is not None
    assert (flow.revision, flow.source) == (1, "id: pay\n")
    assert OpenExecution(id_of(4), False, AT + 10**9) in await store.claim("boot-2", 10)
    rows = await store.journal_end()
    written = await store.write(work(creation(6), end(creation(6).execution), end(creation(3).execution, released=True)))
    assert written.fresh == (True,)
    told = Audit(at=AT, who="ann", action="create", what="user/bob", after={"größe": 2})
    await store.write(Work(documents=(Document("user", "bob", {"größe": 2}),), audit=(told,)))
    assert await store.document("user", "bob") == Document("user", "bob", {"größe": 2})
    assert [row.after for row in await store.audit(limit=1)] == [{"größe": 2}]
    assert await store.journal_end() == rows + 5
    assert await store.check() == []
    await store.close()


def test_this_release_has_a_golden_database():
    """The newest rows are covered: a change to them that old databases do not survive is noticed before it is released."""
    assert GOLDEN
