"""The values that namespaces keep: Kestra's KV store.

Called by: app.
"""

import functools
from datetime import date
from typing import Annotated, Any

import orjson
from fastapi import Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat.api.access import Permission, caller_of
from onbeat.api.filters import Condition, Op, page_of, read_conditions, sort_of
from onbeat.api.parameters import PageNumber, PageSize, sort_field
from onbeat.api.reads import DURATION, TEXT, header
from onbeat.api.routing import Handler, Within, answer, body_of, callers_namespaces, json_of, node_of, problem, route
from onbeat.api.shapes.base import Paged
from onbeat.api.shapes.namespaces import Keys, ValueDetail, ValueLine
from onbeat.core.access import covers
from onbeat.core.durations import parse_duration
from onbeat.core.event import Json
from onbeat.core.inputs.readers import read_datetime, write_datetime
from onbeat.core.names import check_namespace, lineage
from onbeat.core.sealed import shown
from onbeat.core.times import iso
from onbeat.engine.values import KEY, KEY_LENGTH, check_key
from onbeat.errors import NotFound, UserError
from onbeat.ports import Value

_SORTS = {"key": "key", "namespace": "namespace", "creationDate": "created", "updateDate": "updated"}
_KEYS = {
    "application/json": {
        "type": "object",
        "required": ["keys"],
        "properties": {"keys": {"type": "array", "items": {"type": "string", "pattern": KEY, "maxLength": KEY_LENGTH}}},
        "example": {"keys": ["color"]},
    }
}
_TAKES = {"application/json": {}, "text/plain": {"type": "string"}}


_PUTS = (
    header("ttl", DURATION, "How long it is kept, such as PT1H; for ever unless told otherwise."),
    header("description", TEXT, "What it is for."),
)


def routes() -> list[BaseRoute]:
    """The routes."""
    read, write = Permission.READ, Permission.WRITE
    return [
        *route("/kv", search, read, within=Within.LIST, answers=Paged[ValueLine]),
        *route("/namespaces/{namespace}/kv", entries, read, answers=list[ValueLine]),
        *route("/namespaces/{namespace}/kv", delete_all, write, ("DELETE",), answers=Keys, takes=_KEYS),
        *route("/namespaces/{namespace}/kv/inheritance", inherited, read, answers=list[ValueLine]),
        *route("/namespaces/{namespace}/kv/{key}", named(show), read, answers=ValueDetail),
        *route(
            "/namespaces/{namespace}/kv/{key}", named(put), write, ("PUT",), answers=ValueLine, takes=_TAKES, bodyless=True, reads=_PUTS
        ),
        *route("/namespaces/{namespace}/kv/{key}", named(delete), write, ("DELETE",), answers=bool),
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


async def entries(request: Request, prefix: str = "") -> Response:
    """The keys of a namespace, with their times; `prefix`: how they begin."""
    values = node_of(request).values
    found = await values.entries(check_namespace(request.path_params["namespace"]), prefix)
    return answer([entry_json(value) for value in found])


class ValueQuery(BaseModel):
    """Which values. Also `filters[q|namespace|key][OPERATION]=value`."""

    q: str | None = Field(None, description="Text in the key.")
    namespace: str | None = Field(None, description="The namespace and those below it.")
    sort: list[str] = sort_field(_SORTS)
    page: PageNumber = None
    size: PageSize = None


async def search(request: Request, query: Annotated[ValueQuery, Query()]) -> Response:
    """The keys of all namespaces, with their times."""
    conditions = read_conditions(request.query_params, ("q", "namespace", "key"), flat=("q",), others=("namespace", "page", "size", "sort"))
    if query.namespace:
        conditions.append(Condition("namespace", Op.PREFIX, (query.namespace,)))
    order = sort_of(query.sort, _SORTS)
    allowed, values = await callers_namespaces(request), node_of(request).values
    found = [
        value
        for namespace in await values.namespaces()
        if (allowed is None or any(covers(outer, namespace) for outer in allowed))
        and all(condition.holds(namespace) for condition in conditions if condition.field == "namespace")
        for value in await values.entries(namespace)
        if all(_holds(condition, value.key) for condition in conditions)
    ]
    if order is not None:
        found.sort(key=lambda value: getattr(value, order[0]), reverse=order[1])
    return answer({"results": [entry_json(value) for value in page_of(query.size, query.page).of(found)], "total": len(found)})


def _holds(condition: Condition, key: str) -> bool:
    match condition.field:
        case "q" if condition.op is Op.EQUALS:
            return Condition("q", Op.CONTAINS, condition.values).holds(key)
        case "namespace":
            return True
        case _:
            return condition.holds(key)


async def inherited(request: Request) -> Response:
    """The keys of a namespace and of those above it that the caller may see; of one key that of the nearest."""
    caller, values = await caller_of(request), node_of(request).values
    found: dict[str, Value] = {}
    for namespace in lineage(check_namespace(request.path_params["namespace"])):
        if caller.may(Permission.READ, namespace):
            for value in await values.entries(namespace):
                found.setdefault(value.key, value)
    return answer([entry_json(found[key]) for key in sorted(found)])


async def show(request: Request) -> Response:
    """A value, and its type."""
    namespace, key = request.path_params["namespace"], request.path_params["key"]
    found = await node_of(request).values.get(namespace, key)
    if found is None:
        raise NotFound(f"there is no value `{key}` in namespace {namespace}")
    return answer({"type": found.type, "value": shown(found.value), "description": found.description, "updated": iso(found.updated)})


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
