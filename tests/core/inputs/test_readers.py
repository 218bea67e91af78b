import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onbeat.core.inputs.readers import FORMS


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        ("STRING", "", ""),
        ("STRING", 42, "42"),
        ("STRING", 1.5, "1.5"),
        ("STRING", True, "true"),
        ("STRING", {"a": ["é"]}, '{"a":["é"]}'),
        ("INT", "42", 42),
        ("INT", "-007", -7),
        ("INT", "+3", 3),
        ("INT", 42.0, 42),
        ("INT", 2**63 - 1, 2**63 - 1),
        ("FLOAT", "42.42", 42.42),
        ("FLOAT", "-.5e1", -5.0),
        ("FLOAT", 42, 42.0),
        ("BOOLEAN", "TRUE", True),
        ("BOOL", "false", False),
        ("BOOL", False, False),
        ("DATETIME", "2019-10-06T18:27:49Z", "2019-10-06T18:27:49Z"),
        ("DATETIME", "2019-10-06T18:27Z", "2019-10-06T18:27:00Z"),
        ("DATETIME", "2019-10-06T18:27:49.5+02:00", "2019-10-06T16:27:49.500Z"),
        ("DATETIME", "2019-10-06t18:27:49.123456789z", "2019-10-06T18:27:49.123456Z"),
        ("DATE", "2024-02-29", "2024-02-29"),
        ("TIME", "18:27", "18:27:00"),
        ("TIME", "18:27:49.25", "18:27:49.250"),
        ("DURATION", "PT60S", "PT1M"),
        ("JSON", '{"a": "b"}', {"a": "b"}),
        ("JSON", "{}", {}),
        ("JSON", "123456789012345678901", 123456789012345678901),
        ("JSON", '"text"', "text"),
        ("JSON", [1], [1]),
        ("JSON", 1, 1),
        ("YAML", "some: property\nalist:\n- of\n- values", {"some": "property", "alist": ["of", "values"]}),
        ("YAML", "on", "on"),
        ("YAML", {"a": 1}, {"a": 1}),
        ("URI", "https://www.google.com", "https://www.google.com"),
        ("URI", "http:/bla", "http:/bla"),
        ("URI", "kestra:///a/b.txt", "kestra:///a/b.txt"),
        ("EMAIL", "jane.doe+x@mail.example.org", "jane.doe+x@mail.example.org"),
        ("FILE", "kestra:///io/kestra/f.txt", "kestra:///io/kestra/f.txt"),
        ("FILE", "nsfile:///f.txt", "nsfile:///f.txt"),
        ("ARRAY", "[1, 2]", [1, 2]),
        ("ARRAY", ["a"], ["a"]),
    ],
)
def test_text_and_json_forms_of_a_value_are_equal(type_: str, value: Any, expected: Any) -> None:
    """Whatever the caller's form, the task sees one typed value, as plain JSON."""
    form = FORMS[type_]
    read = form.write(form.read(value))
    assert (read, type(read)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("type_", "values"),
    [
        ("INT", ["", "a", "1.5", "1_000", " 1", "٣", "0x1", 1.5, True, None, [], {}, 1e300, 2**63, "9" * 19, "9" * 5000]),
        ("FLOAT", ["", "nan", "inf", "1_0", "1e999", float("nan"), float("inf"), 10**400, True, [], "9" * 5000]),
        ("BOOLEAN", ["yes", "1", "", 1, 0, [], "on"]),
        ("DATETIME", ["2019-10-06T18:27:49", "2019-10-06", "20191006T182749Z", "2019-13-06T18:27:49Z", "2019-10-06T18:27:60Z", 5]),
        ("DATETIME", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2019-10-06 18:27:49Z", "x" * 5000]),
        ("DATE", ["2023-02-29", "2023-1-1", "20230101", "2023-W01-1", "", 20230101]),
        ("TIME", ["24:00", "7:30", "12:30Z", "12", "", 5]),
        ("DURATION", ["30", 30, "P1M", "", "-PT5S", None, []]),
        ("JSON", ["{", "", "NaN", "[Infinity]", "1e999", "[" * 100_000, "9" * 5000, "{'a': 1}"]),
        ("YAML", ["a: [", "\ta: 1", "[" * 100_000]),
        ("URI", ["bla", "", "://x", "http://a b", 5, None, "http:/" + "x" * 9000]),
        ("EMAIL", ["", "a", "a@b", "a@b@c.d", "a b@c.d", "a@.b", "a@b..c", "@b.c", "a" * 9000 + "@b.c", 5]),
        ("FILE", ["", "/etc/passwd", "https://x/y", "kestra:///", "kestra:///a/../../b", 5, {}]),
        ("ARRAY", ["", "a", "{}", {}, 5]),
    ],
)
def test_nothing_is_guessed(type_: str, values: list[Any]) -> None:
    """What is not plainly a value of the type is refused, with nothing but a ValueError."""
    for value in values:
        with pytest.raises(ValueError):  # noqa: PT011 the caller adds the message
            FORMS[type_].read(value)


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(deadline=None)
@given(st.sampled_from(sorted(FORMS.keys() - {"JSON", "YAML"})), ANY)
def test_what_is_written_is_read_back_the_same(type_: str, value: Any) -> None:
    """Any value is refused by a ValueError, or becomes JSON that means itself: resolving again changes nothing."""
    form = FORMS[type_]
    try:
        written = form.write(form.read(value))
    except ValueError:
        return
    assert form.write(form.read(written)) == written
    assert json.loads(json.dumps(written, allow_nan=False)) == written
