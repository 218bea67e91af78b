"""Find log lines of all executions, and what tasks measured in all executions of a flow.

Rules
1. Lines are in the order of their instants; those of one instant in the order in which they were written.
2. Lines of few executions are read from those; of many, from the index by level and time, and each is tested.

Called by: queries.py, in a thread of questions.py.
"""

from typing import Any

import msgspec

from onbeat.core.event import Micros
from onbeat.ports import LogLine
from onbeat.ports.search import Bucket, ExecutionFilter, FoundLine, LogFilter, MetricFilter, MetricSum
from onbeat.stores.sqlite.conditions import Condition
from onbeat.stores.sqlite.questions import Asked
from onbeat.stores.sqlite.search import Plan, ids_of, joined, plan, values
from onbeat.stores.sqlite.statistics import start_of
from onbeat.stores.sqlite.texts import lowered

FEW = 2_000
"""Of so many executions all lines are sorted."""
FURTHEST = 2**63 - 1

LEVELS = """
with recursive found (name) as (
  select min(level) from log
  union all
  select (select min(level) from log where level > name) from found where name is not null)
select json_group_array(name) from found where name is not null
"""
FOUND = """
select '[' || group_concat('[' || found.seq || ',' || json_quote(execution.namespace) || ',' || json_quote(execution.flow) || ',' ||
  (select record from log where log.seq = found.seq) || ']') || ']' from (
"""
FOUND_OF = ") as found left join execution on execution.id = found.execution"
SHOWN = "metric.value * iif(metric.type = 'timer', 1000, 1)"
"""See MetricRow.shown."""
MEASURED = """
from execution indexed by execution_flow cross join metric indexed by metric_execution on metric.execution = execution.id
where execution.namespace = ?1 and execution.flow = ?2
  and metric.task = coalesce(?3, metric.task) and metric.name = coalesce(?4, metric.name)
  and metric.at >= coalesce(?5, metric.at) and metric.at < coalesce(?6, metric.at + 1)
"""

_rows = msgspec.json.Decoder(list[tuple[int, str | None, str | None, LogLine]])
_sums = msgspec.json.Decoder(list[MetricSum])


def log_lines(
    asked: Asked, wanted: LogFilter, past: tuple[Micros, int] | None, descending: bool, offset: int, limit: int
) -> list[FoundLine]:
    """A page of lines, in order."""
    direction = "desc" if descending else "asc"
    sql, given = _lines(asked, wanted, past, descending)
    found = joined(FOUND, sql, "order by 1", direction, ", 2", direction, "limit ? offset ?", FOUND_OF)
    rows = _rows.decode(asked.one(found, *given, limit, offset) or "[]")
    lines = [
        FoundLine(**{**msgspec.structs.asdict(line), "seq": seq, "namespace": namespace or "", "flow": flow or ""})
        for seq, namespace, flow, line in rows
    ]
    return sorted(lines, key=lambda line: (line.at, line.seq), reverse=descending)


def count_lines(asked: Asked, wanted: LogFilter, limit: int | None) -> int:
    """How many there are, no more than one above the limit."""
    sql, given = _lines(asked, wanted, None, True)
    found: int = asked.one(joined("select count(*) from (", sql, "limit ?)"), *given, -1 if limit is None else limit + 1)
    return found


