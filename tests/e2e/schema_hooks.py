"""Leave out of the campaign what is right as it is sent, though it was made to be wrong.

A query has texts only. An empty list or object is not sent at all, a list of one is its text, and one text in place of a list is a list of
it: the server cannot know that something else was meant.

Called by: schemathesis, which schema_campaign.py tells of it.
"""

import json
from collections.abc import Mapping
from typing import Any

import jsonschema_rs
import schemathesis


@schemathesis.hook
def filter_query(context: Any, query: Any) -> bool:
    """Whether to send it."""
    if not isinstance(query, Mapping):
        return True
    known = {each.name: each.definition for each in context.operation.query}
    if any(each.get("required") and name not in query for name, each in known.items()):
        return True
    return not is_right_as_sent(query, {name: each.get("schema", {}) for name, each in known.items()})


def is_right_as_sent(query: Mapping[str, Any], schemas: Mapping[str, Any]) -> bool:
    """Whether something in it is wrong, and nothing of what arrives is. schemas: of each parameter that there is."""
    wrong = {name: value for name, value in query.items() if not _fits(value, schemas.get(name))}
    return bool(wrong) and all(_arrives_right(value, schemas.get(name)) for name, value in wrong.items())


def _arrives_right(value: Any, schema: Any) -> bool:
    texts = _sent(value)
    if not texts:
        return True
    if _fits(texts, schema):
        return True
    return len(texts) == 1 and (_fits(texts[0], schema) or (texts[0].isdecimal() and _fits(int(texts[0]), schema)))


def _sent(value: Any) -> list[str]:
    """The texts that arrive under the name."""
    if value is None:
        return []
    if isinstance(value, list | Mapping):
        return ["" if each in ([], {}) else _text(each) for each in value if each is not None]
    return [_text(value)]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _fits(value: Any, schema: Any) -> bool:
    """What cannot be told is wrong."""
    if schema is None:
        return False
    try:
        return bool(jsonschema_rs.is_valid(schema, value))
    except ValueError:
        return False
