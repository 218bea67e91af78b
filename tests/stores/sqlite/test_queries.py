"""No statement reads a whole table or sorts what it found: SQLite says how it would answer each of them."""

import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from onbeat.core.execution import Trigger
from onbeat.core.states import State
from onbeat.ports import ExecutionFilter, LogFilter, LogLine
from onbeat.stores.sqlite import SqliteStore, conditions, housekeeping, lines, queries, read, slots, write
from onbeat.stores.sqlite.conditions import LAST, Condition, parts
from onbeat.stores.sqlite.migrate import STEPS, steps
from onbeat.stores.sqlite.questions import Asked
from onbeat.stores.sqlite.rows import Rows
from onbeat.stores.sqlite.search import EVERY, Plan, ids_of
from tests.stores.build import AT, creation, id_of, work

FINE = {"TOPICS", "OLDEST_RECORDS", "FLOWS", "LABELS"}
"""All topics, flows and labels, of which there are few; the oldest of all records, in the order of the table."""

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
    for module in (write, slots, read, queries, housekeeping, conditions, lines):
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


@pytest.fixture
async def full(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """A store in which every condition has something."""
    store = SqliteStore(tmp_path)
    await store.open()
    trigger = Trigger(id="orders", type="x")
    for n in range(1, 9):
        new = creation(
            n, namespace="shop" if n % 2 else "shop.eu", parent=id_of(1) if n > 6 else None, trigger=trigger, labels={"a": f"b{n}"}
        )
        line = LogLine(execution=id_of(n), at=AT + n, level="INFO" if n % 2 else "WARN", message="done")
        await store.write(work(new, logs=(line,)))
    yield store
    await store.close()


WANTED = [
    ExecutionFilter(),
    ExecutionFilter(namespaces=("shop", "none")),
    ExecutionFilter(namespace="shop", flow="pay"),
    ExecutionFilter(flow="pay", allowed=("shop",)),
    ExecutionFilter(states=(State.FAILED, State.CREATED)),
    ExecutionFilter(labels=(("a", "b1"), ("a", "b2"))),
    ExecutionFilter(labels=(("a", "b1"),), q="shop", trigger="orders"),
    ExecutionFilter(parent="p", child=False, correlation_id="c"),
]


@pytest.mark.parametrize("wanted", WANTED)
async def test_every_list_is_read_in_its_order(full: SqliteStore, wanted: ExecutionFilter):
    """Whichever condition drives it, however many lists are merged: the newest are found first, and then it stops."""

    def plans(asked: Asked) -> list[list[str]]:
        found = list(parts(asked, wanted))
        tests = tuple(part.test for part in found)
        return [sorting(asked, ids_of(Plan(part, tests, None, "", LAST))) for part in (*found, EVERY) if part.arms is not None]

    found = await full._ask(plans)
    assert found
    text = bool(wanted.q)  # the list of those whose correlation id begins with it: few, and sorted
    assert [steps for steps in found if len(steps) > text] == []


def sorting(asked: Asked, statement: Condition) -> list[str]:
    """The steps of its plan that sort or read a whole table; LIMIT and the order of a list are added."""
    sql = f"explain query plan {statement.sql} order by 1 desc limit 25"
    assert asked._db is not None
    plan = [row[3] for row in asked._db.execute(sql, statement.values)]
    return [step for step in plan if "B-TREE" in step or re.match(r"SCAN execution(?!.*USING)", step)]


LINES = [
    LogFilter(),
    LogFilter(levels=("WARN", "ERROR"), start=AT),
    LogFilter(q="done", task="a"),
]


@pytest.mark.parametrize("wanted", LINES)
async def test_log_lines_are_read_in_their_order(full: SqliteStore, wanted: LogFilter):
    """By level and time: the last ones are found first, and then it stops."""

    def plan(asked: Asked) -> list[str]:
        statement = lines._lines(asked, wanted, None, True)
        assert asked._db is not None
        sql = f"explain query plan {statement.sql} order by 1 desc, 2 desc limit 25"
        return [row[3] for row in asked._db.execute(sql, statement.values) if "B-TREE" in row[3] or "SCAN log" in row[3]]

    assert await full._ask(plan) == []
