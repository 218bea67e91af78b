from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onbeat.core.expressions import ExpressionError
from onbeat.core.expressions.yaml_text import read_yaml, write_yaml

TEXTS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]))
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
WORDS = st.sampled_from(
    ["on", "no", "yes", "null", "~", "true", "12:30", "010", "0x1f", "1e3", "2024-01-01", "- a", "a: b", "{{ x }}", "#", ""]
)


@settings(deadline=None)
@given(
    st.recursive(
        SCALARS | WORDS, lambda inside: st.lists(inside) | st.dictionaries(TEXTS.filter(bool) | WORDS.filter(bool), inside), max_leaves=10
    )
)
def test_what_is_written_reads_back(value: Any) -> None:
    """Every value comes back as itself, also the texts that YAML 1.1 or 1.2 would read as something else."""
    assert read_yaml(write_yaml(value)) == value


def test_a_value_that_is_there_twice_is_written_twice() -> None:
    """No anchors: most readers of the result do not follow them."""
    same = {"a": 1}
    assert write_yaml([same, same]) == "- a: 1\n- a: 1\n"


def test_long_texts_are_not_folded() -> None:
    """A command stays on its line."""
    assert write_yaml({"a": "word " * 100 + "end"}).count("\n") == 1


@pytest.mark.parametrize("text", ["a: [", "a: 1\na: 2", "!!python/object:x {}", "{a: &x [*x]}"])
def test_what_cannot_be_read_is_refused_with_its_place(text: str) -> None:
    """As in flows."""
    with pytest.raises(ExpressionError, match=r"see its line \d+, column \d+"):
        read_yaml(text)
