"""Ask the store for what a query's conditions mean: executions and log lines.

Rules
1. What the store cannot be asked is refused, with what can be asked instead; nothing is left out in silence, for what is found may be
   deleted.
2. `namespace` flat and with PREFIX means those below it, too, as Kestra's does; with EQUALS exactly itself.
3. `startDate` and `endDate` are the range in which an execution was created, a line written; a range of time ends now.
4. A level means itself and what is worse.

Called by: the routes of executions, logs, statistics and dashboards.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from onbeat.api.filters import Condition, Op
from onbeat.core.access import covers
from onbeat.core.durations import parse_duration
from onbeat.core.event import Micros
from onbeat.core.names import did_you_mean
from onbeat.core.states import State
from onbeat.core.times import from_datetime
from onbeat.engine.tasklog import LEVELS
from onbeat.errors import UserError
from onbeat.ports import ExecutionFilter, LogFilter

CORRELATION = "system.correlationId"
SYSTEM = "system"
"""The namespace of flows that look after the others: Kestra's scope `SYSTEM`."""
EXECUTION_FIELDS = (
    "q", "scope", "namespace", "flowId", "kind", "startDate", "endDate", "state", "labels", "triggerExecutionId", "childFilter",
    "timeRange", "triggerId", "id", "executionId", "parentId", "correlationId",
)  # fmt: skip
LOG_FIELDS = (
    "q", "scope", "namespace", "flowId", "startDate", "endDate", "timeRange", "triggerId", "level", "minLevel", "executionId", "taskId",
)  # fmt: skip
_EXACT = (Op.EQUALS, Op.IN)
_MICRO = timedelta(microseconds=1)
_FIRST, _LAST = (from_datetime(datetime(year, 1, 1, tzinfo=UTC)) for year in (1970, 9000))


def execution_filter(
    conditions: Sequence[Condition], now: Micros, allowed: tuple[str, ...] | None, *, exact: bool = False
) -> ExecutionFilter:
    """Which executions are meant. allowed: the namespaces that the caller may. exact: refuse what means nearly all. Raises UserError."""
    asked: dict[str, Any] = {"allowed": allowed}
    labels: dict[str, str] = {}
    for condition in conditions:
        match condition.field:
            case "state":
                _narrow(asked, "states", _states(condition))
            case "labels":
                key, value = condition.key or "", _one(condition)
                if key == CORRELATION:
                    _same(asked, "correlation_id", value)
                elif labels.setdefault(key, value) != value:
                    asked["ids"] = ()
            case "childFilter":
                _set(asked, condition, "child", _child(condition))
            case "triggerExecutionId" | "parentId":
                _same(asked, "parent", _one(condition))
            case "correlationId":
                _same(asked, "correlation_id", _one(condition))
            case "id" | "executionId":
                _narrow(asked, "ids", _several(condition))
            case "kind":
                if "NORMAL" not in _several(condition):
                    asked["ids"] = ()
            case _:
                _common(asked, condition, now, exact)
    return ExecutionFilter(**{**asked, "labels": tuple(labels.items())})


def log_filter(conditions: Sequence[Condition], now: Micros, allowed: tuple[str, ...] | None) -> LogFilter:
    """Which lines are meant. Raises UserError."""
    asked: dict[str, Any] = {"allowed": allowed}
    for condition in conditions:
        match condition.field:
            case "level" | "minLevel":
                _narrow(asked, "levels", _levels(condition))
            case "executionId":
                _set(asked, condition, "execution", _one(condition))
            case "taskId":
                _set(asked, condition, "task", _one(condition))
            case _:
                _common(asked, condition, now, exact=False)
    return LogFilter(**asked)


def levels_from(least: str) -> tuple[str, ...]:
    """A level and those that are worse. Raises UserError."""
    if least.upper() not in LEVELS:
        raise UserError(f"`{least[:40]}` is no level{did_you_mean(least, LEVELS)}; use {', '.join(LEVELS)}")
    return tuple(LEVELS[LEVELS.index(least.upper()) :])


def state_of(name: str) -> State:
    """The state of that name. Raises UserError."""
    try:
        return State(name.upper())
    except ValueError:
        raise UserError(f"`{name[:40]}` is no state{did_you_mean(name, list(State))}; use {', '.join(State)}") from None


def bounded(at: Micros) -> Micros:
    """The instant; the first or the last one that we know for what is before or after: days and time zones can be reckoned from it."""
    return min(max(at, _FIRST), _LAST)


def instant_of(text: str, name: str) -> Micros:
    """The instant that a text names, `bounded`; without an offset in UTC. Raises UserError."""
    try:
        moment = datetime.fromisoformat(text)
        return bounded(from_datetime(moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)))
    except (ValueError, OverflowError):
        raise UserError(f"{name}: `{text[:60]}` is no instant; write it as 2026-11-21T12:00:00Z") from None


