"""Health and status: whether a start would be taken, and how things are."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat import __version__
from onbeat.api.access import Permission
from onbeat.api.routing import Within, answer, node_of, one_route, problem, route


def routes() -> list[BaseRoute]:
    """The routes."""
    return [one_route("/health", health, Permission.PUBLIC), *route("/status", status, Permission.READ, within=Within.SERVER)]


async def health(request: Request) -> Response:
    """200 only when a start would be taken."""
    node = node_of(request)
    if not node.ready:
        return problem(503, "Not ready", "the daemon is starting or stopping")
    if node.engine.full():
        return problem(503, "Full", "as many executions are at work as the limit allows")
    return answer({"status": "UP", "version": __version__})


async def status(request: Request) -> Response:
    """What is wrong, and how much is at work."""
    node = node_of(request)
    return answer(
        {
            "version": __version__,
            "ready": node.ready,
            "trouble": list(node.trouble()),
            "figures": node.figures(),
            "flows": len(node.catalog.served()),
            "sinks": [{"name": relay.name, "position": relay.position, "trouble": relay.trouble} for relay in node.relays],
            "journal": await node.store.journal_end(),
        }
    )
