"""Bring a database to the schema this onbeat knows, one numbered step after the other.

A store outlives the program that made it. So the file says its schema's number, every step is kept, and a file from a newer onbeat is
refused: written to by an older one, it would be broken for both.

Rules
1. A step and its number are committed together: a crash between two steps goes on at the right one.
2. A database that holds anything is copied first, to a file beside it that names the step.
3. A newer database is refused, naming the onbeat that wrote it; a file that is no database of ours is refused untouched.

Called by: store.py on opening, backup.py on restoring.
"""

import os
import re
import sqlite3
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from onbeat.errors import Refused

STEPS = Path(__file__).parents[1] / "migrations" / "sqlite"
APPLICATION = 0x6F6E6274
"""`onbt`, in the file's header."""


def version() -> str:
    """This onbeat's version."""
    return metadata.version("onbeat")


def steps(folder: Path = STEPS) -> list[tuple[int, Path]]:
    """The steps and their numbers, in order: 1, 2, 3 …"""
    found = sorted((int(match[1]), path) for path in folder.glob("*.sql") if (match := re.match(r"(\d{4})_\w+\.sql$", path.name)))
    if [number for number, _ in found] != list(range(1, len(found) + 1)):
        raise ValueError(f"{folder}: the steps are not numbered 1, 2, 3 …")
    return found


def schema_of(db: sqlite3.Connection, name: str) -> int:
    """The number of a database's schema, 0 when it is empty. Raises Refused when it is not onbeat's."""
    try:
        number: int = db.execute("pragma user_version").fetchone()[0]
        application: int = db.execute("pragma application_id").fetchone()[0]
        tables: int = db.execute("select count(*) from sqlite_master").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise Refused(f"{name} is not a database that can be read ({error}); restore a backup with `onbeat restore`") from error
    if tables and application != APPLICATION:
        raise Refused(f"{name} is the database of another program; choose another data folder with --data")
    return number


def refuse_newer(db: sqlite3.Connection, name: str, number: int, newest: int) -> None:
    """Raises Refused when the schema is newer than the newest step."""
    if number > newest:
        row = db.execute("select value from about where name = 'onbeat'").fetchone()
        raise Refused(
            f"{name} was written by onbeat {row[0] if row else '(unknown)'} with schema {number}; this is onbeat {version()}, which knows "
            f"schema {newest}: install that onbeat, or restore the copy that was made before the upgrade"
        )


def migrate(db: sqlite3.Connection, path: Path, found: Sequence[tuple[int, Path]]) -> None:
    """Run the steps that the database at `path`, opened as `db`, has not had."""
    number = schema_of(db, path.name)
    refuse_newer(db, path.name, number, len(found))
    if 0 < number < len(found):
        _copy(db, path.with_name(f"{path.name}.before-{number + 1:04}"))
    for step, file in found[number:]:
        script = file.read_text("utf-8")
        db.executescript(f"begin immediate;\n{script}\npragma application_id = {APPLICATION};\npragma user_version = {step};\ncommit;")
    db.execute("insert or replace into about (name, value) values ('onbeat', ?)", (version(),))


def _copy(db: sqlite3.Connection, target: Path) -> None:
    """A consistent copy, on disk before this returns; one of an attempt that did not finish is replaced."""
    target.unlink(missing_ok=True)
    db.execute("vacuum into ?", (str(target),))
    sync(target)


def sync(path: Path) -> None:
    """Return when a file's bytes and its name are on disk."""
    for place in (path, path.parent):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
