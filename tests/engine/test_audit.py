"""Rows of the audit log hold nothing secret, and not everything."""

import pytest

from onbeat.core.event import Json
from onbeat.engine.audit import MASK, audit_row, hidden


def mask(text: str) -> str:
    """Hides the one secret there is."""
    return text.replace("hush", MASK)


@pytest.mark.parametrize(
    "key", ["password", "newPassword", "db_passwd", "clientSecret", "Authorization", "api-key", "apiKey", "cookie", "token"]
)
def test_what_is_called_a_secret_is_hidden(key: str) -> None:
    """However deep; that there is none stays to be seen."""
    assert hidden({"a": [{key: "x"}, {key: None}, {key: {"b": 1}}]}, mask) == {"a": [{key: MASK}, {key: None}, {key: MASK}]}


def test_the_values_of_secrets_are_hidden_everywhere() -> None:
    """In texts, in keys, in what was done to."""
    row = audit_row(5, "ada", "kv.put", "kv:shop:hush", {"hush": ["a hush b"]}, "hush", mask)
    assert "hush" not in str(row)
    assert (row.at, row.who, row.action, row.before) == (5, "ada", "kv.put", {MASK: [f"a {MASK} b"]})


@pytest.mark.parametrize("value", [None, True, 5, 1.5, "text", [], {}, {"a": [1, {"b": "c"}]}])
def test_anything_else_stays(value: Json) -> None:
    """As it is."""
    assert hidden(value, mask) == value


def test_a_row_is_bounded() -> None:
    """A file of a megabyte, a list of a million, a value a hundred levels deep."""
    assert len(str(hidden("x" * 1_000_000, mask))) < 21_000
    assert "1,000,000 characters" in str(hidden("x" * 1_000_000, mask))
    assert len(hidden(list(range(5_000)), mask)) == 1_000  # type: ignore[arg-type]
    assert len(hidden({str(n): n for n in range(5_000)}, mask)) == 1_000  # type: ignore[arg-type]
    deep: Json = "x"
    for _ in range(100):
        deep = [deep]
    assert str(hidden(deep, mask)).count("[") == 20
