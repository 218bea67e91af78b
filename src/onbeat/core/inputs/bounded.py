"""Match texts against patterns, and values against JSON Schemas, in bounded time.

Python's `re` goes back and tries again: `(a+)+$` on thirty characters takes minutes, and it cannot be stopped. jsonschema-rs brings a
matcher whose time grows with the text alone, and where a pattern needs going back (look-around, back-references) it counts the steps.

Rules
1. A pattern means what it means in Kestra (Java): `\\d` and `\\w` are ASCII, the whole text must match.
2. More steps than STEPS, or a pattern that is huge once it is compiled, is an error, not a wait.
3. A schema refers to nothing outside itself: nothing is fetched.
4. The library is loaded with the first pattern or schema: it costs 8 MB.

Called by: kinds for `validator` and `jsonSchema`.
"""

import importlib
import json
import re
from functools import lru_cache
from typing import Any

from onbeat.core.event import Json

STEPS = 100_000
"""How often a match may go back: some milliseconds."""
_COMPILED = 1_048_576
"""Bytes that a compiled pattern may take."""
_TOLD = 3
_NAMED = re.compile(r"((?:^|[^\\])(?:\\\\)*)\(\?P?<[a-zA-Z]\w*>")


def check_pattern(pattern: str) -> str:
    """The pattern, when it is one. Raises ValueError."""
    try:
        _matcher(pattern)
    except _library().ValidationError:
        raise ValueError(f"`{pattern}` is not a regular expression that can be matched in bounded time") from None
    return pattern


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text is as the pattern says. Raises ValueError when that takes too long."""
    problem = next(_matcher(pattern).iter_errors(text), None)
    if problem is not None and not isinstance(problem.kind, _library().ValidationErrorKind.Pattern):
        raise ValueError(f"matching it against the pattern `{pattern}` takes too long; make the pattern simpler")
    return problem is None


def check_schema(schema: Json) -> Json:
    """The schema, when it is one. Raises ValueError."""
    try:
        _validator(json.dumps(schema, sort_keys=True))
    except _library().ValidationError as wrong:
        where = "".join(f"/{part}" for part in wrong.instance_path)
        raise ValueError(f"it is not a JSON Schema: {where} {wrong.message}".replace("  ", " ")) from None
    return schema


def misfits(schema: Json, value: Json) -> list[str]:
    """What is wrong with a value by a schema, each with its place in the value; the first few."""
    found = []
    for problem in _validator(json.dumps(schema, sort_keys=True)).iter_errors(value):
        where = "".join(f"/{part}" for part in problem.instance_path)
        found.append(f"{where}: {problem.message}" if where else problem.message)
        if len(found) == _TOLD:
            break
    return found


@lru_cache(maxsize=256)
def _matcher(pattern: str) -> Any:
    plain = _NAMED.sub(r"\1(", pattern)
    _compile({"pattern": plain})  # by itself, for `a)|(b` would be right inside of other parentheses
    return _compile({"type": "string", "pattern": f"^(?:{plain})$"})


@lru_cache(maxsize=256)
def _validator(schema: str) -> Any:
    return _compile(json.loads(schema))


def _compile(schema: Json) -> Any:
    library = _library()
    options = library.FancyRegexOptions(backtrack_limit=STEPS, size_limit=_COMPILED, dfa_size_limit=_COMPILED)
    return library.validator_for(schema, pattern_options=options, offline=True, validate_formats=True)


def _library() -> Any:
    return importlib.import_module("jsonschema_rs")
