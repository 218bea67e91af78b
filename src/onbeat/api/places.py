"""Let an execution run that waits for a place of a concurrency limit or for its ordering key: Kestra's unqueue and force-run."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat.api.access import Permission
from onbeat.api.executions import shown, unless_flow
from onbeat.api.lookup import execution_of
from onbeat.api.reads import only, query
from onbeat.api.routing import Unprocessable, Within, answer, node_of, route
from onbeat.api.shapes.executions import ExecutionShape
from onbeat.core.states import State

_STATE = (query("state", only("RUNNING"), "What leaves the queue runs."),)


def routes() -> list[BaseRoute]:
    """The routes."""
    return [
        *route(
            "/executions/{id}/unqueue",
            unless_flow(unqueue),
            Permission.RUN,
            ("POST",),
            within=Within.OBJECT,
            answers=ExecutionShape,
            reads=_STATE,
        ),
        *route(
            "/executions/{id}/force-run", unless_flow(force_run), Permission.RUN, ("POST",), within=Within.OBJECT, answers=ExecutionShape
        ),
        *route(
            "/executions/{id}/actions/unqueue",
            unqueue,
            Permission.RUN,
            ("POST",),
            within=Within.OBJECT,
            answers=ExecutionShape,
            reads=_STATE,
        ),
        *route("/executions/{id}/actions/force-run", force_run, Permission.RUN, ("POST",), within=Within.OBJECT, answers=ExecutionShape),
    ]


async def unqueue(request: Request) -> Response:
    """Run an execution that is QUEUED, before its turn."""
    node = node_of(request)
    only_running(request.query_params.get("state", "RUNNING"))
    found = await execution_of(request)
    if found.state is not State.QUEUED:
        raise Unprocessable(f"execution {found.id} is {found.state}, not QUEUED")
    return answer(await shown(node, await node.force(found.id)))


def only_running(state: str) -> None:
    """Raises Unprocessable for another state that Kestra lets an execution leave the queue with."""
    if state.upper() != "RUNNING":
        raise Unprocessable("what leaves the queue runs; to end it, kill it, and change its state then")


async def force_run(request: Request) -> Response:
    """Let an execution go on that waits: QUEUED before its turn, PAUSED as if it were resumed. One that runs is left as it is."""
    node = node_of(request)
    found = await execution_of(request)
    if found.ended:
        raise Unprocessable(f"execution {found.id} has ended: {found.state}")
    if found.state is State.QUEUED:
        found = await node.force(found.id)
    elif found.state is State.PAUSED:
        found = await node.resume(found.id)
    return answer(await shown(node, found))
