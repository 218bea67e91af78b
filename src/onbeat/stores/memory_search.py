"""Say of one execution or log line whether a filter means it, and count and add up: what ports.search means, to be read in one go.

Rules
1. What is given must hold; nothing else decides.

Called by: memory_queries.py.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from onbeat.core.event import Micros
from onbeat.ports.queries import ExecutionSummary
from onbeat.ports.search import SIZES, WEEK_SHIFT, Bucket, ExecutionFilter, FoundLine, Group, LogFilter, MetricSum, Sort, Tally
from onbeat.ports.work import MetricRow

_SMALL = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def within(at: Micros, start: Micros | None, end: Micros | None) -> bool:
    """Whether an instant is in [start, end)."""
    return (start is None or at >= start) and (end is None or at < end)


def is_within(namespace: str, names: Sequence[str] | None) -> bool:
    """Whether a namespace is one of these or below one."""
    return names is None or namespace in names or namespace.startswith(tuple([f"{name}." for name in names]))


def contains(text: str, wanted: str) -> bool:
    """Whatever the case of ASCII letters."""
    return wanted.translate(_SMALL) in text.translate(_SMALL)


def is_meant(line: ExecutionSummary, wanted: ExecutionFilter) -> bool:
    """Whether a filter means an execution."""
    return all(holds(line) for holds in conditions(wanted))


def conditions(wanted: ExecutionFilter) -> list[Callable[[ExecutionSummary], bool]]:
    """What must hold of an execution that a filter means: a condition for each thing that is given, those that tell most apart first."""
    found: list[Callable[[ExecutionSummary], bool]] = []
    if wanted.ids is not None:
        ids = frozenset(wanted.ids)
        found.append(lambda line: line.id in ids)
    for name in ("namespace", "flow", "trigger", "parent", "correlation_id"):
        if (value := getattr(wanted, name)) is not None:
            found.append(_equal(name, value))
    if wanted.states:
        found.append(lambda line: line.state in wanted.states)
    if wanted.child is not None:
        found.append(lambda line: (line.parent is not None) is wanted.child)
    found += [_labelled(key, value) for key, value in wanted.labels]
    if wanted.start is not None or wanted.end is not None:
        found.append(lambda line: within(line.created, wanted.start, wanted.end))
    found += [_inside(names) for names in (wanted.namespaces, wanted.allowed) if names is not None]
    if wanted.q:
        found.append(lambda line: _has(line, wanted.q))
    return found


def _equal(name: str, value: str) -> Callable[[ExecutionSummary], bool]:
    return lambda line: getattr(line, name) == value


def _labelled(key: str, value: str) -> Callable[[ExecutionSummary], bool]:
    return lambda line: line.labels.get(key) == value


def _inside(names: Sequence[str]) -> Callable[[ExecutionSummary], bool]:
    return lambda line: is_within(line.namespace, names)


def _has(line: ExecutionSummary, q: str) -> bool:
    texts = [f"{line.namespace}.{line.flow}", *(f"{key}:{value}" for key, value in line.labels.items())]
    return line.id.startswith(q) or line.correlation_id.startswith(q) or any(contains(text, q) for text in texts)


def is_meant_line(line: FoundLine, execution: ExecutionSummary | None, wanted: LogFilter) -> bool:
    """Whether a filter means a log line; of an execution that is not there any more, only one that does not ask for it."""
    of = ExecutionFilter(
        namespaces=wanted.namespaces, allowed=wanted.allowed, namespace=wanted.namespace, flow=wanted.flow, trigger=wanted.trigger
    )
    return (
        (of == ExecutionFilter() or (execution is not None and is_meant(execution, of)))
        and wanted.execution in (None, line.execution)
        and wanted.task in (None, line.task)
        and (not wanted.levels or line.level in wanted.levels)
        and within(line.at, wanted.start, wanted.end)
        and (not wanted.q or contains(line.message, wanted.q))
    )


def order(sort: Sort) -> Callable[[ExecutionSummary], Any]:
    """What executions that have it are sorted by."""

    def key(line: ExecutionSummary) -> Any:
        match sort:
            case Sort.CREATED:
                return line.id
            case Sort.STATE:
                return line.state.value, line.id
            case Sort.FLOW:
                return line.namespace, line.flow, line.id
            case Sort.ENDED:
                return line.ended or 0, line.id
            case Sort.DURATION:
                return (line.ended or 0) - line.created if line.ended is not None else 0, line.id

    return key


def in_order(lines: Iterable[ExecutionSummary], sort: Sort, descending: bool) -> list[ExecutionSummary]:
    """Those that have not ended come last where the end counts."""
    ordered = sorted(lines, key=order(sort), reverse=descending)
    return sorted(ordered, key=lambda line: sort in (Sort.ENDED, Sort.DURATION) and line.ended is None)


def start_of(at: Micros, by: Bucket, offset: Micros) -> Micros:
    """The instant at which the bucket of an instant begins."""
    if by == "month":
        moment = (_EPOCH + timedelta(microseconds=at + offset)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return (moment - _EPOCH) // timedelta(microseconds=1) - offset
    moved = offset + (WEEK_SHIFT if by == "week" else 0)
    return (at + moved) // SIZES[by] * SIZES[by] - moved


def tally(lines: Iterable[ExecutionSummary], by: Bucket, group: Group | None, offset: Micros) -> list[Tally]:
    """Executions counted by time, group and state."""
    found: dict[Any, list[ExecutionSummary]] = {}
    for line in lines:
        place = (line.namespace if group else "", line.flow if group == "flow" else "")
        found.setdefault((start_of(line.created, by, offset), *place, line.state.value), []).append(line)
    return [_tally(key[0], group, of) for key, of in sorted(found.items())]


def _tally(start: Micros, group: Group | None, lines: Sequence[ExecutionSummary]) -> Tally:
    took = [line.ended - line.created for line in lines if line.ended is not None]
    return Tally(
        start=start,
        namespace=lines[0].namespace if group else None,
        flow=lines[0].flow if group == "flow" else None,
        state=lines[0].state,
        count=len(lines),
        ended=len(took),
        duration=sum(took),
        shortest=min(took, default=None),
        longest=max(took, default=None),
    )


def sums(rows: Iterable[MetricRow], by: Bucket, offset: Micros) -> list[MetricSum]:
    """Measurements added up by time."""
    found: dict[Micros, list[float]] = {}
    for row in rows:
        found.setdefault(start_of(row.at, by, offset), []).append(row.shown)
    return [MetricSum(start, len(of), sum(of), min(of), max(of)) for start, of in sorted(found.items())]
