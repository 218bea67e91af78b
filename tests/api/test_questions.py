"""The store is asked for exactly what a query's conditions mean."""

import re
from urllib.parse import urlencode

import pytest
from starlette.datastructures import QueryParams

from onbeat.api.filters import Condition, Op, read_conditions
from onbeat.api.questions import EXECUTION_FIELDS, LOG_FIELDS, execution_filter, instant_of, is_all, levels_from, log_filter
from onbeat.core.states import State
from onbeat.core.times import from_iso
from onbeat.errors import UserError
from onbeat.ports import ExecutionFilter, LogFilter

NOW = from_iso("2026-11-21T12:00:00Z")
DAY = 86_400_000_000


def executions(*pairs: tuple[str, str], exact: bool = False) -> ExecutionFilter:
    """What these parameters ask of the store about executions."""
    found = read_conditions(QueryParams(urlencode(pairs)), EXECUTION_FIELDS, flat=EXECUTION_FIELDS)
    return execution_filter(found, NOW, None, exact=exact)


def lines(*pairs: tuple[str, str]) -> LogFilter:
    """What these parameters ask of the store about lines."""
    return log_filter(read_conditions(QueryParams(urlencode(pairs)), LOG_FIELDS, flat=LOG_FIELDS), NOW, ("a",))


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("q", "text", ExecutionFilter(q="text")),
        ("namespace", "a", ExecutionFilter(namespaces=("a",))),
        ("filters[namespace][EQUALS]", "a", ExecutionFilter(namespace="a")),
        ("filters[namespace][PREFIX]", "a", ExecutionFilter(namespaces=("a",))),
        ("flowId", "f", ExecutionFilter(flow="f")),
        ("state", "FAILED", ExecutionFilter(states=(State.FAILED,))),
        ("filters[state][NOT_IN]", ",".join(State).replace("KILLED,", ""), ExecutionFilter(states=(State.KILLED,))),
        ("labels", "a:b", ExecutionFilter(labels=(("a", "b"),))),
        ("labels", "system.correlationId:c", ExecutionFilter(correlation_id="c")),
        ("childFilter", "CHILD", ExecutionFilter(child=True)),
        ("filters[childFilter][NOT_EQUALS]", "CHILD", ExecutionFilter(child=False)),
        ("triggerExecutionId", "p", ExecutionFilter(parent="p")),
        ("triggerId", "t", ExecutionFilter(trigger="t")),
        ("filters[id][IN]", "x,y", ExecutionFilter(ids=("x", "y"))),
        ("kind", "NORMAL", ExecutionFilter()),
        ("kind", "TEST", ExecutionFilter(ids=())),
        ("scope", "USER", ExecutionFilter()),
        ("scope", "SYSTEM", ExecutionFilter(namespaces=("system",))),
        ("filters[scope][EQUALS]", "USER,SYSTEM", ExecutionFilter()),
        ("timeRange", "P1D", ExecutionFilter(start=NOW - DAY)),
        ("startDate", "2026-11-21T12:00:00Z", ExecutionFilter(start=NOW)),
        ("endDate", "2026-11-21T13:00:00+01:00", ExecutionFilter(end=NOW + 1)),
        ("filters[startDate][GREATER_THAN]", "2026-11-21T12:00:00", ExecutionFilter(start=NOW + 1)),
        ("filters[startDate][LESS_THAN]", "2026-11-21T12:00:00Z", ExecutionFilter(end=NOW)),
        ("filters[endDate][LESS_THAN_OR_EQUAL_TO]", "2026-11-21T12:00:00Z", ExecutionFilter(end=NOW + 1)),
    ],
)
def test_a_condition_on_executions(name: str, value: str, wanted: ExecutionFilter) -> None:
    """Each says what the store is asked."""
    assert executions((name, value)) == wanted


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("state", "FAILD", "`FAILD` is no state; did you mean `FAILED`?"),
        ("filters[namespace][CONTAINS]", "a", "cannot be asked with `CONTAINS`; use EQUALS, IN, PREFIX"),
        ("filters[flowId][REGEX]", "a", "unknown operation `REGEX`"),
        ("filters[flowId][IN]", "a,b", "for one value only"),
        ("filters[labels][NOT_EQUALS][a]", "b", "cannot be asked with `NOT_EQUALS`"),
        ("filters[state][CONTAINS]", "FAILED", "cannot be asked with `CONTAINS`"),
        ("filters[endDate][NOT_EQUALS]", "2026-11-21T12:00:00Z", "use GREATER_THAN_OR_EQUAL_TO"),
        ("startDate", "yesterday", "is no instant; write it as"),
        ("timeRange", "1 day", "is not a duration"),
        ("childFilter", "YES", "CHILD or MAIN"),
        ("scope", "ALL", "USER or SYSTEM"),
    ],
)
def test_what_the_store_cannot_be_asked_is_refused(name: str, value: str, words: str) -> None:
    """With what can be asked instead."""
    with pytest.raises(UserError, match=re.escape(words)):
        executions((name, value))


