"""Which index log lines are read from; what is found is tested in test_store_lines.py, for every store."""

import pytest

from onbeat.ports import LogFilter
from onbeat.stores.sqlite import SqliteStore, lines
from onbeat.stores.sqlite.questions import Asked
from tests.stores.build import AT

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
