import pytest

from onbeat.core.expressions import ExpressionError, evaluate


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'Hello %s!' | format('World')", "Hello World!"),
        ("'%s %S' | format([1], 'up')", "[1] UP"),
        ("'%s|%5s|%-5s|%.2s' | format(null, 'a', 'b', 'cdef')", "null|    a|b    |cd"),
        ("'%d %05d %,d %+d % d %-4d|' | format(1, -42, 1234567, 3, 4, 5)", "1 -0042 1,234,567 +3  4 5   |"),
        ("'%x %X %o %x' | format(255, 255, 8, -1)", "ff FF 10 ffffffff"),
        ("'%f %.2f %,.1f %.0f' | format(1.5, 2.345, 1234.56, 0.5)", "1.500000 2.35 1,234.6 1"),
        ("'%e %.1E' | format(12345.678, 0.00012)", "1.234568e+04 1.2E-04"),
        ("'%b %B %b %b' | format(true, 'x', null, false)", "true TRUE false false"),
        ("'%c%c%n100%%' | format('xyz', 65)", "xA\n100%"),
        ("'%2$s %1$s %s' | format('a', 'b')", "b a a"),
        ("'%d' | format('7')", "7"),
        ("'nothing' | format('unused')", "nothing"),
        ("'%20s' | format('x') | length", 20),
    ],
)
def test_texts_are_filled_as_in_java(text: str, value: object) -> None:
    """Rule 1: the kinds, flags, widths and places of String.format."""
    assert evaluate("{{ " + text + " }}", {}) == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("'%1000000000d' | format(1)", "takes a text with `%s`"),
        ("'%.100f' | format(1)", "takes a text with `%s`"),
        ("'%q' | format(1)", "takes a text with `%s`"),
        ("'100%' | format", "takes a text with `%s`"),
        ("'%s' | format", "no argument number 1"),
        ("'%3$s' | format(1, 2)", "no argument number 3"),
        ("'%d' | format('x')", "takes a whole number there, not a text"),
        ("'%d' | format(1.5)", "takes a whole number there, not a number"),
        ("'%f' | format([1])", "takes a number there, not a list"),
        ("'%f' | format(1e305)", "too large"),
    ],
)
def test_what_cannot_be_filled_is_refused(text: str, reason: str) -> None:
    """Rule 2: a width is no way to fill the memory; the message never shows the value."""
    with pytest.raises(ExpressionError, match=reason):
        evaluate("{{ " + text + " }}", {})
