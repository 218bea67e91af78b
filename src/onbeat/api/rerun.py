"""What has ended, again: restart, replay, change of state, labels; and the decision that an Approval waits for."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat.api.access import Permission
from onbeat.api.executions import shown, unless_flow
from onbeat.api.forms import sent_inputs
from onbeat.api.lookup import execution_of
from onbeat.api.reads import BREAKPOINTS, REVISION, STATE, TEXT, query, revision_in
from onbeat.api.routing import Unprocessable, Within, answer, body_of, json_of, node_of, route
from onbeat.api.shapes.executions import ExecutionShape
from onbeat.core.execution import ROOT
from onbeat.core.flow import labels_of
from onbeat.core.states import State
from onbeat.engine import rerun
from onbeat.errors import UserError

_REPLAYS = (query("taskRunId", TEXT, "The task run to begin at; from the start unless told otherwise."), REVISION, BREAKPOINTS)


def routes() -> list[BaseRoute]:
    """The routes."""
    found: list[BaseRoute] = []
    for name, handler, reads in (
        ("restart", restart, (REVISION,)),
        ("replay", replay, _REPLAYS),
        ("replay-with-inputs", replay, _REPLAYS),
        ("state", set_state, ()),
        ("change-status", change_status, (query("status", STATE, "The state.", required=True),)),
        ("labels", set_labels, ()),
    ):
        for path, action in ((f"/executions/{{id}}/{name}", unless_flow(handler)), (f"/executions/{{id}}/actions/{name}", handler)):
            found += route(path, action, Permission.RUN, ("POST",), within=Within.OBJECT, answers=ExecutionShape, reads=reads)
    return [*found, *route("/executions/{id}/actions/review", review, Permission.RUN, ("POST",), within=Within.OBJECT, status=204)]


async def restart(request: Request) -> Response:
    """Restart an execution from its failed tasks; with `revision`, as a new one with that revision of the flow."""
    node, found = node_of(request), await execution_of(request)
    try:
        saved = await rerun.restart(node, found.id, revision_in(request))
    except rerun.Impossible as wrong:
        raise Unprocessable(str(wrong)) from None
    return answer(await shown(node, saved))


async def replay(request: Request) -> Response:
    """Repeat an execution as a new one, from `taskRunId` where it is given, with `revision` of the flow.

    Body: other inputs than it had, as JSON or as a form with files.
    """
    node, found, task_run = node_of(request), await execution_of(request), request.query_params.get("taskRunId")
    if request.query_params.get("breakpoints"):
        raise Unprocessable("an execution has no breakpoints here; leave `breakpoints` away")
    async with sent_inputs(request) as sent:
        given = rerun.Inputs(sent.inputs, sent.files) if sent.inputs or sent.files else None
        try:
            run = rerun.run_number(found, task_run) if task_run else ROOT
            saved = await rerun.replay(node, found.id, run, revision=revision_in(request), given=given)
        except rerun.Impossible as wrong:
            raise Unprocessable(str(wrong)) from None
    return answer(await shown(node, saved))


async def set_state(request: Request) -> Response:
    """Say in which state a task run ended: `{"taskRunId": …, "state": …}`."""
    node, found = node_of(request), await execution_of(request)
    body = json_of(await body_of(request))
    if not isinstance(body, dict) or not isinstance(body.get("taskRunId"), str):
        raise UserError('the body is `{"taskRunId": …, "state": …}`')
    try:
        run = rerun.run_number(found, body["taskRunId"])
        saved = await rerun.set_state(node, found.id, run, _state(body.get("state")))
    except rerun.Impossible as wrong:
        raise Unprocessable(str(wrong)) from None
    return answer(await shown(node, saved))


async def change_status(request: Request) -> Response:
    """Say in which state an execution ended: `status`."""
    node, found = node_of(request), await execution_of(request)
    try:
        after = await rerun.set_state(node, found.id, ROOT, _state(request.query_params.get("status")))
    except rerun.Impossible as wrong:
        raise Unprocessable(str(wrong)) from None
    return answer(await shown(node, after))


async def set_labels(request: Request) -> Response:
    """Give an execution labels: a list of `{"key": …, "value": …}`, or a map."""
    node, found = node_of(request), await execution_of(request)
    given = json_of(await body_of(request))
    try:
        labels = labels_of(given)
    except UserError as wrong:
        raise Unprocessable(str(wrong)) from None
    try:
        after = await rerun.set_labels(node, found.id, labels)
    except rerun.Impossible as wrong:
        raise Unprocessable(str(wrong)) from None
    return answer(await shown(node, after))


async def review(request: Request) -> Response:
    """Decide an Approval: `decision`, `comment`, and its inputs, as JSON or as a form."""
    node, found = node_of(request), await execution_of(request)
    async with sent_inputs(request) as sent:
        inputs: dict[str, Any] = dict(sent.inputs)
        decision, comment = inputs.pop("decision", None), inputs.pop("comment", None)
        if not isinstance(decision, str) or not (comment is None or isinstance(comment, str)):
            raise UserError("say how it is decided: `decision`, and `comment` as text")
        await node.resume(found.id, inputs, files=sent.files, decision=decision, comment=comment)
    return Response(status_code=204)


def _state(given: object) -> State:
    try:
        return State(str(given))
    except ValueError:
        raise Unprocessable(f"`{str(given)[:40]}` is no state") from None
