from types import MappingProxyType

import pytest
from immutables import Map

from onbeat.core.expressions import ExpressionError, evaluate

SCOPE = {
    "inputs": {"items": [1, 2, 3], "keys": "k", "my-key": 7, "1": "one", "true": "yes", "name": "Ada"},
    "map": Map({"items": "m", "nested": Map({"get": 1})}),
    "list": ["a", "b", "c"],
    "text": "hello",
    "nothing": None,
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("inputs.items", [1, 2, 3]),
        ("inputs.keys", "k"),
        ("map.items", "m"),
        ("map.nested.get", 1),
        ("inputs['my-key']", 7),
        ("inputs[1]", "one"),
        ("inputs[true]", "yes"),
        ("inputs.1", "one"),
        ("list[0]", "a"),
        ("list[-1]", "c"),
        ("list['1']", "b"),
        ("list.2", "c"),
        ("text[0]", "h"),
        ("list[1:]", ["b", "c"]),
        ("list[:2]", ["a", "b"]),
        ("text[::-1]", "olleh"),
        ("inputs[inputs.keys] is defined", False),
        ("nothing.x.y is defined", False),
        ("list[3] is defined", False),
        ("list['x'] ?? 'none'", "none"),
        ("text.nope ?? 'none'", "none"),
    ],
)
def test_a_key_comes_before_everything_else(text: str, value: object) -> None:
    """Rules 1 and 2: `inputs.items` is the key; what null or a missing value is asked for is missing."""
    assert evaluate("{{ " + text + " }}", SCOPE) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # maps, where no key of that name stands in the way
        ("map.nested.keys()", ["get"]),
        ("map.nested.keySet()", ["get"]),
        ("map.nested.values()", [1]),
        ("map.nested.items()", [["get", 1]]),
        ("map.nested.entrySet()", [{"key": "get", "value": 1}]),
        ("map.nested.size()", 1),
        ("map.nested.isEmpty()", False),
        ("map.nested.containsKey('get')", True),
        ("inputs.get('name')", "Ada"),
        ("inputs.get('nope', 'default')", "default"),
        ("inputs.getOrDefault('nope', 'default')", "default"),
        ("map.nested.toString()", '{"get":1}'),
        # lists
        ("list.size()", 3),
        ("list.isEmpty()", False),
        ("list.get(1)", "b"),
        ("list.contains('b')", True),
        ("list.indexOf('c')", 2),
        ("list.index('x')", -1),
        ("list.count('a')", 1),
        # texts, Java's names and Python's
        ("text.length()", 5),
        ("text.toUpperCase()", "HELLO"),
        ("text.upper().lower()", "hello"),
        ("text.toLowerCase()", "hello"),
        ("text.title()", "Hello"),
        ("text.capitalize()", "Hello"),
        ("' x '.trim()", "x"),
        ("' x '.strip()", "x"),
        ("'xxa'.lstrip('x')", "a"),
        ("'axx'.rstrip('x')", "a"),
        ("text.startsWith('he')", True),
        ("text.startswith('x')", False),
        ("text.endsWith('lo')", True),
        ("text.endswith('x')", False),
        ("text.contains('ell')", True),
        ("text.indexOf('l')", 2),
        ("text.find('z')", -1),
        ("text.count('l')", 2),
        ("text.split('l')", ["he", "", "o"]),
        ("'a b'.split()", ["a", "b"]),
        ("text.replace('l', 'L')", "heLLo"),
        ("text.substring(1, 3)", "el"),
        ("text.substring(3)", "lo"),
        ("text.equals('hello')", True),
        ("text.equalsIgnoreCase('HELLO')", True),
        ("''.isEmpty()", True),
        ("' '.isBlank()", True),
        ("'12'.isdigit()", True),
        ("text.toString()", "hello"),
    ],
)
def test_methods(text: str, value: object) -> None:
    """The methods that Kestra's flows and Jinja2's users call, on each kind of value."""
    assert evaluate("{{ " + text + " }}", SCOPE) == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("inputs.items()", "calls a list, which is not a function"),
        ("text.upper(1)", "cannot be worked out"),
        ("text.substring(-1)", "not inside of it"),
        ("nothing()", "there is no function"),
        ("text[0:'x']", "not a whole number"),
        ("list[::0]", "steps of 0"),
        ("inputs[1:2]", "takes a part of a map"),
        ("1..'b'", "a range goes"),
        ("range(0, 5, 0)", "steps of 0"),
        ("range('ab', 'c')", "a range goes"),
        ("range(1.5)", "whole numbers"),
        ("namespace(a=1).b", "Unable to find `namespace"),
        ("other.nope", "Unable to find `other.nope`"),
    ],
)
def test_what_cannot_be_looked_up_is_refused(text: str, reason: str) -> None:
    """With a sentence."""
    with pytest.raises(ExpressionError, match=reason):
        evaluate("{{ " + text + " }}", {**SCOPE, "other": MappingProxyType({"a": 1})})


def test_any_mapping_is_a_map() -> None:
    """Whatever kind of mapping stands in the scope."""
    assert evaluate("{{ x.keys }}{{ x['a'] }}{{ x.b is defined }}", {"x": MappingProxyType({"keys": 1, "a": 2})}) == "12false"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1..3", [1, 2, 3]),
        ("'a'..'d'", ["a", "b", "c", "d"]),
        ("range(0, 6, 2)", [0, 2, 4, 6]),
        ("range(3, 1, -1)", [3, 2, 1]),
        ("range(3)", [0, 1, 2]),
        ("range(2, 1)", []),
        ("range('1', '3')", ["1", "2", "3"]),
    ],
)
def test_ranges_include_both_ends(text: str, value: list[object]) -> None:
    """As in Kestra; with one argument as in Jinja2."""
    assert evaluate("{{ " + text + " }}", SCOPE) == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{% for x in text %}{% endfor %}", "loops over a text"),
        ("{% for x in 5 %}{% endfor %}", "loops over a number"),
        ("{% for a, b in list %}{% endfor %}", "cannot be worked out"),
    ],
)
def test_loops_take_lists_and_maps(text: str, reason: str) -> None:
    """A text that looks like a list is not one; the message says how to read it."""
    with pytest.raises(ExpressionError, match=reason):
        evaluate(text, {**SCOPE, "list": [1]})


def test_loops_know_their_neighbours() -> None:
    """The rest of the loop variable."""
    body = "{{ loop.revindex0 }}{{ loop.index0 }}{{ loop.cycle('odd', 'even') }}{{ loop.previtem ?? '-' }}{{ loop.nextitem ?? '-' }} "
    assert evaluate("{% for x in list %}" + body + "{% endfor %}", SCOPE) == "20odd-b 11evenac 02oddb- "
