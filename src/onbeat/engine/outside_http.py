"""Answer the function `http`: fetch a small value from a web service, such as the choices of an input.

It is the task `core.http.Request` with less: the same addresses are refused, a short deadline, a small response, and no retry. What
matters belongs into that task, where it is seen, logged and tried again.

Rules
1. Only http and https; link-local and metadata addresses are refused at the socket, redirects included (plugins/http/address.py).
2. The whole call has LONGEST seconds, its response LARGEST bytes; `options` may say less. A status of 400 and more is an error.
3. A JSON response gives its value, any other its text.
4. Other than GET carries an `Idempotency-Key`, the same for the same call of an execution: an expression may be evaluated again.

Called by: outside_late.py, which loads this module, and the library with it, with the first call.
"""

import asyncio
import hashlib
from typing import Any

import orjson
from pydantic import ValidationError

from onbeat.core.event import Json
from onbeat.core.expressions import ExpressionError
from onbeat.core.expressions.json_text import read_json
from onbeat.engine.arguments import bound
from onbeat.plugins.http.address import Egress
from onbeat.plugins.http.call import Call, Caller, head
from onbeat.ports import TaskFailed

LONGEST = 20.0
LARGEST = 1_000_000

_NAMES = ("uri", "method", "query", "body", "contentType", "headers", "options", "accept")
_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"


async def http(asked: Any, arguments: tuple[Any, ...]) -> Json:
    """What the service answers. Raises ExpressionError, UserError, OutsideError."""
    if arguments and isinstance(arguments[-1], dict) and not arguments[-1].keys() <= set(_NAMES):
        arguments = (*arguments, {})  # a map by its place: the query, or the body
    given = bound("http", arguments, *_NAMES)
    call = _call({name: value for name, value in given.items() if value is not None})
    key = hashlib.sha256(orjson.dumps(arguments)).hexdigest()[:32]
    caller = Caller(_nobody, f"{asked.execution}-{key}", egress=Egress(asked.settings))
    try:
        async with asyncio.timeout(LONGEST), call.answered(caller) as response:
            text = call.text(await call.read(response), response)
            if not call.allows(response.status):
                raise TaskFailed(call.refusal(head(response)))
            return _value(text, response.content_type)
    except TimeoutError:
        raise ExpressionError(f"the function `http` got no answer within {LONGEST:.0f} s; do this in a task") from None
    except TaskFailed as failed:
        raise ExpressionError(f"the function `http` failed: {failed}") from None


def _call(given: dict[str, Any]) -> Call:
    if not isinstance(given.get("uri"), str):
        raise ExpressionError("the function `http` takes a text as `uri`")
    kind, body = given.get("contentType", _JSON), given.get("body")
    options = given.get("options", {})
    if not isinstance(options, dict):
        raise ExpressionError("the function `http` takes a map as `options`")
    form = kind == _FORM and isinstance(body, dict)
    wanted = {
        "uri": given["uri"],
        "method": given.get("method", "GET"),
        "params": given.get("query", {}),
        "headers": {"Accept": given.get("accept", _JSON), **_single(given.get("headers", {}))},
        "contentType": kind if body is not None else None,
        "formData": body if form else None,
        "body": None if form else body,
        "options": {**options, "maxContentLength": _least(options.get("maxContentLength"))},
    }
    try:
        return Call.model_validate(wanted)
    except ValidationError as wrong:
        first = wrong.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ExpressionError(f"the function `http` cannot take `{place}`: {first['msg']}") from None


def _single(headers: Any) -> dict[str, Any]:
    """Headers, each one text: Kestra takes lists as well."""
    if not isinstance(headers, dict):
        raise ExpressionError("the function `http` takes a map as `headers`")
    return {name: ", ".join(map(str, value)) if isinstance(value, list) else value for name, value in headers.items()}


def _least(wanted: Any) -> Any:
    return min(wanted, LARGEST) if type(wanted) is int else LARGEST


def _value(text: str, kind: str) -> Json:
    """Rule 3."""
    if kind != _JSON and not kind.endswith("+json"):
        return text
    try:
        return read_json(text)
    except ExpressionError:
        raise ExpressionError("the function `http` got a response that says it is JSON and is not") from None


def _nobody(level: str, message: str) -> None:
    """Expressions have no log."""


ANSWERS = {"http": http}
