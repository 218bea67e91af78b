"""Filters on texts: case, parts, padding, splitting, replacing. What each does is what Kestra's and Pebble's manuals say."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from onbeat.core.expressions import guard
from onbeat.core.expressions.budget import check_text
from onbeat.core.expressions.context import Context
from onbeat.core.expressions.errors import ExpressionError
from onbeat.core.expressions.java_format import format_text
from onbeat.core.expressions.methods import replaced
from onbeat.core.expressions.patterns import compile_pattern, substitute
from onbeat.core.expressions.texts import kind_of, written

_META = frozenset(".$|()[{^?*+\\")
_ESCAPES = {"single": ("'", "\\'"), "double": ('"', '\\"'), "shell": ("'", "'\\''")}
_SPACES = re.compile(r"\s")
_NOT_SLUG = re.compile(r"[^\w-]", re.ASCII)
_DASHES = re.compile(r"-{2,}")
_TAGS = re.compile(r"<[^<>]{0,1000}>")


def abbreviate(context: Context, value: str, length: int) -> str:
    """At most that many characters, the last three of them dots when it was longer."""
    if length < 0:
        raise ExpressionError("the filter `abbreviate` takes a length of 0 or more")
    if len(value) < length or len(value) <= 3:
        return value
    return value[:length] if length <= 3 else value[: length - 3] + "..."


def capitalize(context: Context, value: str) -> str:
    """The first letter as a capital, the rest as it is."""
    start = len(value) - len(value.lstrip())
    return value[:start] + value[start : start + 1].title() + value[start + 1 :]


def title(context: Context, value: str) -> str:
    """The first letter of every word as a capital, the rest as it is."""
    context.budget.spend(len(value) >> 3)
    letters, begins = [], True
    for letter in value:
        letters.append(letter.title() if begins else letter)
        begins = letter.isspace()
    return "".join(letters)


def upper(context: Context, value: Any) -> str:
    return written(context, value).upper()


def lower(context: Context, value: Any) -> str:
    return written(context, value).lower()


def trim(context: Context, value: str, characters: str | None = None) -> str:
    return value.strip(characters)


def string(context: Context, value: Any) -> str:
    return written(context, value)


def starts_with(context: Context, value: Any, start: Any) -> bool:
    return written(context, value).startswith(written(context, start))


def ends_with(context: Context, value: Any, end: Any) -> bool:
    return written(context, value).endswith(written(context, end))


def substring_before(context: Context, value: Any, separator: str) -> str:
    """What is before the first separator; all of it when there is none."""
    return written(context, value).partition(separator)[0] if separator else ""


def substring_before_last(context: Context, value: Any, separator: str) -> str:
    """What is before the last separator; all of it when there is none."""
    text = written(context, value)
    return text.rpartition(separator)[0] if separator and separator in text else text


def substring_after(context: Context, value: Any, separator: str) -> str:
    """What is after the first separator; nothing when there is none."""
    text = written(context, value)
    return text.partition(separator)[2] if separator else text


def substring_after_last(context: Context, value: Any, separator: str) -> str:
    """What is after the last separator; nothing when there is none."""
    text = written(context, value)
    return text.rpartition(separator)[2] if separator and separator in text else ""


def split(context: Context, value: str, delimiter: str, limit: int = 0) -> list[str]:
    """The parts between the delimiters. The delimiter is a pattern; a single character, or one after a backslash, is itself."""
    if type(limit) is not int:
        raise ExpressionError("the filter `split` takes a whole number as its limit")
    literal = _literal(delimiter)
    if literal is None:
        pattern = compile_pattern(context, delimiter, value)
        context.budget.spend(len(value) >> 5)
        parts = [part or "" for part in pattern.split(value, max(0, limit - 1))] if limit != 1 else [value]
    elif literal:
        parts = value.split(literal, limit - 1 if limit > 0 else -1)
    else:
        parts = list(value)
    while limit == 0 and len(parts) > 1 and not parts[-1]:
        parts.pop()
    return parts


def replace(context: Context, value: Any, replace_pairs: Any, regexp: Any = False) -> Any:
    """Every key replaced by its value, in texts and everywhere inside maps and lists; `replace('old', 'new')` is Jinja2's form."""
    if isinstance(replace_pairs, str):
        pairs: Mapping[str, Any] = {replace_pairs: written(context, regexp)}
        regexp = False
    elif isinstance(replace_pairs, Mapping):
        pairs = replace_pairs
    else:
        raise ExpressionError(f"the filter `replace` takes a map of what to replace, not {kind_of(replace_pairs)}")

    def change(text: str) -> str:
        for old, new in pairs.items():
            if regexp is True:
                text = substitute(context, old, written(context, new), text)
            else:
                text = replaced(text, old, written(context, new))
            context.budget.spend(len(text) >> 6)
        return text

    return _everywhere(context, value, change)


def formatted(context: Context, value: str, *arguments: Any) -> str:
    """The text with `%s`, `%d`, `%.2f` … in it replaced by the arguments, as Java formats them."""
    return format_text(context, value, arguments)


