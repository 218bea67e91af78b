"""Give SQLite many rows in one step.

Python's sqlite3 lets go of the interpreter lock for each row it steps over and takes it back after. While the event loop is busy every
taking back waits for it: three hundred rows by executemany were measured five times slower than three hundred in one statement, and
three hundred rows read one by one likewise. So rows go in as one VALUES list, and come out as one JSON text.

Rules
1. Any number of rows is written by at most three statements for each 256; few sizes exist, so that prepared statements are reused.
2. Text goes in as bound parameters, never through JSON, where SQLite cuts it at a NUL.

Called by: write.py, read.py, housekeeping.py.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import msgspec

LARGEST = 256
Row = tuple[Any, ...]


def sizes(count: int) -> Iterator[int]:
    """The sizes of the statements that take `count` rows."""
    for step in (LARGEST, 32, 8, 1):
        while count >= step:
            size = min(count // step * step, LARGEST)
            yield size
            count -= size


class Rows:
    """A statement around a list of rows: `before (values (?, ?), …) after`."""

    def __init__(self, width: int, before: str, after: str = "") -> None:
        self._row = "(" + ", ".join("?" * width) + ")"
        self._before, self._after = before, after
        self._texts: dict[int, str] = {}

    def _statements(self, rows: Sequence[Row]) -> Iterator[tuple[str, list[Any]]]:
        begin = 0
        for size in sizes(len(rows)):
            text = self._texts.get(size)
            if text is None:
                text = self._texts[size] = " ".join((self._before, ", ".join([self._row] * size), self._after))
            yield text, list(chain.from_iterable(rows[begin : begin + size]))
            begin += size

    def write(self, db: sqlite3.Connection, rows: Sequence[Row]) -> None:
        """Run the statement for all rows."""
        for text, values in self._statements(rows):
            db.execute(text, values)

    def read(self, db: sqlite3.Connection, rows: Sequence[Row]) -> list[Any]:
        """What a statement that gives one JSON array gives for all rows."""
        found: list[Any] = []
        for text, values in self._statements(rows):
            found += msgspec.json.decode(db.execute(text, values).fetchone()[0])
        return found
