"""The lines in the database. The rules that use them are tested on every store in ../test_slots.py."""

import sqlite3

from onbeat.core.signals import SlotGranted, SlotQueued
from onbeat.ports import SlotClaim
from onbeat.stores.slots import claim, force, release
from onbeat.stores.sqlite.migrate import STEPS, steps
from onbeat.stores.sqlite.slots import FILL, SqliteLines


def database() -> sqlite3.Connection:
    """An empty database of the present schema."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    for _, path in steps(STEPS):
        db.executescript(path.read_text("utf-8"))
    return db


def test_a_row_says_how_far_its_claim_is():
    """In line, granted, or asked for later: what recovery after a crash goes on with."""
    db = database()
    lines = SqliteLines(db)
    both = (SlotClaim("key", 1, "QUEUE"), SlotClaim("limit", 1, "QUEUE"))
    assert claim(lines, "a", both) == [("a", SlotGranted())]
    assert claim(lines, "b", both) == [("b", SlotQueued())]
    rows = db.execute("select execution, scope, granted from slot order by seq").fetchall()
    assert rows == [("a", "key", 1), ("a", "limit", 1), ("b", "key", 0), ("b", "limit", 2)]
    assert release(lines, "a") == [("b", SlotGranted())]
    db.close()


def test_a_database_of_before_goes_on():
    """Claims that an older onbeat made have no behaviour of their own: they wait, and are served in order."""
    db = database()
    db.executescript("insert into slot (scope, execution, granted, places) values ('s', 'a', 1, 1), ('s', 'b', 0, 1)")
    lines = SqliteLines(db)
    assert claim(lines, "c", (SlotClaim("s", 1, "QUEUE"),)) == [("c", SlotQueued())]
    assert release(lines, "a") == [("b", SlotGranted())]
    assert force(lines, "c") == [("c", SlotGranted())]
    db.close()


def test_the_first_in_line_is_found_by_an_index():
    """Not by looking through the line."""
    db = database()
    plan = " ".join(row[3] for row in db.execute("explain query plan " + FILL, ("s",)))
    assert "SCAN slot" not in plan
    assert "TEMP B-TREE" not in plan
    db.close()
