"""No statement reads a whole table or sorts what it found: SQLite says how it would answer each of them."""

import re
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest

from onbeat.stores.sqlite import conditions, housekeeping, lines, queries, read, slots, write
from onbeat.stores.sqlite import texts as of_texts
from onbeat.stores.sqlite.migrate import STEPS, steps
from onbeat.stores.sqlite.rows import Rows

FINE = {"TOPICS", "OLDEST_RECORDS", "FLOWS", "LABELS", "TOUCHED"}
"""All topics, flows and labels, of which there are few; the oldest of all records, in the order of the table; a batch of the journal."""

TABLES = "execution|journal|snapshot|start_key|inbox|slot|position|ledger|record|topic|dead_event|log|flow|metric|document|audit|label"


@pytest.fixture(scope="module")
def db() -> Iterator[sqlite3.Connection]:
    """An empty database of the present schema."""
    db = sqlite3.connect(":memory:")
    for _, path in steps(STEPS):
        db.executescript(path.read_text("utf-8"))
    yield db
    db.close()


def slow(db: sqlite3.Connection, sql: str) -> list[str]:
    """The steps of a statement's plan that read a whole table or sort."""
    places = re.findall(r"\?(\d*)", sql)
    values = [None] * max([len(places)] if "" in places else [int(place) for place in places], default=0)
    plan = [row[3] for row in db.execute("explain query plan " + sql, values)]
    return [step for step in plan if re.match(rf"SCAN ({TABLES}|[ekrlt])\b(?!.* USING )", step) or "B-TREE FOR ORDER" in step]


def statements() -> Iterator[Any]:
    """Every statement that the store holds as a constant."""
    for module in (write, slots, read, queries, housekeeping, conditions, of_texts, lines):
        for name, value in vars(module).items():
            if name.isupper() and not name.startswith("_") and name not in FINE:
                for n, text in enumerate(texts(value)):
                    yield pytest.param(text, id=f"{module.__name__.rpartition('.')[2]}.{name}{n or ''}")


def texts(value: Any) -> list[str]:
    """The SQL of a constant, if it is any."""
    if isinstance(value, Rows):
        return [text for text, _ in value._statements([(None,) * value._row.count("?")] * 2)]
    if (
        isinstance(value, str)
        and value.split()[:1] in (["select"], ["insert"], ["update"], ["delete"], ["with"])
        and value.count("(") == value.count(")")
    ):
        return [value]
    return [text for part in value for text in texts(part)] if isinstance(value, tuple) else []


@pytest.mark.parametrize("sql", list(statements()))
def test_a_statement_has_its_index(db: sqlite3.Connection, sql: str):
    """Whatever the store holds by now."""
    assert slow(db, sql) == []


def test_a_slow_statement_is_noticed(db: sqlite3.Connection):
    """The tests above can fail."""
    assert slow(db, "select * from journal where record = ?") == ["SCAN journal"]
    assert slow(db, "select * from start_key as k where execution = ?") == ["SCAN k"]
    assert slow(db, "select * from execution where state = ? order by created")
