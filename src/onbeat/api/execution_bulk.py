"""Act on many executions at once: kill, pause, resume, restart, replay, force-run, unqueue, labels, change of state; by ids and by query.

Paths and JSON are Kestra's; how a change by query is kept from meaning too much, `bulk` says.

Called by: app.
"""

from typing import Annotated, Any

from fastapi import Body, Query
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat.api.access import Permission
from onbeat.api.bulk import ALL, ENDED, MOST_IDS, OPEN, Action, by_ids, by_query, one_by_one
from onbeat.api.execution_search import ExecutionQuery
from onbeat.api.parameters import EndedState
from onbeat.api.places import only_running
from onbeat.api.questions import state_of
from onbeat.api.routing import Unprocessable, Within, node_of, route
from onbeat.api.shapes.base import Done
from onbeat.core.execution import ROOT
from onbeat.core.flow import labels_of
from onbeat.core.replay import settable
from onbeat.core.restart import restartable
from onbeat.core.states import FAILING, TERMINATED, State
from onbeat.engine import rerun
from onbeat.engine.node import Node
from onbeat.errors import UserError

Ids = Annotated[list[str], Body(max_length=MOST_IDS, examples=[["6VqJx0s3bq0Zk1u8mD2c4e"]])]
_NOT_ENDED = "execution not in a terminated state"


class Options(BaseModel):
    """How a change of many is made."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    dry_run: bool = Field(False, description="Count what would be changed, and change nothing.")


class ByQuery(ExecutionQuery, Options):
    """Which executions; without any filter `all=true` is needed."""

    all: bool = Field(False, description="Every execution that the caller may change.")


class LabelsOfIds(BaseModel):
    """Executions, and the labels that they get."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    executions_id: list[str] = Field(max_length=MOST_IDS)
    execution_labels: list[dict[str, Any]] | dict[str, Any] = Field(examples=[[{"key": "team", "value": "blue"}]])


Asked = Annotated[ByQuery, Query()]
How = Annotated[Options, Query()]
Labels = Annotated[list[dict[str, Any]] | dict[str, Any], Body(examples=[[{"key": "team", "value": "blue"}]])]
NewStatus = Annotated[EndedState, Query(alias="newStatus", examples=["SUCCESS"])]
Unqueued = Annotated[str, Query(json_schema_extra={"enum": ["RUNNING"]})]


def routes() -> list[BaseRoute]:
    """The routes; they come before those of one execution and of a flow's start."""
    found: list[BaseRoute] = []
    for name, method, ids, query in (
        ("kill", "DELETE", kill_ids, kill_query),
        ("pause", "POST", pause_ids, pause_query),
        ("resume", "POST", resume_ids, resume_query),
        ("restart", "POST", restart_ids, restart_query),
        ("replay", "POST", replay_ids, replay_query),
        ("force-run", "POST", force_run_ids, force_run_query),
        ("unqueue", "POST", unqueue_ids, unqueue_query),
        ("labels", "POST", labels_ids, labels_query),
        ("change-status", "POST", change_status_ids, change_status_query),
    ):
        for end, handler in (("by-ids", ids), ("by-query", query)):
            found += route(f"/executions/{name}/{end}", handler, Permission.RUN, (method,), within=Within.LIST, answers=Done)
    return found


async def kill_ids(request: Request, ids: Ids, how: How) -> Response:
    """Stop these executions."""
    return await by_ids(request, ids, _kill(node_of(request)))


async def kill_query(request: Request, query: Asked) -> Response:
    """Stop all executions that the query means."""
    return await by_query(request, _kill(node_of(request)))


def _kill(node: Node) -> Action:
    return Action("kill", OPEN, "execution already finished", one_by_one(node.kill))


async def pause_ids(request: Request, ids: Ids, how: How) -> Response:
    """Pause these executions."""
    return await by_ids(request, ids, _pause(node_of(request)))


async def pause_query(request: Request, query: Asked) -> Response:
    """Pause all executions that the query means."""
    return await by_query(request, _pause(node_of(request)))


def _pause(node: Node) -> Action:
    return Action("pause", (State.RUNNING,), "execution is not running", one_by_one(node.pause))


async def resume_ids(request: Request, ids: Ids, how: How) -> Response:
    """Resume these executions, without answers to what they ask."""
    return await by_ids(request, ids, _resume(node_of(request)))


async def resume_query(request: Request, query: Asked) -> Response:
    """Resume all executions that the query means, without answers to what they ask."""
    return await by_query(request, _resume(node_of(request)))


def _resume(node: Node) -> Action:
    return Action("resume", (State.PAUSED,), "execution is not in state PAUSED", one_by_one(node.resume))


async def restart_ids(request: Request, ids: Ids, how: How) -> Response:
    """Restart these executions from their failed tasks."""
    return await by_ids(request, ids, _restart(node_of(request), ENDED))


async def restart_query(request: Request, query: Asked) -> Response:
    """Restart all executions that the query means from their failed tasks."""
    return await by_query(request, _restart(node_of(request), tuple(FAILING)))