def raw(context: Context, value: Any) -> Any:
    """The value as it is: nothing is escaped here anyway."""
    return value


def escape_char(context: Context, value: Any, type: str) -> Any:
    """Quotes escaped for a text in `single` or `double` quotes, or in single quotes of a shell; inside maps and lists too."""
    escape = _ESCAPES.get(type.lower())
    if escape is None:
        raise ExpressionError("the filter `escapeChar` takes `single`, `double` or `shell`")
    return _everywhere(context, value, lambda text: replaced(text, *escape))


def sh(context: Context, value: Any) -> str:
    """The value as one word of a shell command."""
    return "'" + replaced(written(context, value), "'", "'\\''") + "'"


def slugify(context: Context, value: Any) -> str:
    """Lower-case letters, digits and dashes."""
    text = written(context, value)
    context.budget.spend(len(text) >> 3)
    text = _NOT_SLUG.sub("", unicodedata.normalize("NFD", _SPACES.sub("-", text))).replace("_", "-")
    return _DASHES.sub("-", text).removeprefix("-").removesuffix("-").lower()


def indent(context: Context, value: Any, amount: int = 4, prefix: str = " ") -> str:
    """Every line but the first begins with that many spaces."""
    return _indented("indent", written(context, value), amount, prefix)


def nindent(context: Context, value: Any, amount: int, prefix: str = " ") -> str:
    """On a line of its own: every line begins with that many spaces."""
    text = written(context, value)
    return _indented("nindent", _line_end(text) + text, amount, prefix) if text else text


def condense_string(context: Context, value: Any) -> str:
    """White space at both ends dropped, and each run of it inside made one blank."""
    return " ".join(written(context, value).split())


def regex_match(context: Context, value: Any, regex: str) -> bool:
    """Whether the pattern is found in the text."""
    text = written(context, value)
    return compile_pattern(context, regex, text).search(text) is not None


def regex_extract(context: Context, value: Any, regex: str, group: int = 0) -> str | None:
    """What the pattern, or one of its groups, matched first; null when it does not."""
    text = written(context, value)
    found = compile_pattern(context, regex, text).search(text)
    return found[group] if found is not None else None


def regex_replace(context: Context, value: Any, regex: str, replacement: str) -> str:
    """Every match of the pattern replaced; `$1` stands for a group."""
    return substitute(context, regex, replacement, written(context, value))


def striptags(context: Context, value: Any) -> str:
    """HTML tags dropped."""
    return _TAGS.sub("", written(context, value))


def escape(context: Context, value: Any) -> str:
    """The signs that mean something in HTML, escaped."""
    text = written(context, value)
    for sign, name in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#39;")):
        text = replaced(text, sign, name)
    return text


def nl2br(context: Context, value: Any) -> str:
    """Line ends as HTML."""
    return replaced(written(context, value).replace("\r\n", "\n"), "\n", "<br />")


def _literal(delimiter: str) -> str | None:
    """The delimiter as it is, or None when it is a pattern."""
    if len(delimiter) == 1:
        return delimiter
    if len(delimiter) == 2 and delimiter[0] == "\\" and not delimiter[1].isalnum():
        return delimiter[1]
    return delimiter if not _META & set(delimiter) else None


def _everywhere(context: Context, value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, Mapping):
        context.budget.spend(len(value))
        return {key: _everywhere(context, item, change) for key, item in value.items()}
    if isinstance(value, list | tuple):
        context.budget.spend(len(value))
        return [_everywhere(context, item, change) for item in value]
    return None if value is None else change(written(context, value))


def _indented(name: str, text: str, amount: int, prefix: str) -> str:
    if type(amount) is not int or amount < 0:
        raise ExpressionError(f"the filter `{name}` takes an amount of 0 or more")
    check_text(len(text) + amount * len(prefix) * (text.count("\n") + text.count("\r") + 1))
    end = _line_end(text)
    return text.replace(end, end + prefix * amount)


def _line_end(text: str) -> str:
    return next((end for end in ("\r\n", "\n\r", "\n", "\r") if end in text), "\n")


FILTERS = guard.filters(
    {
        "abbreviate": abbreviate,
        "capitalize": capitalize,
        "condenseString": condense_string,
        "e": escape,
        "endsWith": ends_with,
        "escape": escape,
        "escapeChar": escape_char,
        "format": formatted,
        "indent": indent,
        "lower": lower,
        "nindent": nindent,
        "nl2br": nl2br,
        "raw": raw,
        "regexExtract": regex_extract,
        "regexMatch": regex_match,
        "regexReplace": regex_replace,
        "replace": replace,
        "sh": sh,
        "slugify": slugify,
        "split": split,
        "startsWith": starts_with,
        "string": string,
        "striptags": striptags,
        "substringAfter": substring_after,
        "substringAfterLast": substring_after_last,
        "substringBefore": substring_before,
        "substringBeforeLast": substring_before_last,
        "title": title,
        "trim": trim,
        "truncate": abbreviate,
        "upper": upper,
    }
)