def _lines(asked: Asked, wanted: LogFilter, past: tuple[Micros, int] | None, descending: bool) -> Condition:
    """A statement that gives `at`, `seq` and `execution` of the lines."""
    first, last = 0 if wanted.start is None else wanted.start, FURTHEST if wanted.end is None else wanted.end
    tests = [Condition("at >= ? and at < ?", (first, last)), *_tests(wanted)]
    if past is not None and descending:
        tests.append(Condition("at <= ? and (at < ? or log.seq < ?)", (past[0], *past)))
    elif past is not None:
        tests.append(Condition("at >= ? and (at > ? or log.seq > ?)", (past[0], *past)))
    if wanted.execution is not None:
        tests.append(Condition("execution = ?", (wanted.execution,)))
    of = _of(asked, wanted)
    if of is not None and of.size is not None and of.size <= FEW:
        sql, given = ids_of(of)
        condition = _where([*tests, *_levels(wanted)])
        place = joined("(", sql, ") as found cross join log indexed by log_execution on log.execution = found.id")
        return Condition(joined("select at, log.seq, log.execution from", place, condition), (*given, *values([*tests, *_levels(wanted)])))
    if of is not None:
        inner = [Condition("execution.id = log.execution"), of.driver.test, *of.tests]
        tests.append(
            Condition(joined("exists (select 1 from execution", _where(inner), ")").replace("{id}", "execution.id"), values(inner))
        )
    if wanted.execution is not None:
        tests += _levels(wanted)
        return Condition(joined("select at, seq, execution from log indexed by log_execution", _where(tests)), values(tests))
    levels = wanted.levels or msgspec.json.decode(asked.one(LEVELS))
    arms = [[Condition("level = ?", (level,)), *tests] for level in sorted(set(levels))]
    if not arms:
        return Condition("select at, seq, execution from log where false")
    sql = " union all ".join(joined("select at, seq, execution from log indexed by log_level", _where(arm)) for arm in arms)
    return Condition(sql, values(test for arm in arms for test in arm))


def _where(tests: list[Condition]) -> str:
    return joined("where", " and ".join(test.sql for test in tests))


def _levels(wanted: LogFilter) -> list[Condition]:
    """The levels as a test."""
    levels = sorted(set(wanted.levels))
    return [Condition(joined("level in (", ", ".join("?" * len(levels)), ")"), tuple(levels))] if levels else []


def _tests(wanted: LogFilter) -> list[Condition]:
    """What the line itself must pass."""
    tests = []
    if wanted.task is not None:
        tests.append(Condition("json_extract(record, '$.task') = ?", (wanted.task,)))
    if wanted.q:
        tests.append(Condition("instr(lower(json_extract(record, '$.message')), ?)", (lowered(wanted.q),)))
    return tests


def _of(asked: Asked, wanted: LogFilter) -> Plan | None:
    """Whose lines; None: anybody's."""
    of = ExecutionFilter(
        namespaces=wanted.namespaces,
        allowed=wanted.allowed,
        namespace=wanted.namespace,
        flow=wanted.flow,
        trigger=wanted.trigger,
        ids=None if wanted.execution is None else (wanted.execution,),
    )
    if of == ExecutionFilter(ids=of.ids):
        return None
    return plan(asked, of, sized=True)


def metric_names(asked: Asked, wanted: MetricFilter) -> list[str]:
    """What was measured."""
    return _distinct(asked, "name", wanted)


def metric_tasks(asked: Asked, wanted: MetricFilter) -> list[str]:
    """Who measured."""
    return _distinct(asked, "task", wanted)


def _distinct(asked: Asked, column: str, wanted: MetricFilter) -> list[str]:
    sql = joined("select json_group_array(found) from (select distinct metric.", column, "as found", MEASURED, "order by 1)")
    found: list[str] = msgspec.json.decode(asked.one(sql, *_given(wanted)))
    return found


def metric_sums(asked: Asked, wanted: MetricFilter, by: Bucket, offset: Micros) -> list[MetricSum]:
    """What was measured, added up."""
    grouped = joined(
        "select", start_of("metric.at", by, offset), "as start, count(*) as count, sum(", SHOWN, ") as sum, min(", SHOWN, ") as min,"
    )
    sql = joined(
        "select json_group_array(json_object('start', start, 'count', count, 'sum', sum, 'min', min, 'max', max)) from (",
        grouped,
        joined("max(", SHOWN, ") as max"),
        MEASURED,
        "group by 1 order by 1)",
    )
    return _sums.decode(asked.one(sql, *_given(wanted)))


def _given(wanted: MetricFilter) -> tuple[Any, ...]:
    return wanted.namespace, wanted.flow, wanted.task, wanted.name, wanted.start, wanted.end
