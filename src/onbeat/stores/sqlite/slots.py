"""Keep the lines for places in the database: what stores/slots.py asks of a store.

A row is one claim; its `seq` is the order of arrival, `granted` is 1 for who has the place, 0 for who stands in line and 2 for who will
when it has the place before.

Called by: write.py.
"""

import sqlite3
from collections.abc import Sequence

from onbeat.ports import SlotClaim

KNOWN = "select exists (select 1 from slot where execution = ?)"
ENTER = "insert into slot (scope, execution, granted, places, behavior) values (?, ?, 2, ?, ?)"
ASK = """
update slot set granted = 0 where seq = (select seq from slot where execution = ? and granted = 2 order by seq limit 1)
returning scope, behavior
"""
FILL = """
update slot set granted = 1 where seq in (
  select seq from slot where scope = ?1 and granted = 0 order by seq
  limit max(0, coalesce((select places from slot where scope = ?1 order by seq desc limit 1), 0)
             - (select count(*) from slot where scope = ?1 and granted = 1))
) returning seq, execution
"""
LEAVE = "delete from slot where execution = ? returning seq, scope"
FORCE = "update slot set granted = 1 where execution = ? and granted <> 1 returning seq"


class SqliteLines:
    """Implements slots.Lines on the connection of the present transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def enter(self, execution: str, claims: Sequence[SlotClaim]) -> bool:
        if self._db.execute(KNOWN, (execution,)).fetchone()[0]:
            return False
        for claim in claims:
            self._db.execute(ENTER, (claim.scope, execution, claim.limit, claim.behavior))
        return True

    def ask(self, execution: str) -> tuple[str, str] | None:
        row: tuple[str, str] | None = next(iter(self._db.execute(ASK, (execution,)).fetchall()), None)
        return row

    def fill(self, scope: str) -> Sequence[str]:
        return [execution for _, execution in sorted(self._db.execute(FILL, (scope,)).fetchall())]

    def leave(self, execution: str) -> Sequence[str]:
        return [scope for _, scope in sorted(self._db.execute(LEAVE, (execution,)).fetchall())]

    def force(self, execution: str) -> bool:
        return bool(self._db.execute(FORCE, (execution,)).fetchall())
