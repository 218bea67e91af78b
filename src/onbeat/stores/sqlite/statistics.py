"""Count and add up executions over time.

Rules
1. A bucket begins where a day (hour, week …) begins at the offset that is asked for.
2. What has not ended counts, and has no duration.

Called by: queries.py, in a thread of questions.py.
"""

from collections.abc import Sequence

import msgspec

from onbeat.core.event import Micros
from onbeat.ports.search import SIZES, WEEK_SHIFT, Bucket, ExecutionFilter, Group, Tally
from onbeat.stores.sqlite.questions import Asked
from onbeat.stores.sqlite.search import joined, plan, rows_of

GROUPS: dict[Group | None, tuple[str, str]] = {
    None: ("null", "null"),
    "namespace": ("namespace", "null"),
    "flow": ("namespace", "flow"),
}
TALLIES = """
select json_group_array(json_object('start', start, 'namespace', namespace, 'flow', flow, 'state', state, 'count', count, 'ended', ended,
  'duration', duration, 'shortest', shortest, 'longest', longest)) from (
"""
SUMS = """
state, count(*) as count, count(ended) as ended, coalesce(sum(ended - created), 0) as duration, min(ended - created) as shortest,
max(ended - created) as longest from (
"""
LATEST = """
select json_group_array(latest) from (
  select (select max(id) from execution indexed by execution_flow
          where namespace = json_extract(pair.value, '$[0]') and flow = json_extract(pair.value, '$[1]')) as latest
  from json_each(?) as pair) where latest is not null
"""

_tallies = msgspec.json.Decoder(list[Tally])


def start_of(column: str, by: Bucket, offset: Micros) -> str:
    """SQL: the instant at which the bucket of an instant begins."""
    if by == "month":
        return f"strftime('%s', ({column} + {offset}) / 1000000, 'unixepoch', 'start of month') * 1000000 - {offset}"
    moved = offset + (WEEK_SHIFT if by == "week" else 0)
    return f"({column} + {moved}) / {SIZES[by]} * {SIZES[by]} - {moved}"


def tally(asked: Asked, wanted: ExecutionFilter, by: Bucket, group: Group | None, offset: Micros) -> list[Tally]:
    """The executions, counted by time, group and state."""
    sql, given = rows_of(plan(asked, wanted), "id, namespace, flow, state, created, ended")
    namespace, flow = GROUPS[group]
    grouped = joined("select", start_of("created", by, offset), "as start,", namespace, "as namespace,", flow, "as flow,", SUMS, sql, ")")
    return _tallies.decode(asked.one(joined(TALLIES, grouped, "group by 1, 2, 3, 4 order by 1, 2, 3, 4)"), *given))


def latest(asked: Asked, flows: Sequence[tuple[str, str]]) -> list[str]:
    """The id of the last execution of each flow that has one."""
    found: list[str] = msgspec.json.decode(asked.one(LATEST, msgspec.json.encode(flows).decode()))
    return found
