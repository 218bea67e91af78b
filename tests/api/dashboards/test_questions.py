"""A chart asks the store what it says, within the time that it may be of."""

import re
from typing import Any

import pytest

from onbeat.api.dashboards.document import TimeWindow, Where
from onbeat.api.dashboards.questions import Asked, Overrides, asked
from onbeat.api.filters import Condition, Op
from onbeat.core.times import from_iso
from onbeat.errors import UserError

NOW = from_iso("2026-11-21T12:00:00Z")
DAY = 86_400_000_000


def ask(*where: Where, kind: str = "Executions", **page: Any) -> Asked:
    """What is asked of executions."""
    return asked(kind, where, Overrides.model_validate(page), TimeWindow(), NOW)


def test_a_condition_of_the_chart() -> None:
    """In the words of the store's filter; what it cannot be asked waits for what it counted."""
    found = ask(
        Where(field="STATE", type="IN", values=["FAILED", "KILLED"]),
        Where(field="NAMESPACE", type="STARTS_WITH", value="sh"),
        Where(field="LABELS", label_key="team", value="blue"),
        Where(field="FLOW_ID", value="order"),
    )
    assert found.conditions == (
        Condition("state", Op.IN, ("FAILED", "KILLED")),
        Condition("labels", Op.EQUALS, ("blue",), "team"),
        Condition("flowId", Op.EQUALS, ("order",)),
    )
    assert found.later == (Condition("namespace", Op.STARTS_WITH, ("sh",)),)


def test_a_filter_of_the_page() -> None:
    """As both of Kestra's clients send it; one that the chart's data does not have is not for it."""
    filters = [
        {"field": "NAMESPACE", "operation": "EQUALS", "value": "shop"},
        {"field": "labels", "operation": "EQUALS", "value": {"team": "blue"}},
        {"field": "timeRange", "operation": "EQUALS", "value": "P1D"},
    ]
    found = ask(filters=filters, namespace="shop", labels={"a": "b"})
    assert found.conditions == (
        Condition("namespace", Op.EQUALS, ("shop",)),
        Condition("labels", Op.EQUALS, ("blue",), "team"),
        Condition("namespace", Op.PREFIX, ("shop",)),
        Condition("labels", Op.EQUALS, ("b",), "a"),
    )
    assert (found.start, found.end) == (NOW - DAY, NOW)
    assert ask(kind="Logs", filters=filters).conditions == (Condition("namespace", Op.EQUALS, ("shop",)),)


def test_the_time() -> None:
    """The dashboard's own, or the page's, and never more than it allows."""
    assert ask().start == NOW - 30 * DAY
    assert ask(timeRange="P2D").start == NOW - 2 * DAY
    found = ask(startDate="2026-11-20T00:00:00Z", endDate="2026-11-21T00:00:00Z")
    assert found.end - found.start == DAY
    with pytest.raises(UserError, match=re.escape("timeWindow.max is P366D")):
        ask(timeRange="P367D")
    with pytest.raises(UserError, match="must be after"):
        ask(startDate="2027-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("where", "words"),
    [
        (Where(field="NAMESPACE", type="EQUALS", value="x"), "did you mean `EQUAL_TO`?"),
        (Where(field="DURATION", value="x"), "cannot be filtered by `DURATION`"),
        (Where(field="LEVEL", value="INFO"), "Executions cannot be filtered by `level`"),
        (Where(field="STATE", value=None), "has a text"),
    ],
)
def test_what_cannot_be_asked_is_refused(where: Where, words: str) -> None:
    """With what can be."""
    with pytest.raises(UserError, match=re.escape(words)):
        ask(where)
    with pytest.raises(UserError, match="unknown operation"):
        ask(filters=[{"field": "state", "operation": "LIKE", "value": "x"}])
    with pytest.raises(UserError, match="unknown filter `stat`"):
        ask(filters=[{"field": "stat", "value": "x"}])
