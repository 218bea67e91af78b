"""Every name of Kestra's expressions is known: filters, functions, tests, operators and tags, each with what its manual says of it.

What each name does in detail is tested beside its module; here nobody can forget one.
"""

from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from onbeat.core.expressions import ExpressionError, NeedsOutside, compile_text, evaluate
from onbeat.core.expressions.environment import FILTERS, FUNCTIONS, TESTS
from onbeat.core.expressions.outside import ABSENT
from onbeat.core.expressions.parser import TAGS

SCOPE: dict[str, Any] = {
    "at": "2025-01-06T10:20:30.123456Z",
    "map": {"foo": "bar", "baz": "qux"},
    "users": [{"name": "Ada", "city": "Ulm"}, {"name": "Bob", "city": "Rom"}],
    "x": 5,
    "outputs": {"loop": {"outputs": [{"outputs": {"r": "a"}}]}, "t": {"v": {"value": 1}}, "parent": {"value": 2}},
    "tasks": {"t": {"state": "FAILED"}},
    "taskrun": {"value": "v", "iteration": 1},
    "task": {"id": "t"},
    "parents": [{"outputs": {"value": 2}}],
    "envs": {"api_host": "host"},
    "__values__": ("v", "w"),
    "__now__": datetime(2025, 1, 6, tzinfo=UTC),
    "__random__": Random(1).getrandbits,
}

