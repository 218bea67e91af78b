"""Parts of a flow are read strictly."""

import pytest
from pydantic import ValidationError

from onbeat.core.flow import RunnableTask
from onbeat.core.workspace import WantedFiles
from onbeat.errors import InvalidFile
from tests.core.world import flow_of


def test_what_may_be_left_out_may_be_null():
    """As Kestra's flows have it, at any depth; an option of a plugin stays as it is."""
    flow = flow_of("""
        labels: null
        errors:
        tasks:
          - {id: s, type: core.flow.Switch, value: x, cases: {x: [{id: a, type: t, more: null}]}, defaults: null, allowFailure: null}
          - {id: r, type: t, retry: {type: null, interval: PT1S, maxAttempt: null, warningOnRetry: null}}
    """)
    inner = flow.by_id["a"]

    assert (flow.labels, flow.errors, flow.tasks[0].allow_failure) == ({}, (), False)
    assert isinstance(inner, RunnableTask)
    assert inner.options == {"more": None}
    assert flow.tasks[1].retry is not None
    assert (flow.tasks[1].retry.type, flow.tasks[1].retry.max_attempts, flow.tasks[1].retry.warning_on_retry) == ("constant", None, False)


def test_null_stays_where_it_is_a_value():
    """An expression may have given it."""
    assert WantedFiles.model_validate({"enabled": None}).enabled is None


@pytest.mark.parametrize(("text", "said"), [
    ("errorrs: null\ntasks: [{id: a, type: t}]", "unknown key `errorrs`"),
    ("tasks: null", "`tasks`: has no value"),
    ("tasks: [{id: a, type: t, retry: {intervall: null, interval: PT1S}}]", "unknown key `retry.intervall`|unknown key `intervall`"),
])  # fmt: skip
def test_what_is_not_known_or_must_be_there_is_an_error(text: str, said: str):
    """Also where it is null."""
    with pytest.raises(InvalidFile, match=said):
        flow_of(text)


def test_nothing_changes_after_loading():
    """An execution runs on what was read."""
    flow = flow_of("tasks: [{id: a, type: t}]")
    with pytest.raises(ValidationError, match="frozen"):
        flow.disabled = True  # type: ignore[misc]  # that is what is tried
