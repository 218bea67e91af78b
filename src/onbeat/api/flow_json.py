"""Show flows in Kestra's JSON: what their text says, and what the server knows of them.

Rules
1. Tasks, triggers, inputs are as the text has them, with the type names that are written there.
2. What lists and clients lean on is always there: labels as a list, `disabled`, `revision`, `updated`.
3. A text is read off the loop, and what is small is read once.
4. What a text may hold is answered: an integer of any length, as text; tasks as deep as they may be.

Called by: the routes of flows.
"""

import asyncio
import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from starlette.responses import Response

from onbeat.api.routing import answer
from onbeat.core.flow import labels_of
from onbeat.core.parse import load
from onbeat.core.short_schedule import with_trigger
from onbeat.core.times import iso
from onbeat.core.values import LARGEST, SMALLEST
from onbeat.engine.catalog import LoadedFlow
from onbeat.engine.node import Node
from onbeat.errors import InvalidFile, UserError
from onbeat.ports import StoredFlow

_KEPT = 65_536
"""Characters of a text whose data is kept."""
_SHOWN = (
    "description", "outputs", "variables", "tasks", "errors", "finally", "afterExecution", "schedule", "concurrency", "retry", "sla",
    "checks",
)  # fmt: skip
_LISTS = ("outputs", "tasks", "errors", "finally", "afterExecution", "sla", "checks", "pluginDefaults", "inputs", "triggers")


async def shown(node: Node, flows: Iterable[LoadedFlow], *, source: bool = False) -> list[dict[str, Any]]:
    """Flows that are served, in order. source: with their texts."""
    kept = [(loaded, await node.store.flow(loaded.flow.namespace, loaded.flow.id, loaded.flow.revision)) for loaded in flows]
    return await asyncio.to_thread(lambda: [flow_json(stored, loaded.path, source=source) for loaded, stored in kept if stored is not None])


def flow_answer(content: Any) -> Response:
    """An answer with flows in it. Rule 4: the fast writer knows neither."""
    try:
        return answer(content)
    except TypeError:
        return Response(json.dumps(_with_text(content), ensure_ascii=False), media_type="application/json")


def _with_text(value: Any) -> Any:
    """With text for integers beyond 64 bits, as everywhere."""
    match value:
        case dict():
            return {key: _with_text(item) for key, item in value.items()}
        case list():
            return [_with_text(item) for item in value]
        case int() if not SMALLEST <= value <= LARGEST:
            return str(value)
    return value


def flow_json(stored: StoredFlow, path: str | None, *, source: bool = False, deleted: bool = False) -> dict[str, Any]:
    """One revision of a flow. path: its file. Reads the text: not for the loop."""
    try:
        data, exception = _data(stored.source), None
    except InvalidFile as wrong:
        data, exception = {}, str(wrong)
    made: dict[str, Any] = {
        "id": stored.id,
        "namespace": stored.namespace,
        "revision": stored.revision,
        "updated": iso(stored.created),
        "disabled": data.get("disabled") is True,
        "draft": False,
        "deleted": deleted,
        "labels": _labels(data.get("labels")),
        "inputs": [_input(each) for each in _maps(data.get("inputs"))],
        "triggers": _maps(data.get("triggers")),
        "file": path,
        "tasks": [],
    }
    for name in _SHOWN:
        value = data.get(name)
        if value is not None:
            made[name] = _maps(value) if name in _LISTS else value
    defaults = data.get("pluginDefaults", data.get("taskDefaults"))
    if defaults is not None:
        made["pluginDefaults"] = _maps(defaults)
    if source:
        made["source"] = stored.source
        if exception is not None:
            made["exception"] = exception
    return made


def task_json(stored: StoredFlow, task: str) -> dict[str, Any] | None:
    """A task of a revision, at any depth, as its text has it. Reads the text: not for the loop."""
    try:
        data = _data(stored.source)
    except InvalidFile:
        return None
    waiting: list[Any] = [data.get(name) for name in ("tasks", "errors", "finally", "afterExecution")]
    while waiting:
        at = waiting.pop()
        if isinstance(at, dict):
            if at.get("id") == task and isinstance(at.get("type"), str):
                return at
            waiting.extend(at.values())
        elif isinstance(at, list):
            waiting.extend(at)
    return None


def _data(source: str) -> dict[str, Any]:
    """What a text says, with the trigger of its short schedule. Not to be changed. Raises InvalidFile."""
    return _read_once(source) if len(source) <= _KEPT else _read(source)


def _read(source: str) -> dict[str, Any]:
    try:
        data = with_trigger(load(source, "flow").data)
    except ValueError:
        data = None
    return data if isinstance(data, dict) else {}


_read_once = lru_cache(512)(_read)


def _labels(value: object) -> list[dict[str, str]]:
    try:
        return [{"key": key, "value": text} for key, text in labels_of(value or {}).items()]
    except UserError:
        return []


def _input(given: dict[str, Any]) -> dict[str, Any]:
    """An input; one of Kestra's old ones has a name for an id. Required unless it says otherwise."""
    return {"id": given.get("name"), "required": True, **given}


def _maps(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
