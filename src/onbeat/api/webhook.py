"""The webhook route: the hot path. 2xx means the execution is durable; anything else means nothing was created.

Rules
1. A wrong key, flow or method is a 404 or 405, all alike for who does not know the key; the key is compared in constant time. A wrong
   signature, token or time is a 401, before anything is parsed.
2. The same Idempotency-Key is the same execution; with another body it is a 422.
3. Authentic but unstartable is a 202 with `dead` and the reason; a condition that is false is a 204.
4. Past the limit it is a 503 with Retry-After, and nothing was created.
5. Who waits for the end keeps nobody else waiting, a repetition of the same request neither.
"""

import asyncio
from weakref import WeakValueDictionary

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat.api.access import Permission
from onbeat.api.routing import BASE, answer, body_of, node_of, one_route, problem
from onbeat.api.webhook_answer import answer_ended, answer_started
from onbeat.core.signatures import Auth, challenge
from onbeat.engine.intake import LoadedTrigger, Subscription
from onbeat.engine.node import Node
from onbeat.errors import NotFound
from onbeat.plugins.webhook import BodyTooLarge, NotAuthentic, Webhook, allows, check_sender, conflicts, ledger_row, receive, verify
from onbeat.ports import HttpRequest, LedgerRow, Received, Started

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
"""Those that a trigger may name."""
_one_at_a_time: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
"""Requests with the same Idempotency-Key wait for each other, so that two bodies at once are told apart."""


def routes() -> list[BaseRoute]:
    """The routes: with nothing behind the key, and with more."""
    base = f"{BASE}/executions/webhook/{{namespace}}/{{flow}}/{{key}}"
    return [one_route(base, webhook, Permission.KEY, METHODS), one_route(f"{base}/{{path:path}}", webhook, Permission.KEY, METHODS)]


async def webhook(request: Request) -> Response:
    """Start the flow whose webhook trigger has this key."""
    node = node_of(request)
    subscription, trigger = _find(node, request.path_params["namespace"], request.path_params["flow"], request.path_params["key"])
    options: Webhook = trigger.options  # type: ignore[assignment]  # _find looks for it
    if not allows(options, request.method):
        return problem(405, "Method not allowed", "this webhook does not take that method")
    http = await _read(request, options)
    now = node.clock.now()
    try:
        check_sender(options, http, now)
        received = receive(options, http, now, node.identity.new(now))
    except NotAuthentic as wrong:
        return problem(401, "Not authentic", str(wrong))
    except BodyTooLarge as wrong:
        return problem(413, "Too large", str(wrong))
    if isinstance(options.auth, Auth) and received.event is not None:
        asked = challenge(options.auth, received.event.data)
        if asked is not None:
            return answer({"challenge": asked})
    row = ledger_row(trigger.spec.name, received, http, now)
    if row is None:
        started = await _start(node, subscription, trigger, received, row)
    else:
        async with _one_at_a_time.setdefault(row.key, asyncio.Lock()):
            if conflicts((await node.store.ledger(row.ledger, [row.key])).get(row.key), row):
                return problem(422, "Another body", "this Idempotency-Key was used for another request")
            started = await _start(node, subscription, trigger, received, row)
    if started.dead is not None:
        return answer({"dead": True, "reason": started.dead}, 202)
    if not started.started:
        return Response(status_code=204)
    if options.wait:
        return await answer_ended(request, node, options, started)
    flow = request.path_params["namespace"], request.path_params["flow"]
    return await answer_started(node, options, started, received.event.variables if received.event is not None else {}, flow)


async def _start(node: Node, subscription: Subscription, trigger: LoadedTrigger, received: Received, row: LedgerRow | None) -> Started:
    item = Received(
        event=received.event, raw=received.raw, reason=received.reason, key=received.key, triggers=frozenset({trigger.spec.name})
    )
    (started,) = await node.intake.emit(subscription, [item], ledger=() if row is None else (row,))
    return started


def _find(node: Node, namespace: str, flow: str, key: str) -> tuple[Subscription, LoadedTrigger]:
    """The trigger of that flow and key; every webhook of the flow is compared, so that time tells nothing."""
    found = None
    for subscription in node.intake.webhooks(namespace, flow):
        for trigger in subscription.triggers.values():
            if isinstance(trigger.options, Webhook) and verify(trigger.options, key) and not trigger.spec.disabled:
                found = (subscription, trigger)
    if found is None:
        raise NotFound("there is no such webhook")
    return found


async def _read(request: Request, options: Webhook) -> HttpRequest:
    headers: dict[str, list[str]] = {}
    for name, value in request.headers.items():
        headers.setdefault(name, []).append(value)
    parameters = {name: request.query_params.getlist(name) for name in request.query_params}
    body = await body_of(request, options.max_body)
    rest = request.path_params.get("path", "")
    return HttpRequest(method=request.method, path=request.url.path, headers=headers, parameters=parameters, body=body, rest=rest)