FILTER_CASES: dict[str, tuple[str, object]] = {
    "abbreviate": ("'this is a long sentence.' | abbreviate(7)", "this..."),
    "abs": ("-7 | abs", 7),
    "base64decode": ("'dGVzdA==' | base64decode", "test"),
    "base64encode": ("'test' | base64encode", "dGVzdA=="),
    "capitalize": ("'hello world' | capitalize", "Hello world"),
    "chunk": ("[1, 2, 3, 4, 5] | chunk(2)", [[1, 2], [3, 4], [5]]),
    "className": ("'9223372036854775807' | number('BIGDECIMAL') | className", "java.math.BigDecimal"),
    "date": ("at | date('yyyy-MM-dd')", "2025-01-06"),
    "dateAdd": ("at | dateAdd(-1, 'DAYS') | date('yyyy-MM-dd')", "2025-01-05"),
    "default": ("user.phoneNumber | default('No phone number')", "No phone number"),
    "distinct": ("[1, 2, 2, 3, 1] | distinct", [1, 2, 3]),
    "endsWith": ("'report.csv' | endsWith('.csv')", True),
    "escape": ("'<a>' | escape", "&lt;a&gt;"),
    "escapeChar": ("\"Can't be here\" | escapeChar('single')", "Can\\'t be here"),
    "first": ("'Kestra' | first", "K"),
    "flatten": ("[[1, 2], [3, 4], [5]] | flatten", [1, 2, 3, 4, 5]),
    "format": ("'Hello %s!' | format('World')", "Hello World!"),
    "indent": ("'a\nb' | indent(4)", "a\n    b"),
    "join": ("['apple', 'banana'] | join(', ')", "apple, banana"),
    "jq": ("[1, 2, 3] | jq('.[0]') | first", 1),
    "json": ("[1, 2, 3] | json", "[1,2,3]"),
    "keys": ("map | keys", ["foo", "baz"]),
    "last": ("['apple', 'cherry'] | last", "cherry"),
    "length": ("'Kestra' | length", 6),
    "lower": ("'LOUD TEXT' | lower", "loud text"),
    "md5": ("'test' | md5", "098f6bcd4621d373cade4e832627b4f6"),
    "merge": ("[1, 2] | merge([3, 4])", [1, 2, 3, 4]),
    "nindent": ("'a\nb' | nindent(2)", "\n  a\n  b"),
    "nl2br": ("'a\nb' | nl2br", "a<br />b"),
    "number": ("'12.3' | number", 12.3),
    "numberFormat": ("3.141592653 | numberFormat('#.##')", "3.14"),
    "numberformat": ("1234.5 | numberformat('#,##0.00')", "1,234.50"),
    "raw": ("'<b>' | raw", "<b>"),
    "replace": ("'I like %this% and %that%.' | replace({'%this%': 'foo', '%that%': 'bar'})", "I like foo and bar."),
    "reverse": ("[1, 2, 3] | reverse", [3, 2, 1]),
    "rsort": ("[3, 1, 2] | rsort", [3, 2, 1]),
    "sha1": ("'test' | sha1", "a94a8fe5ccb19ba61c4c0873d391e987982fbbd3"),
    "sha256": ("'test' | sha256", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
    "sha512": ("'test' | sha512 | length", 128),
    "slice": ("'Kestra' | slice(1, 3)", "es"),
    "slugify": ("'Hello World!' | slugify", "hello-world"),
    "sort": ("[3, 1, 2] | sort", [1, 2, 3]),
    "split": ("'apple,banana,cherry,grape' | split(',', 2)", ["apple", "banana,cherry,grape"]),
    "startsWith": ("'kestra://file.csv' | startsWith('kestra://')", True),
    "string": ("42 | string", "42"),
    "substringAfter": ("'a.b.c' | substringAfter('.')", "b.c"),
    "substringAfterLast": ("'a.b.c' | substringAfterLast('.')", "c"),
    "substringBefore": ("'a.b.c' | substringBefore('.')", "a"),
    "substringBeforeLast": ("'a.b.c' | substringBeforeLast('.')", "a.b"),
    "timestamp": ("at | timestamp", 1736158830),
    "timestampMicro": ("at | timestampMicro", 1736158830123456),
    "timestampMilli": ("at | timestampMilli", 1736158830123),
    "timestampNano": ("at | timestampNano", 1736158830123456000),
    "title": ("'article title' | title", "Article Title"),
    "toIon": ("{'int': 1} | toIon", "{int:1}"),
    "toJson": ("true | toJson", "true"),
    "trim": ("'  padded  ' | trim", "padded"),
    "upper": ("'quiet text' | upper", "QUIET TEXT"),
    "urldecode": ("'The+string+%C3%BC%40foo-bar' | urldecode", "The string ü@foo-bar"),
    "urlencode": ("'The string ü@foo-bar' | urlencode", "The+string+%C3%BC%40foo-bar"),
    "values": ("map | values", ["bar", "qux"]),
    "yaml": ("{'key': 'value'} | yaml", "key: value\n"),
}

FUNCTION_CASES: dict[str, tuple[str, object]] = {
    "currentEachOutput": ("currentEachOutput(outputs.t).value", 1),
    "dayOfMonth": ("dayOfMonth(at)", 6),
    "dayOfWeek": ("dayOfWeek(at)", "MONDAY"),
    "env": ("env('API_HOST')", "host"),
    "fetchContext": ("fetchContext().x", 5),
    "fromIon": ("fromIon('{date:2024-04-21T23:00:00.000Z, title:\"Main_Page\",views:109787}').title", "Main_Page"),
    "fromJson": ("fromJson('[1, 2, 3]')[0]", 1),
    "hourOfDay": ("hourOfDay(at)", 10),
    "id": ("id() | length", 22),
    "isDateAfter": ("isDateAfter(at, '2025-01-01')", True),
    "isDateBefore": ("isDateBefore(at, '2025-01-01')", False),
    "isDateBetween": ("isDateBetween(at, '2024-12-31T23:59:59Z', '2025-06-30T23:59:59Z')", True),
    "isDayWeekInMonth": ("isDayWeekInMonth(at, 'MONDAY', 'FIRST')", True),
    "isLastWorkingDay": ("isLastWorkingDay('2025-01-31')", True),
    "isPublicHoliday": ("isPublicHoliday('2025-07-04', 'US')", True),
    "isWeekend": ("isWeekend(at)", False),
    "iterationOutput": ("iterationOutput()", 1),
    "json": ("json('{\"a\": 1}').a", 1),
    "ksuid": ("ksuid() | length", 27),
    "loopOutputs": ("loopOutputs(outputs.loop.outputs, 'r')", ["a"]),
    "max": ("max(5, 10, 15)", 15),
    "min": ("min(5, 10, 15)", 5),
    "monthOfYear": ("monthOfYear(at)", 1),
    "nanoId": ("nanoId(length=10) | length", 10),
    "now": ("now(timeZone='Europe/Paris') | date('yyyy')", "2025"),
    "parentOutput": ("parentOutput().value", 2),
    "printContext": ("printContext().x", 5),
    "randomInt": ("randomInt(1, 2)", 1),
    "randomPort": ("randomPort() > 1024", True),
    "range": ("range(0, 6, 2)", [0, 2, 4, 6]),
    "render": ("render('{{ \\'{{ x }}\\' }}')", 5),
    "renderOnce": ("renderOnce('{{ x }}')", 5),
    "tasksWithState": ("tasksWithState('FAILED')", [{"taskId": "t", "state": "FAILED"}]),
    "uuid": ("uuid() | length", 36),
    "yaml": ("yaml('foo: [666, 1, 2]').foo[0]", 666),
}
ASKED = (
    *("decrypt", "encrypt", "errorLogs", "fileEmpty", "fileExists", "fileSize", "fileURI", "http", "isFileEmpty", "kv", "read", "secret"),
)
"""Functions that are answered outside of an expression; each is tested there (tests/engine/test_outside*.py)."""
NOT_HERE = ("appLink", "credential", "i18n", "parent", "subflow")
"""Functions of Kestra's paid edition, its forms, and of templates that extend others."""

TEST_CASES: dict[str, tuple[str, bool]] = {
    "defined": ("missing", False),
    "empty": ("''", True),
    "even": ("2", True),
    "iterable": ("users", True),
    "json": ("'{\"test\": 1}'", True),
    "map": ("map", True),
    "null": ("null", True),
    "odd": ("3", True),
}

OPERATOR_CASES = [
    ("2 + 2 / (10 % 3) * (8 - 1)", 16),
    ("100 + 10l * 2.5", 125.0),
    ("-3 + +1", -2),
    ("'apple' ~ 'pear' ~ 'banana'", "applepearbanana"),
    ("x == 5 and x != 6 and x > 4 and x < 6 and x >= 5 and x <= 5", True),
    ("x equals '5'", True),
    ("not (x == 5) or false", False),
    ("2 is even and 3 is odd", True),
    ("3 is not even", True),
    ("['apple', 'pear'] contains 'apple'", True),
    ("['apple', 'pear', 'banana', 'peach'] contains ['apple', 'peach']", True),
    ("{'apple': 'red', 'banana': 'yellow'} contains 'banana'", True),
    ("'SUCCESS' isIn ['SUCCESS', 'KILLED', 'CANCELLED']", True),
    ("missing ?? null ?? 'default'", "default"),
    ("missing ??? 'default'", "default"),
    ("null ??? 'default'", None),
    ("missing == null ? 'bar' : 'baz'", ExpressionError),
    ("missing ?? null ?? raise", ExpressionError),
    ("x ?? raise", 5),
    ("1..3", [1, 2, 3]),
    ("users[0].name ~ users[1]['city']", "AdaRom"),
    ("users.length ~ users.size ~ 'abc'.length ~ [].empty", "223true"),
    ("'abc'.toUpperCase()", "ABC"),
]

TAG_CASES: dict[str, tuple[str, str]] = {
    "if": ("{% if users is empty %}none{% elseif users.length == 1 %}one{% else %}many{% endif %}", "many"),
    "for": (
        "{% for user in users %}{{ loop.index }}/{{ loop.length }}{{ loop.first }}{{ loop.last }}{{ loop.revindex }} "
        "{% else %}-{% endfor %}",
        "0/2truefalse1 1/2falsetrue0 ",
    ),
    "set": ("{% set header = 'Welcome Page' %}{{ header }}", "Welcome Page"),
    "macro": (
        "{% macro input(type='text', name, value='') %}{{ type }}-{{ name }}-{{ value }};{{ value2 ?? 'none' }}{% endmacro %}"
        "{{ input(name='country') }}",
        "text-country-;none",
    ),
    "block": ('{% block "header" %}Introduction{% endblock %}-{{ block("header") }}', "Introduction-Introduction"),
    "filter": ("{% filter lower | title %}HELLO world{% endfilter %}", "Hello World"),
    "raw": ("{%- raw -%}{{ user.name }}{%- endraw -%}", "{{ user.name }}"),
    "verbatim": ("{% verbatim %}{{ user.name }}{% endverbatim %}", "{{ user.name }}"),
}


@pytest.mark.parametrize("name", FILTER_CASES)
def test_filters(name: str) -> None:
    """Each does what Kestra's manual shows."""
    text, value = FILTER_CASES[name]
    assert f"| {name}" in text
    assert evaluate("{{ " + text + " }}", SCOPE) == value


@pytest.mark.parametrize("name", FUNCTION_CASES)
def test_functions(name: str) -> None:
    """Each does what Kestra's manual shows."""
    text, value = FUNCTION_CASES[name]
    assert f"{name}(" in text
    assert evaluate("{{ " + text + " }}", SCOPE) == value


@pytest.mark.parametrize("name", ASKED)
def test_functions_that_are_asked_of_the_shell(name: str) -> None:
    """Known while compiling, and asked for when they are called."""
    assert compile_text("{{ " + name + "('x') }}").reaches == {name}
    with pytest.raises(NeedsOutside, match=name):
        evaluate("{{ " + name + "('x') }}", SCOPE)


@pytest.mark.parametrize("name", NOT_HERE)
def test_functions_that_are_not_available(name: str) -> None:
    """Known, and clear about it."""
    with pytest.raises(ExpressionError, match=f"`{name}` is not available"):
        evaluate("{{ " + name + "('x') }}", SCOPE)


@pytest.mark.parametrize("name", TEST_CASES)
def test_tests(name: str) -> None:
    """Each answers as Kestra's manual says, and `is not` the opposite."""
    value, answer = TEST_CASES[name]
    assert evaluate("{{ " + value + " is " + name + " }}", SCOPE) is answer
    assert evaluate("{{ " + value + " is not " + name + " }}", SCOPE) is not answer


@pytest.mark.parametrize(("text", "value"), OPERATOR_CASES)
def test_operators(text: str, value: Any) -> None:
    """Each as Kestra's manual shows; a missing name fails unless something stands for it."""
    if value is ExpressionError:
        with pytest.raises(ExpressionError):
            evaluate("{{ " + text + " }}", SCOPE)
    else:
        assert evaluate("{{ " + text + " }}", SCOPE) == value


@pytest.mark.parametrize("name", TAG_CASES)
def test_tags(name: str) -> None:
    """Each as Kestra's manual shows."""
    text, value = TAG_CASES[name]
    assert evaluate(text, SCOPE) == value


def test_a_macro_may_be_given_the_context() -> None:
    """As Kestra's macros take it: by name."""
    text = "{% set foo = 'bar' %}{% macro display(_context) %}{{ _context.foo }}{{ _context.x }}{% endmacro %}{{ display(_context) }}"
    assert evaluate(text, SCOPE) == "bar5"
    assert evaluate("{{ _context | length }} {{ _context.__now__ ?? 'hidden' }}", {"a": 1, "__now__": 2}) == "1 hidden"


def test_no_name_is_forgotten() -> None:
    """Every name of the tables is one that expressions know; none of Kestra's is left out of the tables' groups."""
    assert FILTER_CASES.keys() <= FILTERS.keys()
    known = {*FUNCTION_CASES, *ASKED, *NOT_HERE, "block"}
    assert known <= FUNCTIONS.keys()
    assert FUNCTIONS.keys() - known == {"dict", "namespace"}, "only Jinja2's own are not Kestra's"
    assert set(NOT_HERE) == set(ABSENT)
    assert TEST_CASES.keys() <= TESTS.keys()
    assert TAG_CASES.keys() <= set(TAGS)
