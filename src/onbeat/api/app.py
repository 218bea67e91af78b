"""Make the ASGI application: all routes around one node."""

import asyncio

import orjson
from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from onbeat.api import (
    accounts,
    audit,
    evaluate,
    events,
    execution_bulk,
    execution_delete,
    execution_graph,
    execution_search,
    executions,
    files,
    flow_changes,
    flow_files,
    flow_validation,
    flows,
    graphs,
    language,
    live,
    live_many,
    login,
    logs,
    metrics,
    namespace_files,
    namespaces,
    outputs,
    places,
    plugins,
    preview,
    prometheus,
    related,
    rerun,
    secrets,
    stats,
    status,
    trigger_changes,
    trigger_try,
    triggers,
    ui,
    values,
    webhook,
)
from onbeat.api.access import Access, Permission
from onbeat.api.dashboards import routes as dashboards
from onbeat.api.headers import SecurityHeaders
from onbeat.api.masking import MaskedAnswers
from onbeat.api.openapi import document
from onbeat.api.routing import BASE, one_route, problem
from onbeat.api.tenant import Tenant
from onbeat.engine.node import Node

MAX_UPLOAD = 1_073_741_824
WEBHOOK_WAIT = 300.0
PATIENCE = 30.0
"""Seconds in which a request's body must be there."""


def all_routes() -> list[BaseRoute]:
    """Every route, the hot one first: they are tried in order."""
    return [
        *webhook.routes(),
        *events.routes(),
        *rerun.routes(),
        *places.routes(),
        *evaluate.routes(),
        *execution_bulk.routes(),
        *execution_delete.routes(),
        *execution_search.routes(),
        *execution_graph.routes(),
        *live.routes(),
        *live_many.routes(),
        *executions.routes(),
        *related.routes(),
        *logs.routes(),
        *files.routes(),
        *preview.routes(),
        *values.routes(),
        *secrets.routes(),
        *language.routes(),
        *plugins.routes(),
        *namespaces.routes(),
        *namespace_files.routes(),
        *graphs.routes(),
        *flow_validation.routes(),
        *flow_files.routes(),
        *flow_changes.routes(),
        *flows.routes(),
        *trigger_changes.routes(),
        *trigger_try.routes(),
        *triggers.routes(),
        *metrics.routes(),
        *outputs.routes(),
        *stats.routes(),
        *dashboards.routes(),
        *prometheus.routes(),
        *status.routes(),
        *login.routes(),
        *accounts.routes(),
        *audit.routes(),
        one_route(f"{BASE}/openapi.json", openapi, Permission.SELF),
        *ui.routes(),
    ]


async def openapi(request: Request) -> Response:
    """The OpenAPI document of all this."""
    state = request.app.state
    if state.openapi is None:
        state.openapi = orjson.dumps(document(request.app.routes))
    return Response(state.openapi, media_type="application/json")


async def _unknown(request: Request, wrong: Exception) -> Response:
    return problem(404, "Not found", "there is no such route")


async def _not_allowed(request: Request, wrong: Exception) -> Response:
    fitting = [each for each in request.app.router.routes if isinstance(each, Route) and each.path_regex.match(request.scope["path"])]
    fewest = min(len(each.param_convertors) for each in fitting)
    taken = {method for each in fitting if len(each.param_convertors) == fewest for method in each.methods or ()}
    methods = ", ".join(sorted(taken - {"HEAD"}))
    return problem(405, "Method not allowed", f"this route takes {methods}", {"Allow": methods})


def build(node: Node, access: Access, max_body: int, max_upload: int = MAX_UPLOAD, webhook_wait: float = WEBHOOK_WAIT) -> FastAPI:
    """The application. max_body, max_upload: bytes of a body, and of a form with files. webhook_wait: seconds for which a webhook waits."""
    app = FastAPI(
        routes=all_routes(),
        exception_handlers={404: _unknown, 405: _not_allowed},
        middleware=[Middleware(SecurityHeaders), Middleware(MaskedAnswers, mask=node.evaluator.answers_mask), Middleware(Tenant)],
        redirect_slashes=False,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    app.state.openapi = None
    app.state.ui = ui.Build(ui.BUILT)
    app.state.saving = asyncio.Lock()
    app.state.node = node
    app.state.access = access
    app.state.max_body = max_body
    app.state.max_upload = max_upload
    app.state.patience = PATIENCE
    app.state.webhook_wait = webhook_wait
    return app
