from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from immutables import Map

from onbeat.core.expressions import ExpressionError, evaluate
from onbeat.core.expressions.encoding_filters import FILTERS

SCOPE: dict[str, Any] = {"map": Map({"s": "ü", "n": 1, "l": [1.5, True, None]}), "nothing": None}
JSON = '{"l":[1.5,true,null],"n":1,"s":"ü"}'
CASES = [
    ("json", "map.l | json", "[1.5,true,null]"),
    ("json", "'a\"b' | json", '"a\\"b"'),
    ("json", "nothing | json", "null"),
    ("toJson", "map | toJson | length", len(JSON)),
    ("jsonEncode", "map.n | jsonEncode", "1"),
    ("tojson", "{'a': [1]} | tojson", '{"a":[1]}'),
    ("tojson", "{'a': 1} | tojson(indent=2)", '{\n  "a": 1\n}'),
    ("toIon", "map | toIon", '{l:[1.5e0,true,null],n:1,s:"ü"}'),
    ("toIon", "nothing | toIon", "null"),
    ("yaml", "'text' | yaml", "text\n"),
    ("yaml", "1.123 | yaml", "1.123\n"),
    ("yaml", "{'a': ['on', 1, null], 'b': {'c': '1:30'}} | yaml", "a:\n- 'on'\n- 1\n- null\nb:\n  c: '1:30'\n"),
    ("yaml", "nothing | yaml", "null\n"),
    ("base64encode", "'test ü' | base64encode", "dGVzdCDDvA=="),
    ("base64decode", "'dGVzdCDDvA==' | base64decode", "test ü"),
    ("urlencode", "'a b&c=ü/*' | urlencode", "a+b%26c%3D%C3%BC%2F*"),
    ("urldecode", "'a+b%26c%3D%C3%BC' | urldecode", "a b&c=ü"),
    ("md5", "'test' | md5", "098f6bcd4621d373cade4e832627b4f6"),
    ("sha1", "'test' | sha1", "a94a8fe5ccb19ba61c4c0873d391e987982fbbd3"),
    ("sha256", "'test' | sha256", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
    (
        "sha512",
        "'test' | sha512",
        "ee26b0dd4af7e749aa1a8ee3c10ae9923f618980772e473f8819a5d4940e0db27ac185f8a0e1d5f84f88bc887fd67b143732c304cc5fa9ad8e6f57f50028a8ff",
    ),
    ("className", "'a' | className", "java.lang.String"),
    ("className", "1 | className", "java.lang.Integer"),
    ("className", "3000000000 | className", "java.lang.Long"),
    ("className", "(2 ** 70) | className", "java.math.BigInteger"),
    ("className", "'1.5' | number('BIGDECIMAL') | className", "java.math.BigDecimal"),
    ("className", "1.5 | className", "java.lang.Double"),
    ("className", "true | className", "java.lang.Boolean"),
    ("className", "[1] | className", "java.util.ArrayList"),
    ("className", "map | className", "java.util.LinkedHashMap"),
    ("className", "nothing | className", None),
]


@pytest.mark.parametrize(("name", "text", "value"), CASES)
def test_filters_that_encode(name: str, text: str, value: object) -> None:
    """Each filter does what its manual says."""
    assert f"| {name}" in text
    assert evaluate("{{ " + text + " }}", SCOPE) == value


def test_every_filter_that_encodes_is_tested_above() -> None:
    """A filter without an example is one that nobody knows."""
    assert set(FILTERS) == {case[0] for case in CASES}


@pytest.mark.parametrize("text", ["'%' | base64decode", "'/w==' | base64decode", "'ü' | base64decode"])
def test_what_is_not_base64_of_text_is_refused(text: str) -> None:
    """Bytes that are no text have no place in an expression."""
    with pytest.raises(ExpressionError, match="not base64 of UTF-8 text"):
        evaluate("{{ " + text + " }}", {})


def test_half_of_a_surrogate_pair_has_no_bytes() -> None:
    """It is no text, so there is nothing to encode."""
    with pytest.raises(ExpressionError, match="half of a surrogate pair"):
        evaluate("{{ '\\ud800' | sha256 }}", {})


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inside: st.lists(inside) | st.dictionaries(TEXTS, inside),
    max_leaves=10,
)


@settings(deadline=None)
@given(VALUES)
def test_json_reads_back(value: Any) -> None:
    """What `toJson` writes `fromJson` reads as the same value."""
    assert evaluate("{{ fromJson(x | toJson) }}", {"x": value}) == value


@settings(deadline=None)
@given(TEXTS)
def test_texts_read_back(text: str) -> None:
    """base64, URL encoding and YAML lose nothing."""
    assert evaluate("{{ x | base64encode | base64decode }}", {"x": text}) == text
    assert evaluate("{{ x | urlencode | urldecode }}", {"x": text}) == text
