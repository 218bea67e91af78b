"""Tell a disk that is full from a disk that is broken from a bug.

A commit that failed on I/O must not be tried again: after a failed sync the system may have dropped the pages and would report
success the second time. A full disk is different: the transaction was rolled back, and the next may succeed.

Rules
1. Full, or locked by another program: Overloaded, and nothing was written.
2. Input/output errors and damage: StoreBroken.
3. Anything else is a bug in what was asked: it is not translated.

Called by: groups.py, read.py.
"""

import sqlite3

from onbeat.errors import OnbeatError, Overloaded, StoreBroken

PASSING = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_BUSY: "another program holds a lock on the database",
    sqlite3.SQLITE_LOCKED: "another program holds a lock on the database",
}
FATAL = {
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_NOMEM,
}


def translate(error: BaseException) -> OnbeatError | None:
    """What an error of SQLite's means to whoever asked; None for a bug."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return None
    primary = code & 0xFF
    if primary in PASSING:
        return Overloaded(f"{PASSING[primary]}: nothing was written; try again")
    return StoreBroken(f"the store failed: {error}") if primary in FATAL else None
