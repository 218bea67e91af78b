"""The values that namespaces keep: Kestra's KV store.

Called by: app.
"""

import functools
from datetime import date
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat.api.access import Permission
from onbeat.api.routing import Handler, answer, body_of, json_of, node_of, problem, route
from onbeat.core.durations import parse_duration
from onbeat.core.event import Json
from onbeat.core.inputs.readers import read_datetime, write_datetime
from onbeat.core.names import check_namespace
from onbeat.core.sealed import shown
from onbeat.core.times import iso
from onbeat.engine.values import check_key
from onbeat.errors import NotFound, UserError
from onbeat.ports import Value


def routes() -> list[BaseRoute]:
    """The routes."""
    return [
        *route("/namespaces/{namespace}/kv", entries, Permission.READ),
        *route("/namespaces/{namespace}/kv", delete_all, Permission.WRITE, ("DELETE",)),
        *route("/namespaces/{namespace}/kv/{key}", named(show), Permission.READ),
        *route("/namespaces/{namespace}/kv/{key}", named(put), Permission.WRITE, ("PUT",)),
        *route("/namespaces/{namespace}/kv/{key}", named(delete), Permission.WRITE, ("DELETE",)),
    ]


def named(handler: Handler) -> Handler:
    """The handler, for keys and namespaces that can be ones: others are refused as Kestra does."""

    @functools.wraps(handler)
    async def checked(request: Request) -> Response:
        try:
            check_namespace(request.path_params["namespace"])
            check_key(request.path_params["key"])
        except UserError as wrong:
            return problem(422, "Not a key", str(wrong))
        return await handler(request)

    return checked


def entry_json(value: Value) -> dict[str, Any]:
    """A value in a list: without itself."""
    return {
        "namespace": value.namespace,
        "key": value.key,
        "type": value.type,
        "description": value.description,
        "creationDate": iso(value.created),
        "updateDate": iso(value.updated),
        "expirationDate": None if value.until is None else iso(value.until),
    }


async def entries(request: Request) -> Response:
    """The keys of a namespace, with their times; `prefix`: how they begin."""
    values = node_of(request).values
    found = await values.entries(check_namespace(request.path_params["namespace"]), request.query_params.get("prefix", ""))
    return answer([entry_json(value) for value in found])


async def show(request: Request) -> Response:
    """A value, and its type."""
    namespace, key = request.path_params["namespace"], request.path_params["key"]
    found = await node_of(request).values.get(namespace, key)
    if found is None:
        raise NotFound(f"there is no value `{key}` in namespace {namespace}")
    return answer({"type": found.type, "value": shown(found.value), "description": found.description})


async def put(request: Request) -> Response:
    """Keep a value. Body: JSON, or text. Headers `ttl` (an ISO 8601 duration) and `description`."""
    ttl = request.headers.get("ttl")
    value, kind = _read(await body_of(request), is_json="json" in request.headers.get("content-type", ""))
    kept = await node_of(request).values.put(
        request.path_params["namespace"],
        request.path_params["key"],
        value,
        type=kind,
        ttl=None if not ttl else parse_duration(ttl).total_seconds(),
        description=request.headers.get("description"),
    )
    return answer(entry_json(kept))


async def delete(request: Request) -> Response:
    """Remove a value; answers whether there was one."""
    return answer(await node_of(request).values.delete(request.path_params["namespace"], request.path_params["key"]))


async def delete_all(request: Request) -> Response:
    """Remove several values. Body: `{keys: [...]}`; answers those that there were."""
    given = json_of(await body_of(request))
    keys = given.get("keys") if isinstance(given, dict) else None
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise UserError("send the keys as a JSON object: {keys: [...]}")
    namespace, values = check_namespace(request.path_params["namespace"]), node_of(request).values
    return answer({"keys": [key for key in keys if await values.delete(namespace, key)]})


def _read(body: bytes, *, is_json: bool) -> tuple[Json, str | None]:
    """The value of a body and, where it does not show, its type: a day or an instant need no quotes. Raises UserError."""
    try:
        return orjson.loads(body), None
    except orjson.JSONDecodeError as wrong:
        reason = str(wrong)
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise UserError("the body is not UTF-8") from None
    try:
        return date.fromisoformat(text.strip()).isoformat(), "DATE"
    except ValueError:
        pass
    try:
        return write_datetime(read_datetime(text.strip())), "DATETIME"
    except ValueError:
        pass
    if is_json:
        raise UserError(f"the body is not JSON: {reason}")
    return text, "STRING"
