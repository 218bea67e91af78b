"""Answer a webhook: at once, or when what it started has ended.

Rules
1. What was started is on disk before anything here begins: whoever goes away loses the answer and nothing else.
2. A wait ends with the execution, with the caller, after its time, or with the daemon; the last two are answered with 202 and the id.
3. An answer that cannot be made is told as such, with the id of the execution.

Called by: webhook.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

import orjson
from starlette.requests import Request
from starlette.responses import Response

from onbeat.api.executions import shown
from onbeat.api.routing import answer, problem
from onbeat.core import sealed
from onbeat.core.errors_text import short
from onbeat.core.event import Json
from onbeat.core.execution import Execution
from onbeat.core.expressions import compile_value, to_text
from onbeat.core.refs import REF_KEY, is_mark
from onbeat.core.states import State
from onbeat.engine.node import Node
from onbeat.errors import NotFound, OnbeatError, Refused
from onbeat.plugins.webhook import Webhook, check_status
from onbeat.ports import Started
from onbeat.ports.waiting import first

JSON_TYPE = "application/json"


async def answer_started(node: Node, options: Webhook, started: Started, variables: Mapping[str, Json], flow: tuple[str, str]) -> Response:
    """What a caller who does not wait gets. variables: `trigger.*`. flow: the namespace and id that he called."""
    loaded = node.catalog.find(*flow)
    content: dict[str, Json] = {
        "id": started.started[0],
        "executions": list(started.started),
        "duplicate": started.duplicate,
        "tenantId": "main",
        "namespace": flow[0],
        "flowId": flow[1],
        "flowRevision": None if loaded is None else loaded.flow.revision,
    }
    names = {**node.evaluator.outside, "trigger": dict(variables), "execution": {"id": started.started[0]}}

    async def render(value: Json) -> Json:
        return await node.evaluator.render_names(compile_value(value), names)

    return await _answer(options, content, 200, render, started.started[0])


async def answer_ended(request: Request, node: Node, options: Webhook, started: Started) -> Response:
    """What a caller who waits gets."""
    execution = await _wait(request, node, options, started.started)
    if execution is None:
        return answer({"id": started.started[0], "executions": list(started.started), "duplicate": started.duplicate}, 202)
    head = execution.head
    loaded = await node.catalog.revision(head.namespace, head.flow, head.revision)

    async def render(value: Json) -> Json:
        return await node.evaluator.render(compile_value(value), loaded.flow, execution)

    content = await _outputs(node, execution) if options.return_outputs else await shown(node, execution)
    return await _answer(options, content, 500 if execution.state is State.FAILED else 200, render, execution.id)


async def _wait(request: Request, node: Node, options: Webhook, executions: Sequence[str]) -> Execution | None:
    """The first of the executions once all have ended; None when the caller has gone, time is up, the daemon stops or one was set aside."""
    found: list[Execution] = []

    async def over() -> None:
        with suppress(NotFound, Refused):
            for id_ in executions:
                found.append(await node.engine.ended(id_))

    patience = options.wait_timeout.total_seconds() if options.wait_timeout is not None else request.app.state.webhook_wait
    try:
        await first(over(), _gone(request), node.clock.sleep(patience))
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if node.ready or task is None:
            raise
        task.uncancel()  # the server ends what is open: there is still time to say what was started
    return found[0] if len(found) == len(executions) else None


async def _gone(request: Request) -> None:
    """Returns when the caller has hung up."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _outputs(node: Node, execution: Execution) -> dict[str, Json]:
    """The execution's outputs, with those that are kept in storage; what is secret in them as it is shown."""
    outputs: dict[str, Json] = sealed.shown(execution.outputs or {})
    return {name: await node.payloads.bring(value[REF_KEY]) if is_mark(value) else value for name, value in outputs.items()}


async def _answer(
    options: Webhook, content: dict[str, Json], status: int, render: Callable[[Json], Awaitable[Json]], execution: str
) -> Response:
    """The content, or what the trigger says in its place."""
    try:
        body: Json = content if options.response_body is None else await render(options.response_body)
        if options.response_code is not None:
            status = check_status(_status(await render(options.response_code)), options.wait)
        headers = {name: to_text(await render(value)) for name, value in options.response_headers.items()}
        headers = {name: _line(value) for name, value in headers.items()}
        media = options.response_content_type or JSON_TYPE
        plain = media.startswith("text/") and options.response_body is None and options.return_outputs and len(content) == 1
        if plain:
            body = next(iter(content.values()))
        raw = body.encode() if isinstance(body, str) and (plain or options.response_body is not None) else orjson.dumps(body)
        return Response(b"" if status in (204, 304) else raw, status, headers, media)
    except (OnbeatError, ValueError, TypeError) as wrong:
        return problem(500, "No answer", f"execution {execution} was started, and its answer cannot be made: {short(wrong)}")


def _status(value: Json) -> int:
    if isinstance(value, bool) or not str(value).isdecimal():
        raise ValueError(f"`responseCode` is a whole number; it is `{to_text(value)[:80]}`")
    return int(str(value))


def _line(value: str) -> str:
    """A header's value. Raises ValueError for one that would be more than a line, or is not in HTTP's alphabet."""
    if any(not (32 <= ord(letter) <= 126 or 160 <= ord(letter) <= 255) for letter in value):
        raise ValueError("a header's value is one line of Latin text")
    return value
