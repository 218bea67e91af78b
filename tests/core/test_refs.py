"""Refs: values that are kept in storage, in rows and in expressions."""

import pytest

from onbeat.core.expressions import NeedsOutside, compile_text, make_scope
from onbeat.core.refs import Ref, is_mark, mark, opened


def test_a_row_holds_a_mark_and_expressions_a_ref():
    """What is written for a kept value is read as one; other values are untouched."""
    ref = Ref("kestra:///ns/x.json", 70_000)
    values = {"large": mark(ref), "small": {"size": 1}, "text": "onbeat:ref"}

    assert opened(values) == {"large": ref, "small": {"size": 1}, "text": "onbeat:ref"}
    assert [is_mark(value) for value in values.values()] == [True, False, False]


def test_values_without_marks_are_not_copied():
    """The usual case costs nothing."""
    values = {"x": {"y": 1}}

    assert opened(values) is values


def test_touching_a_ref_asks_for_it():
    """The expression says which value must be brought first."""
    scope = make_scope({"outputs": {"t": opened({"large": mark(Ref("kestra:///a", 9))})}})

    with pytest.raises(NeedsOutside) as asked:
        compile_text("{{ outputs.t.large.x }}").render(scope)
    assert asked.value.uri == "kestra:///a"