def _restart(node: Node, states: tuple[State, ...]) -> Action:
    async def check(id_: str) -> str | None:
        found = await node.engine.load(id_)
        loaded = await node.catalog.revision(found.head.namespace, found.head.flow, found.head.revision)
        return restartable(loaded.flow, found)

    return Action("restart", states, _NOT_ENDED, one_by_one(lambda id_: rerun.restart(node, id_)), check)


async def replay_ids(
    request: Request, ids: Ids, how: How, latest_revision: Annotated[bool, Query(alias="latestRevision")] = False
) -> Response:
    """Repeat these executions as new ones; with `latestRevision` with the flow as it is now."""
    return await by_ids(request, ids, _replay(node_of(request), latest_revision), ("latestRevision",))


async def replay_query(request: Request, query: Asked, latest_revision: Annotated[bool, Query(alias="latestRevision")] = False) -> Response:
    """Repeat all executions that the query means as new ones; with `latestRevision` with the flow as it is now."""
    return await by_query(request, _replay(node_of(request), latest_revision), ("latestRevision",))


def _replay(node: Node, latest: bool) -> Action:
    async def again(id_: str) -> None:
        head = (await node.engine.load(id_)).head
        revision = (await node.find_flow(head.namespace, head.flow)).flow.revision if latest else None
        await rerun.replay(node, id_, revision=revision)

    return Action("replay", ALL, "", one_by_one(again))


async def force_run_ids(request: Request, ids: Ids, how: How) -> Response:
    """Let these executions go on that wait: QUEUED before their turn, PAUSED as if they were resumed."""
    return await by_ids(request, ids, _force_run(node_of(request), OPEN))


async def force_run_query(request: Request, query: Asked) -> Response:
    """Let all executions that the query means go on that wait."""
    return await by_query(request, _force_run(node_of(request), (State.QUEUED, State.PAUSED)))


def _force_run(node: Node, states: tuple[State, ...]) -> Action:
    async def go_on(id_: str) -> None:
        state = (await node.engine.load(id_)).state
        if state is State.QUEUED:
            await node.force(id_)
        elif state is State.PAUSED:
            await node.resume(id_)

    return Action("force-run", states, "execution already finished", one_by_one(go_on))


async def unqueue_ids(request: Request, ids: Ids, how: How, state: Unqueued = "RUNNING") -> Response:
    """Run these executions that are QUEUED, before their turn."""
    only_running(state)
    return await by_ids(request, ids, _unqueue(node_of(request)), ("state",))


async def unqueue_query(
    request: Request, query: Asked, new_state: Annotated[str, Query(alias="newState", json_schema_extra={"enum": ["RUNNING"]})] = "RUNNING"
) -> Response:
    """Run all executions that the query means and that are QUEUED, before their turn."""
    only_running(new_state)
    return await by_query(request, _unqueue(node_of(request)), ("newState",))


def _unqueue(node: Node) -> Action:
    return Action("unqueue", (State.QUEUED,), "execution not in state QUEUED", one_by_one(node.force))


async def labels_ids(request: Request, body: LabelsOfIds, how: How) -> Response:
    """Give these executions labels beside those that they have."""
    return await by_ids(request, body.executions_id, _labels(node_of(request), body.execution_labels))


async def labels_query(request: Request, body: Labels, query: Asked) -> Response:
    """Give all executions that the query means labels beside those that they have."""
    return await by_query(request, _labels(node_of(request), body))


def _labels(node: Node, given: object) -> Action:
    try:
        labels = labels_of(given)
    except UserError as wrong:
        raise Unprocessable(str(wrong)) from None
    reserved = next((key for key in labels if key.startswith("system.")), None)
    if reserved is not None:
        raise Unprocessable(f"label `{reserved}`: those that begin with `system.` are set by onbeat")
    return Action("labels", ALL, "", one_by_one(lambda id_: rerun.set_labels(node, id_, labels)))


async def change_status_ids(request: Request, ids: Ids, new_status: NewStatus, how: How) -> Response:
    """Say in which state these executions ended: `newStatus`."""
    return await by_ids(request, ids, _change_status(node_of(request), new_status), ("newStatus",))


async def change_status_query(request: Request, new_status: NewStatus, query: Asked) -> Response:
    """Say in which state all executions ended that the query means: `newStatus`."""
    return await by_query(request, _change_status(node_of(request), new_status), ("newStatus",))


def _change_status(node: Node, name: str) -> Action:
    state = state_of(name)
    if state not in TERMINATED:
        raise Unprocessable(f"`newStatus` is a state in which executions end, not {state}")

    async def check(id_: str) -> str | None:
        found = await node.engine.load(id_)
        loaded = await node.catalog.revision(found.head.namespace, found.head.flow, found.head.revision)
        return settable(loaded.flow, found, ROOT, state)

    return Action("change-status", ENDED, _NOT_ENDED, one_by_one(lambda id_: rerun.set_state(node, id_, ROOT, state)), check)
