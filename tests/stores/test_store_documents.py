"""Documents and the audit log, in every store."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from msgspec.structs import replace

from onbeat.core.event import Json
from onbeat.ports import Audit, AuditRow, Document, Work
from onbeat.stores.sqlite import FILE, SqliteStore
from tests.stores.build import AT, creation, key, work
from tests.stores.conftest import AnyStore, Home


@pytest.mark.parametrize("value", [0, "", [], {}, False, "größe \u2028 '\"\\", 2**63, 1.5, {"a": [None, {"b": "ü"}]}])
async def test_a_document_is_read_as_it_was_written(home: Home, value: Json):
    """Any JSON value but null, also after a restart."""
    document = Document("view", "größe/'1", value)
    await home.store.write(Work(documents=(document,)))
    store = await home.restart()
    assert await store.document("view", "größe/'1") == document
    assert await store.documents("view") == [document]
    assert await store.document("view", "größe") is None
    assert await store.document("user", "größe/'1") is None
    assert await store.documents("user") == []


async def test_documents_are_listed_by_id_and_replaced(home: Home):
    """A kind's own; the last value counts, within a work and over works that are written together; None removes."""
    await home.store.write(Work(documents=(Document("user", "b", 1), Document("token", "a", 1), Document("user", "a", 1))))
    await asyncio.gather(
        home.store.write(Work(documents=(Document("user", "c", 1), Document("user", "c", 2), Document("user", "b", None)))),
        home.store.write(Work(documents=(Document("user", "b", None), Document("user", "d", 1), Document("user", "none", None)))),
        home.store.write(Work(documents=(Document("user", "d", None), Document("user", "a", 3)))),
    )
    store = await home.restart()
    assert await store.documents("user") == [Document("user", "a", 3), Document("user", "c", 2)]
    assert await store.documents("token") == [Document("token", "a", 1)]
    assert await store.document("user", "b") is None


async def test_the_audit_log_is_newest_first(home: Home):
    """Every row with its place; pages by `before`; by one who did it, of one thing it was done to, and both."""
    rows = [Audit(at=AT + n, who=f"u{n % 2}", action="update", what=f"flow/{n % 3}", before=None, after={"n": n}) for n in range(12)]
    await home.store.write(Work(audit=tuple(rows[:5])))
    store = await home.restart()
    await asyncio.gather(*(store.write(Work(audit=(row,))) for row in rows[5:]))
    found = await store.audit()
    assert [replace(row, seq=0) for row in found] == [AuditRow(**_fields(row), seq=0) for row in reversed(rows)]
    assert [row.seq for row in found] == list(range(12, 0, -1))
    assert await store.audit(found[2].seq, 2) == found[3:5]
    assert await store.audit(who="u1") == found[::2]
    assert await store.audit(what="flow/2") == found[::3]
    assert await store.audit(who="u1", what="flow/2") == found[::6]
    assert await store.audit(found[0].seq, 1, who="u1", what="flow/2") == [found[6]]
    assert await store.audit(who="flow/2") == []


def _fields(row: Audit) -> dict[str, Json]:
    return {name: getattr(row, name) for name in Audit.__struct_fields__}


async def test_who_did_it_is_written_with_what_was_done(store: AnyStore):
    """A work that is refused leaves neither the document nor the row that says it was changed."""
    await store.write(work(creation(1, key=key("1"))))
    both = {"documents": (Document("user", "a", 1),), "audit": (Audit(at=AT, who="u", action="create", what="user/a", after=1),)}
    refused, _ = await asyncio.gather(store.write(work(creation(1), **both)), store.write(work(creation(2))), return_exceptions=True)
    assert isinstance(refused, Exception)
    assert (await store.documents("user"), await store.audit()) == ([], [])
    await store.write(Work(**both))
    assert (len(await store.documents("user")), len(await store.audit())) == (1, 1)


@pytest.mark.parametrize("statement", ["delete from audit", "update audit set who = 'nobody'"])
async def test_the_file_refuses_to_lose_what_was_done(tmp_path: Path, statement: str):
    """Whatever program runs the statement: SQLite keeps the rows."""
    store = SqliteStore(tmp_path)
    await store.open()
    await store.write(Work(audit=(Audit(at=AT, who="u", action="create", what="user/a", after=1),)))
    await store.close()
    db = sqlite3.connect(tmp_path / FILE)
    with pytest.raises(sqlite3.IntegrityError, match="only added to"):
        db.execute(statement)
    db.close()