def _common(asked: dict[str, Any], condition: Condition, now: Micros, exact: bool) -> None:
    """What executions and lines can both be asked."""
    match condition.field:
        case "q":
            _set(asked, condition, "q", _one(condition))
        case "namespace" if condition.op is Op.PREFIX:
            _below(asked, condition.values)
        case "namespace":
            _set(asked, condition, "namespace", _one(condition, (*_EXACT, Op.PREFIX)))
        case "scope":
            _scope(asked, condition, exact)
        case "flowId":
            _set(asked, condition, "flow", _one(condition))
        case "triggerId":
            _set(asked, condition, "trigger", _one(condition))
        case "timeRange":
            back = parse_duration(_one(condition)) // _MICRO
            _after(asked, now - back)
        case "startDate" | "endDate":
            _bound(asked, condition)
        case other:
            raise AssertionError(f"field {other} is offered and not read")


def _set(asked: dict[str, Any], condition: Condition, name: str, value: Any) -> None:
    if asked.setdefault(name, value) != value:
        raise UserError(f"filter `{condition.field}` is given twice")


def _same(asked: dict[str, Any], name: str, value: str) -> None:
    """What has two names in a query: both hold, and of two different values none does."""
    if asked.setdefault(name, value) != value:
        asked["ids"] = ()


def _narrow(asked: dict[str, Any], name: str, values: tuple[str, ...]) -> None:
    """All conditions hold: what the ones before left, of these."""
    before = asked.get(name)
    left = tuple(value for value in values if before is None or value in before)
    if not left:
        asked["namespaces"] = ()
    asked[name] = left


def _below(asked: dict[str, Any], names: tuple[str, ...]) -> None:
    """Only what is in one of these namespaces or below it, and is so by the conditions before."""
    before = asked.get("namespaces")
    if before is not None:
        pairs = [(one, other) for one in before for other in names]
        names = tuple(one if covers(other, one) else other for one, other in pairs if covers(other, one) or covers(one, other))
    asked["namespaces"] = names


def _one(condition: Condition, ops: tuple[Op, ...] = _EXACT) -> str:
    if condition.op not in _EXACT:
        raise condition.refused(ops)
    if len(condition.values) > 1:
        raise UserError(f"filter `{condition.field}` can be asked for one value only, not for {len(condition.values)}")
    return condition.values[0]


def _several(condition: Condition) -> tuple[str, ...]:
    if condition.op not in _EXACT:
        raise condition.refused(_EXACT)
    return condition.values


def _states(condition: Condition) -> tuple[State, ...]:
    named = tuple(state_of(value) for value in condition.values)
    match condition.op:
        case Op.EQUALS | Op.IN:
            return named
        case Op.NOT_EQUALS | Op.NOT_IN:
            return tuple(state for state in State if state not in named)
        case _:
            raise condition.refused((Op.EQUALS, Op.IN, Op.NOT_EQUALS, Op.NOT_IN))


def _levels(condition: Condition) -> tuple[str, ...]:
    match condition.op:
        case Op.IN:
            return tuple(levels_from(value)[0] for value in condition.values)
        case Op.EQUALS | Op.GREATER_THAN_OR_EQUAL_TO:
            return levels_from(condition.value)
        case _:
            raise condition.refused((Op.EQUALS, Op.GREATER_THAN_OR_EQUAL_TO, Op.IN))


def _child(condition: Condition) -> bool:
    if condition.value not in ("CHILD", "MAIN"):
        raise UserError("filter `childFilter` is CHILD or MAIN")
    if condition.op not in (Op.EQUALS, Op.NOT_EQUALS):
        raise condition.refused((Op.EQUALS, Op.NOT_EQUALS))
    return (condition.value == "CHILD") is (condition.op is Op.EQUALS)


def _scope(asked: dict[str, Any], condition: Condition, exact: bool) -> None:
    """Kestra's flows of namespace `system`, or all others; here that is a namespace as any other."""
    values = {value.upper() for given in _several(condition) for value in given.split(",")}
    if not values <= {"USER", "SYSTEM"}:
        raise UserError("filter `scope` is USER or SYSTEM")
    if values == {"SYSTEM"}:
        _below(asked, (SYSTEM,))
    elif values == {"USER"} and exact:
        raise UserError("`scope` cannot leave namespace `system` out of a change; name the namespace that is meant")


def _bound(asked: dict[str, Any], condition: Condition) -> None:
    """One end of the range of time. A flat parameter is EQUALS, and means from then on or until then."""
    at = instant_of(condition.value, condition.field)
    match condition.field, condition.op:
        case ("startDate", Op.EQUALS) | (_, Op.GREATER_THAN_OR_EQUAL_TO):
            _after(asked, at)
        case _, Op.GREATER_THAN:
            _after(asked, at + 1)
        case ("endDate", Op.EQUALS) | (_, Op.LESS_THAN_OR_EQUAL_TO):
            _before(asked, at + 1)
        case _, Op.LESS_THAN:
            _before(asked, at)
        case _:
            raise condition.refused((Op.GREATER_THAN_OR_EQUAL_TO, Op.GREATER_THAN, Op.LESS_THAN_OR_EQUAL_TO, Op.LESS_THAN))


def _after(asked: dict[str, Any], at: Micros) -> None:
    asked["start"] = max(at, asked.get("start") or at)


def _before(asked: dict[str, Any], at: Micros) -> None:
    asked["end"] = min(at, asked.get("end") or at)


def is_all(wanted: ExecutionFilter) -> bool:
    """Whether nothing was asked: every execution that the caller may see is meant."""
    return msgspec.structs.replace(wanted, allowed=None) == ExecutionFilter()