def test_all_conditions_hold() -> None:
    """Several of one field leave what is in all of them, and nothing where that is nothing."""
    both = executions(("state", "FAILED"), ("state", "KILLED"), ("filters[state][NOT_EQUALS]", "FAILED"))
    assert both == ExecutionFilter(states=(State.KILLED,))
    assert executions(("state", "FAILED"), ("filters[state][EQUALS]", "KILLED")).namespaces == ()
    assert executions(("labels", "a:b"), ("labels", "a:c")).ids == ()
    assert executions(("timeRange", "P1D"), ("startDate", "2026-11-21T11:00:00Z")).start == from_iso("2026-11-21T11:00:00Z")
    assert executions(("parentId", "a"), ("triggerExecutionId", "a")) == ExecutionFilter(parent="a")
    for name, other in (("parentId", "triggerExecutionId"), ("correlationId", "filters[labels][EQUALS][system.correlationId]")):
        assert executions((name, "a"), (other, "b")).ids == ()
    with pytest.raises(UserError, match="given twice"):
        executions(("filters[flowId][EQUALS]", "a"), ("filters[flowId][IN]", "b"))


def test_a_change_is_not_asked_for_nearly_all() -> None:
    """`scope=USER` cannot leave the namespace `system` out, so a change refuses it."""
    with pytest.raises(UserError, match="name the namespace"):
        executions(("scope", "USER"), exact=True)
    assert executions(("scope", "SYSTEM"), exact=True).namespaces == ("system",)


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("minLevel", "warn", LogFilter(allowed=("a",), levels=("WARN", "ERROR"))),
        ("filters[level][IN]", "INFO,ERROR", LogFilter(allowed=("a",), levels=("INFO", "ERROR"))),
        ("executionId", "e", LogFilter(allowed=("a",), execution="e")),
        ("taskId", "t", LogFilter(allowed=("a",), task="t")),
        ("q", "x", LogFilter(allowed=("a",), q="x")),
        ("triggerId", "t", LogFilter(allowed=("a",), trigger="t")),
    ],
)
def test_a_condition_on_lines(name: str, value: str, wanted: LogFilter) -> None:
    """Of the namespaces that the caller may see."""
    assert lines((name, value)) == wanted


def test_a_level_means_itself_and_worse() -> None:
    """An unknown one is refused."""
    assert levels_from("INFO") == ("INFO", "WARN", "ERROR")
    with pytest.raises(UserError, match="did you mean `WARN`"):
        lines(("filters[level][EQUALS]", "WARNING"))
    with pytest.raises(UserError, match="cannot be asked with `NOT_IN`"):
        lines(("filters[level][NOT_IN]", "WARN"))


def test_nothing_asked_means_all() -> None:
    """Whoever asks; one condition is enough for it not to."""
    assert is_all(ExecutionFilter(allowed=("a",)))
    assert not is_all(executions(("q", "x")))


def test_every_field_that_is_offered_is_read() -> None:
    """None of them ends in a bug."""
    values = {"state": "FAILED", "labels": "a:b", "childFilter": "MAIN", "scope": "USER", "timeRange": "P1D", "level": "INFO"}
    values |= {"startDate": "2026-11-21T12:00:00Z", "endDate": "2026-11-21T12:00:00Z", "minLevel": "INFO"}
    for field in EXECUTION_FIELDS:
        executions((field, values.get(field, "x")))
    for field in LOG_FIELDS:
        lines((field, values.get(field, "x")))
    with pytest.raises(UserError, match="is no instant"):
        instant_of("9999-99-99", "startDate")


@pytest.mark.parametrize(("asked", "namespaces"), [("system.a", ("system.a",)), ("system", ("system",)), ("shop", ())])
def test_a_scope_and_a_namespace_both_hold(asked: str, namespaces: tuple[str, ...]) -> None:
    """What is in both of them; nothing where none is in the other."""
    conditions = [Condition("scope", Op.EQUALS, ("SYSTEM",)), Condition("namespace", Op.PREFIX, (asked,))]
    for given in (conditions, conditions[::-1]):
        assert execution_filter(given, 0, None).namespaces == namespaces


def test_an_instant_out_of_all_bounds_can_be_reckoned_with() -> None:
    """A month before the year 1 is no date."""
    assert instant_of("0001-01-25T00:43:48+05:13", "endDate") == 0
    assert instant_of("9999-12-31T23:59:59Z", "endDate") == instant_of("9000-01-01T00:00:00Z", "endDate")
