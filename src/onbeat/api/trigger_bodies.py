"""Say in the document what the bodies about triggers look like: their handlers read them, for Kestra's clients send a whole trigger back.

Called by: trigger_changes.
"""

from typing import Any

_TEXT = {"type": "string"}
_INSTANT = {"type": "string", "format": "date-time"}
_NAMED: dict[str, Any] = {"anyOf": [{"required": ["name"]}, {"required": ["namespace", "flowId", "triggerId"]}]}
_NAMES: dict[str, Any] = {"name": _TEXT, "namespace": _TEXT, "flowId": _TEXT, "triggerId": _TEXT}
_BACKFILL: dict[str, Any] = {
    "type": "object",
    "required": ["start"],
    "properties": {"start": _INSTANT, "end": _INSTANT, "inputs": {"type": "object"}, "paused": {"type": "boolean"}},
}
_FLAG = {"type": "boolean"}

TRIGGER: dict[str, Any] = {"type": "object", "properties": _NAMES, **_NAMED}
"""One trigger, by its whole `name` or by `namespace`, `flowId` and `triggerId`."""
TRIGGERS: dict[str, Any] = {"type": "array", "items": TRIGGER}
SWITCHED: dict[str, Any] = {
    "type": "object",
    "required": ["triggers", "disabled"],
    "properties": {"triggers": TRIGGERS, "disabled": _FLAG},
}
"""Several, and whether they are to be off."""
FILLED: dict[str, Any] = {"type": "object", "required": ["backfill"], "properties": {**_NAMES, "backfill": _BACKFILL}, **_NAMED}
"""One, and the past times that are to run."""
CHANGED: dict[str, Any] = {
    "type": "object",
    "properties": {**_NAMES, "disabled": _FLAG, "backfill": _BACKFILL},
    "allOf": [_NAMED, {"anyOf": [{"required": ["disabled"]}, {"required": ["backfill"]}]}],
}
"""One, and whether it is to be off, or the past times."""


def taken(schema: dict[str, Any]) -> dict[str, Any]:
    """A body of JSON that looks like that."""
    return {"application/json": schema}
