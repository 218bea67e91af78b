"""Which of SQLite's errors passes, which breaks the store, and which is a bug."""

import sqlite3

import pytest

from onbeat.errors import Overloaded, StoreBroken
from onbeat.stores.sqlite.faults import translate


def error(code: int, text: str = "what SQLite says") -> sqlite3.OperationalError:
    """An error with a result code, as sqlite3 raises them."""
    made = sqlite3.OperationalError(text)
    made.sqlite_errorcode = code
    return made


@pytest.mark.parametrize("code", [sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY_SNAPSHOT, sqlite3.SQLITE_LOCKED])
def test_what_passes_is_overload(code: int):
    """Nothing was written, and trying again is right."""
    assert isinstance(translate(error(code)), Overloaded)


@pytest.mark.parametrize(
    "code",
    [
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_IOERR_FSYNC,
        sqlite3.SQLITE_IOERR_WRITE,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_CORRUPT_INDEX,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_CANTOPEN,
    ],
)
def test_input_output_errors_and_damage_break_the_store(code: int):
    """After a failed sync a second try would lie."""
    found = translate(error(code))
    assert isinstance(found, StoreBroken)
    assert "what SQLite says" in str(found)


def test_a_bug_stays_what_it_is():
    """A constraint, a wrong statement, an exception that is not SQLite's."""
    assert translate(error(sqlite3.SQLITE_CONSTRAINT)) is None
    assert translate(error(sqlite3.SQLITE_ERROR)) is None
    assert translate(ValueError("x")) is None
