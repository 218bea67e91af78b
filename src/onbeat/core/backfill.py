"""Run a schedule for times that are past: which instants, in which order, and how far it has come.

Rules
1. Both ends of the range are in it; each instant runs once, oldest first.
2. A backfill has an id of its own, and its runs are identified by it and the instant: those of the schedule itself, and of an earlier
   backfill, are others.

Called by: engine/backfill keeps them, the schedule sources run them.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice

import msgspec

from onbeat.core.event import Json, Micros
from onbeat.core.times import from_datetime, iso, to_datetime
from onbeat.core.timetable import Timetable, between
from onbeat.errors import UserError

LONGEST = 100_000
"""How many runs a backfill may have."""
LEDGER = "backfills"
"""Where backfills are remembered, by trigger; people write here."""
PROGRESS = "backfill-progress"
"""Where it is remembered how far each has come, by trigger; the source writes here."""


class Backfill(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A range of instants to run. inputs, labels: given to each run beside what the trigger gives. total: how many runs it has."""

    id: str
    start: Micros
    end: Micros
    inputs: dict[str, Json] = {}
    labels: dict[str, str] = {}
    paused: bool = False
    total: int = 0

    def key(self, instant: datetime) -> str:
        """What makes the run for an instant once."""
        return f"{self.id}/{iso(from_datetime(instant))}"


class Progress(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How far a backfill has come. current: the last instant that was run. runs: how many were. done: there is none left."""

    id: str
    current: Micros | None = None
    runs: int = 0
    done: bool = False


def instants(table: Timetable, start: Micros, end: Micros, limit: int = LONGEST) -> Sequence[datetime]:
    """The instants of a range. Raises UserError when there are more than the limit."""
    if end < start:
        raise UserError("a backfill ends after it starts; exchange `start` and `end`")
    found = list(between(table, to_datetime(start) - timedelta.resolution, to_datetime(end), limit + 1))
    if len(found) > limit:
        raise UserError(f"the range has more than {limit:,} runs; choose a shorter one")
    return found


def following(backfill: Backfill, progress: Progress, table: Timetable, limit: int) -> tuple[Sequence[datetime], bool]:
    """The next instants, at most `limit`, and whether those are the last."""
    after = to_datetime(backfill.start) - timedelta.resolution if progress.current is None else to_datetime(progress.current)
    found = list(islice(between(table, after, to_datetime(backfill.end), limit + 1), limit + 1))
    return found[:limit], len(found) <= limit


def progress_of(rows: dict[str, str], trigger: str, backfill: Backfill) -> Progress:
    """How far it has come, by the rows of PROGRESS; those of an earlier backfill of the trigger say nothing about it."""
    found = msgspec.json.decode(rows[trigger], type=Progress) if trigger in rows else None
    return found if found is not None and found.id == backfill.id else Progress(id=backfill.id)
