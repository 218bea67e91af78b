"""No statement reads a whole table or sorts what it found: SQLite says how it would answer each of them."""

import itertools
import re
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest

from onbeat.core.states import State
from onbeat.stores.sqlite import housekeeping, queries, read, slots, write
from onbeat.stores.sqlite.migrate import STEPS, steps
from onbeat.stores.sqlite.queries import FILTERS, where
from onbeat.stores.sqlite.rows import Rows

FINE = {"TOPICS", "OLDEST_RECORDS", "FLOWS"}
"""All topics and all flows, of which there are few; the oldest of all records, in the order of the table."""

TABLES = "execution|journal|snapshot|start_key|inbox|slot|position|ledger|record|topic|dead_event|log|flow|metric|document|audit"


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
    for module in (write, slots, read, queries, housekeeping):
        for name, value in vars(module).items():
            if name.isupper() and not name.startswith("_") and name not in FINE:
                for n, text in enumerate(texts(value)):
                    yield pytest.param(text, id=f"{module.__name__.rpartition('.')[2]}.{name}{n or ''}")


def texts(value: Any) -> list[str]:
    """The SQL of a constant, if it is any."""
    if isinstance(value, Rows):
        return [text for text, _ in value._statements([(None,) * value._row.count("?")] * 2)]
    if isinstance(value, str) and value.split()[0] in ("select", "insert", "update", "delete"):
        return [value]
    return [text for part in value for text in texts(part)] if isinstance(value, tuple) else []


@pytest.mark.parametrize("sql", list(statements()))
def test_a_statement_has_its_index(db: sqlite3.Connection, sql: str):
    """Whatever the store holds by now."""
    assert slow(db, sql) == []


@pytest.mark.parametrize("names", [names for count in range(4) for names in itertools.combinations(sorted(FILTERS), count)])
@pytest.mark.parametrize("state", [None, State.FAILED])
def test_every_list_has_an_index_in_its_order(db: sqlite3.Connection, names: tuple[str, ...], state: State | None):
    """Any filters together: the newest are found first, and then it stops."""
    condition, _ = where(state, **dict.fromkeys(names, "x"))
    assert slow(db, " ".join(("select * from execution where", condition, "order by id desc limit 25"))) in ([], ["SCAN execution"])


def test_a_slow_statement_is_noticed(db: sqlite3.Connection):
    """The tests above can fail."""
    assert slow(db, "select * from journal where record = ?") == ["SCAN journal"]
    assert slow(db, "select * from start_key as k where execution = ?") == ["SCAN k"]
    assert slow(db, "select * from execution where state = ? order by created")
