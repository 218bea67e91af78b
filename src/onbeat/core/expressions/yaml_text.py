"""Read and write YAML inside expressions, as 1.2 and within limits.

PyYAML reads YAML 1.1 (`on` becomes true, `010` becomes 8), lets 306 bytes of aliases grow without end, and its C loader kills the
process on deep nesting while it builds. So only its scanner is used: the value is built here, from events, and counted.

Rules
1. true, false, null, integers and floats are read as the core schema of YAML 1.2 says; everything else is text.
2. Aliases, tags, a second document, a key twice, more than DEPTH levels or NODES values are refused.
3. What is written quotes every text that YAML 1.1 or 1.2 would read as something else.

Called by: the function and the filter `yaml`.
"""

import math
import re
from collections.abc import Iterator
from typing import Any

import yaml

from onbeat.core.expressions.errors import ExpressionError
from onbeat.core.values import DEPTH

NODES = 20_000

_INT = re.compile(r"[-+]?[0-9]{1,400}|0x[0-9a-fA-F]{1,300}|0o[0-7]{1,400}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_CONSTANTS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


def read_yaml(text: str) -> Any:
    """The value that the YAML text says."""
    try:
        events = yaml.parse(text, Loader=yaml.CSafeLoader)
        return _Reader(events).read()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" at line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
        raise ExpressionError(f"the text is not YAML{place}") from None


def write_yaml(value: Any) -> str:
    """The value as YAML, keys in their order."""
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=math.inf)
    return text.removesuffix("...\n")


class _Dumper(yaml.CSafeDumper):
    """Writes every value in its place: a value that is there twice is written twice."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


class _Reader:
    """Builds a value from the events of a YAML text."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._nodes = 0

    def read(self) -> Any:
        """The one document's value; null when there is none."""
        value, documents = None, 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise ExpressionError("the YAML text has more than one document")
                value = self._value(next(self._events), 0)
        return value

    def _value(self, event: Any, depth: int) -> Any:
        self._nodes += 1
        if isinstance(event, yaml.AliasEvent):
            raise ExpressionError("the YAML text has an alias, which is not allowed in expressions")
        if depth > DEPTH or self._nodes > NODES:
            raise ExpressionError(f"the YAML text has more than {DEPTH} levels or {NODES:,} values")
        if getattr(event, "tag", None) not in (None, "!"):
            raise ExpressionError("the YAML text has a tag, which is not allowed in expressions")
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event.value) if event.implicit[0] else event.value
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(depth)
        return self._map(depth)

    def _list(self, depth: int) -> list[Any]:
        result: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            result.append(self._value(event, depth + 1))
        return result

    def _map(self, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise ExpressionError("the YAML text has a key that is not text")
            if event.value in result:
                raise ExpressionError("the YAML text has a key twice")
            result[event.value] = self._value(next(self._events), depth + 1)
        return result


def _scalar(text: str) -> Any:
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INT.fullmatch(text):
        return int(text, 0 if text[:2] in ("0x", "0o") else 10)
    if _FLOAT.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return text
