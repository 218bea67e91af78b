"""Hand out the places of a concurrency limit, within the transaction that asks for one or gives one back.

Kept apart from the executions it would go wrong in a crash: a place given back and nobody woken, or two for one.

Rules
1. Who waits longest comes first; the newest limit that a scope was claimed with counts.
2. An execution that waits gives back its wait the same way as a place.
3. A refused claim leaves nothing behind.

Called by: write.py.
"""

import sqlite3

from onbeat.core.signals import AnySignal, SlotGranted, SlotQueued, SlotRefused
from onbeat.core.states import State
from onbeat.ports import SlotClaim

Told = list[tuple[str, AnySignal]]

ARRIVE = "insert into slot (scope, execution, granted, places) values (?, ?, 0, ?)"
LEAVE = "delete from slot where scope = ? and execution = ?"
GRANT = """
update slot set granted = 1 where seq in (
  select seq from slot where scope = ?1 and not granted order by seq
  limit max(0, coalesce((select places from slot where scope = ?1 order by seq desc limit 1), 0)
             - (select count(*) from slot where scope = ?1 and granted))
) returning seq, execution
"""


def claim(db: sqlite3.Connection, asked: SlotClaim, execution: str) -> Told:
    """Ask for a place; what is to be told to whom."""
    db.execute(ARRIVE, (asked.scope, execution, asked.limit))
    told = _grant(db, asked.scope)
    if any(granted == execution for granted, _ in told):
        return told
    if asked.behavior == "QUEUE":
        return [*told, (execution, SlotQueued())]
    db.execute(LEAVE, (asked.scope, execution))
    return [*told, (execution, SlotRefused(state=State.CANCELLED if asked.behavior == "CANCEL" else State.FAILED))]


def release(db: sqlite3.Connection, scope: str, execution: str) -> Told:
    """Give back a place, or the wait for one; what is to be told to whom."""
    db.execute(LEAVE, (scope, execution))
    return _grant(db, scope)


def _grant(db: sqlite3.Connection, scope: str) -> Told:
    granted = sorted(db.execute(GRANT, (scope,)).fetchall())
    return [(execution, SlotGranted()) for _, execution in granted]
