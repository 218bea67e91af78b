"""What the campaign leaves out: only what is right as it arrives."""

from typing import Any

import pytest

from tests.e2e.schema_hooks import is_right_as_sent

SCHEMAS: dict[str, Any] = {
    "q": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    "size": {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]},
    "labels": {"type": "array", "items": {"type": "string", "pattern": "^([^:]+:.+)?$"}},
    "sort": {"type": "array", "items": {"type": "string"}},
}


@pytest.mark.parametrize(
    ("query", "left_out"),
    [
        ({}, False),
        ({"q": "a", "size": 2}, False),
        ({"q": ["a"]}, True),
        ({"q": [0.5], "labels": ""}, True),
        ({"q": {}, "labels": {"": 1}}, True),
        ({"labels": [[]]}, True),
        ({"size": [], "sort": False}, True),
        ({"size": ["3"]}, True),
        ({"size": [None], "sort": 3e16}, True),
        ({"size": ["x"]}, False),
        ({"size": 0}, False),
        ({"size": [0]}, False),
        ({"q": ["a", "b"]}, False),
        ({"labels": "team"}, False),
        ({"q": [1], "labels": "team"}, False),
        ({"other": []}, True),
        ({"other": "x"}, False),
    ],
)
def test_what_is_wrong_as_it_arrives_is_sent(query: dict[str, Any], left_out: bool) -> None:
    """Also where something beside it is right only by the way."""
    assert is_right_as_sent(query, SCHEMAS) is left_out
