"""Say what is wrong with a YAML text in words that name the cure.

libyaml says "did not find expected key": true, and no help to who forgot to quote an expression. Its messages are few, so each has
a sentence of ours; what it says where a tab, or `{{` without quotes, is the real cause is replaced by that cause.

Rules
1. Tabs and unquoted expressions, the two most frequent mistakes, are named wherever libyaml tripped over them.
2. Every sentence ends in what to do. Line and column count from 1; where the cause is an earlier line, it is named.

Called by: yaml12.
"""

import re

import yaml

from onbeat.errors import Problem, UserError

_BARE_EXPRESSION = re.compile(r"(?:^|[:\[,?-]\s+)\{\{|[\"']\s*\{\{.*\}\}\s*[\"']\s*[^\s,\]}#]")
_LOOKED_AT = 1_000
"""Characters of a line that are searched for the cause: the search takes longer than the line is long."""


class YamlError(UserError):
    """The text is not the YAML we take: where, why, and what to write."""

    def __init__(self, name: str, line: int, column: int, sentence: str) -> None:
        self.name, self.line, self.column, self.sentence = name, line, column, sentence
        super().__init__(f"{name}:{line}:{column}: {sentence}")

    @property
    def problem(self) -> Problem:
        """The same as one line of a list of problems."""
        return Problem(self.name, self.line, self.column, self.sentence)


def line_and_column(text: str, index: int) -> tuple[int, int]:
    before = text[:index]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def key_cure(text: str, index: int) -> str:
    """Why a list or map cannot be a key: nearly always because an expression was not quoted."""
    if "{{" in (text[index - 1 : index + 1], text[index : index + 2]):
        return 'a value that begins with `{{` must be quoted: "{{ … }}"'
    return "a list or map cannot be a key; quote it, or write the key as text"


def explain(error: yaml.YAMLError, text: str) -> tuple[tuple[int, int], str]:
    """Where libyaml stopped, and what to do about it in our own words."""
    mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
    if mark is None or not isinstance(error, yaml.MarkedYAMLError):
        return (1, 1), f"this is not YAML: {getattr(error, 'reason', error)}"
    opened = error.context_mark or mark
    lines = text.splitlines()
    line = lines[mark.line][:_LOOKED_AT] if mark.line < len(lines) else ""
    place = (mark.line + 1, mark.column + 1)
    problem = error.problem or ""
    since = f" (it begins at line {opened.line + 1})" if opened.line != mark.line else ""
    if line[mark.column : mark.column + 1] == "\t" or "found a tab" in problem:
        return place, "tabs cannot indent; use spaces"
    if _BARE_EXPRESSION.search(line):
        return place, 'a value with `{{ … }}` at its start or end must be quoted as a whole: "{{ … }}"'
    if "could not find expected ':'" in problem:
        return (opened.line + 1, opened.column + 1), "this line has no `:`; write `key: value`, or indent it like the text it belongs to"
    for part, sentence in _SENTENCES:
        if part in problem:
            return place, sentence + since
    return place, f"{problem}{since}"


_SENTENCES = (
    ("cannot start any token", "a value cannot begin with this character; quote the value"),
    ("mapping values are not allowed", "there is a `: ` too many here; quote the value, or check how this line is indented"),
    ("did not find expected key", "this line does not fit the map around it; check its indentation and quotes"),
    ("did not find expected '-' indicator", "this line does not fit the list around it; check its indentation, or begin it with `- `"),
    ("did not find expected ',' or ']'", "a `,` or `]` is missing in this list"),
    ("did not find expected ',' or '}'", "a `,` or `}` is missing in this map"),
    ("did not find expected node content", "a value is missing here; write one, or close the list or map"),
    ("found unexpected end of stream", "a quote is never closed; close it"),
    ("found unknown escape character", "this `\\` escape is not known; use single quotes to keep backslashes"),
    ("did not find expected hexdecimal number", "this `\\` escape needs hexadecimal digits; use single quotes to keep backslashes"),
    ("found invalid Unicode character escape code", "this escape is half of a character; write the character itself"),
    ("block sequence entries are not allowed", "a list cannot begin here; put `- ` on a line of its own"),
    ("did not find expected alphabetic or numeric", "a value that begins with `*` or `&` must be quoted"),
    (
        "did not find expected <document start>",
        "this does not belong to the document above; check its indentation, or separate documents with `---`",
    ),
    ("found undefined tag handle", "a value that begins with `!` must be quoted"),
    ("found incompatible YAML document", "remove this `%YAML` line; YAML 1.2 is read"),
)
"""What libyaml says, and what we say."""
