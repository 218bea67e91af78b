from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onbeat.core.expressions import ExpressionError, evaluate
from onbeat.core.expressions.ion_text import read_ion, write_ion
from onbeat.core.expressions.texts import plain_value


def first(text: str) -> Any:
    """The first value of an Ion text, plain."""
    return plain_value(next(iter(read_ion(text))))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (
            '{date:2024-04-21T23:00:00.000Z, title:"Main_Page",views:109787}',
            {"date": "2024-04-21T23:00:00.000Z", "title": "Main_Page", "views": 109787},
        ),
        ("null", None),
        ("null.string", None),
        ("true", True),
        ("false", False),
        ("-12", -12),
        ("1_000", 1000),
        ("0xFf", 255),
        ("0b101", 5),
        ("-0x10", -16),
        ("1.5", 1.5),
        ("1.5e2", 150.0),
        ("12d-1", 1.2),
        ("0.1000000000000000000000000001", "0.1000000000000000000000000001"),
        ("12345678901234567890123", "12345678901234567890123"),
        ("2024T", "2024T"),
        ("2024-02T", "2024-02T"),
        ("2024-02-29", "2024-02-29"),
        ("2024-02-29T10:00+01:00", "2024-02-29T10:00+01:00"),
        ('"a\\n\\u00fc\\x41\\U0001F600\\"\\/"', 'a\nüA😀"/'),
        ("'''one '' '''\n'''two'''", "one '' two"),
        ("symbol", "symbol"),
        ("'quoted symbol'", "quoted symbol"),
        ("'null'", "null"),
        ("[1, a, [],]", [1, "a", []]),
        ("(+ 1 (a b) 'x' -2)", ["+", 1, ["a", "b"], "x", -2]),
        ("{}", {}),
        ("{'a b': 1, \"c\": 2, '''d''': null,}", {"a b": 1, "c": 2, "d": None}),
        ('ZonedDateTime::"2013-09-08T16:19:00+02:00"', "2013-09-08T16:19:00+02:00"),
        ("a::'b'::{c: d::1}", {"c": 1}),
        ("{{ aGVs\n bG8= }}", "aGVsbG8="),
        ('{{ "clob" }}', "clob"),
        ("{{ '''long''' '''er''' }}", "longer"),
        ("$ion_1_0 /* a * comment **/ // another\n [1]", [1]),
    ],
)
def test_every_kind_of_value_is_read(text: str, value: object) -> None:
    """Rules 1 and 2: the nearest plain value."""
    assert first(text) == value


@pytest.mark.parametrize(
    "text",
    [
        *("{not: ion", "[1", "[1 2]", "{a 1}", "{1: 2}", '"x', "'x", "'''x", "nan", "+inf", "-inf", "1.2.3", "01", "2024-1-1", "{{ % }}"),
        *("{{", ")", "a::", "@", "{", "(", "1__0", "0x", '"\\q\x01', "{a:}", "null.", "/* x", "[" * 100, '"\\UFFFFFFFF"'),
    ],
)
def test_what_is_not_ion_is_refused(text: str) -> None:
    """With a sentence that names the place, and never the value."""
    with pytest.raises(ExpressionError, match=r"not Ion, see its line|the Ion text"):
        list(read_ion(text))


def test_an_ion_text_has_rows() -> None:
    """Rule 3: the function gives the first one, or all."""
    scope = {"rows": "{a:1}\n{a:2}\n"}
    assert evaluate("{{ fromIon(rows).a }}", scope) == 1
    assert evaluate("{{ fromIon(rows, allRows=true) }}", scope) == [{"a": 1}, {"a": 2}]
    assert evaluate("{{ fromIon('') }}", scope) is None
    assert evaluate("{{ fromIon(null) }}", scope) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'string'", '"string"'),
        ("1", "1"),
        ("1.5", "1.5e0"),
        ("1e30", "1e+30"),
        ("['string', 1, 1.5]", '["string",1,1.5e0]'),
        ("true", "true"),
        ("null", "null"),
        ("{'empty_object': {}}", "{empty_object:{}}"),
        ("{'int': 1, 'a b': 2, 'null': 3, 'it\\'s \"': 4}", "{int:1,'a b':2,'null':3,'it\\'s \"':4}"),
        ("'a\"b\\n\\u0001'", '"a\\"b\\n\\x01"'),
    ],
)
def test_ion_is_written_on_one_line(text: str, value: str) -> None:
    """Rule 4."""
    assert evaluate("{{ " + text + " | toIon }}", {}) == value


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4),
    max_leaves=15,
)


@given(VALUES)
def test_what_is_written_is_read_again(value: Any) -> None:
    """Any plain value."""
    assert list(read_ion(write_ion(value))) == [value]


@given(st.text(alphabet="{}[]()'\":,\\/*$n0a1.-_eT+ \n"))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but an error of ours comes out."""
    try:
        list(read_ion(text))
    except ExpressionError as error:
        assert "Ion" in str(error)  # noqa: PT017  both outcomes are right
