"""Executions: start, look, follow, kill, pause, resume. What 2.0 of Kestra calls `actions/…` is the same as before."""

import functools
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat.api.access import Permission
from onbeat.api.forms import sent_inputs
from onbeat.api.lookup import execution_of
from onbeat.api.outlines import flow_outline
from onbeat.api.questions import CORRELATION
from onbeat.api.reads import BREAKPOINTS, FLAG, INSTANT, LABELS, NUMBER, ONCE, POSITION, TRACE, header, only, query, revision_in
from onbeat.api.routing import Handler, Unprocessable, Within, allow, answer, node_of, route
from onbeat.api.shapes.executions import ExecutionShape, FlowOutline, Validated
from onbeat.api.stream import events_of_execution
from onbeat.core.event import Micros
from onbeat.core.evolve import create
from onbeat.core.execution import Execution
from onbeat.core.ids import LENGTH
from onbeat.core.inputs import Examined, InputProblem, unknown
from onbeat.core.inputs.readers import read_datetime
from onbeat.core.shape import execution_json
from onbeat.core.times import from_datetime
from onbeat.engine.node import Node
from onbeat.engine.once import Once
from onbeat.errors import Refused, UserError

STARTS = (
    query("labels", LABELS, "Each as key:value."),
    query("wait", FLAG, "Answer when the execution has ended."),
    query("revision", NUMBER, "Of the flow; the served one unless told otherwise."),
    query("scheduleDate", INSTANT, "When it is to begin."),
    query("kind", only("NORMAL"), "Executions are of one kind here."),
    BREAKPOINTS,
    ONCE,
    TRACE,
)
_CASCADES = (query("isOnKillCascade", {"type": "boolean", "enum": [True]}, "A kill stops the subflows, too."),)
_FOLLOWS = (
    query("after", POSITION, "As the header Last-Event-ID."),
    query("delta", FLAG, "Tell of each change what is different, not the whole execution."),
    header("Last-Event-ID", POSITION, "The position after which it goes on."),
)


def routes() -> list[BaseRoute]:
    """The routes."""
    return [
        *route("/executions/{id}", show, Permission.READ, within=Within.OBJECT, answers=ExecutionShape),
        *route("/executions/{id}/flow", flow, Permission.READ, within=Within.OBJECT, answers=FlowOutline),
        *route("/executions/{id}/follow", follow, Permission.READ, within=Within.OBJECT, media="text/event-stream", reads=_FOLLOWS),
        *(
            each
            for path in ("/executions/{id}/kill", "/executions/{id}/actions/kill")
            for each in route(
                path, kill, Permission.RUN, ("DELETE",), within=Within.OBJECT, answers=ExecutionShape, status=202, reads=_CASCADES
            )
        ),
        *route("/executions/{id}/pause", unless_flow(pause), Permission.RUN, ("POST",), within=Within.OBJECT, answers=ExecutionShape),
        *route("/executions/{id}/actions/pause", pause, Permission.RUN, ("POST",), within=Within.OBJECT, answers=ExecutionShape),
        *route("/executions/{id}/resume", unless_flow(resume), Permission.RUN, ("POST",), within=Within.OBJECT, status=204),
        *route("/executions/{id}/actions/resume", resume_and_show, Permission.RUN, ("POST",), within=Within.OBJECT, answers=ExecutionShape),
        *route("/executions/{id}/resume/validate", validate_resume, Permission.RUN, ("POST",), within=Within.OBJECT, answers=Validated),
        *route(
            "/executions/{id}/actions/resume/validate",
            validate_resume,
            Permission.RUN,
            ("POST",),
            within=Within.OBJECT,
            answers=Validated,
        ),
        *route("/executions/{id}/actions/resume-from-breakpoint", go_on, Permission.RUN, ("POST",), within=Within.OBJECT),
        *route(
            "/executions/trigger/{namespace}/{flow}", start_by_old_path, Permission.RUN, ("POST",), answers=ExecutionShape, reads=STARTS
        ),
        *route("/executions/{namespace}/{flow}", start, Permission.RUN, ("POST",), answers=ExecutionShape, reads=STARTS),
        *route("/executions/{namespace}/{flow}/validate", validate, Permission.RUN, ("POST",), answers=Validated),
    ]


def unless_flow(action: Handler) -> Handler:
    """The action on an execution, unless the path means a flow of the action's name: `POST /executions/my.namespace/pause` starts one."""

    @functools.wraps(action)
    async def chosen(request: Request) -> Response:
        namespace, flow = request.path_params["id"], request.url.path.rpartition("/")[2]
        if len(namespace) != LENGTH and node_of(request).catalog.find(namespace, flow) is not None:
            await allow(request, namespace, f"there is no flow {namespace}.{flow}")
            request.path_params.update(namespace=namespace, flow=flow)
            return await start(request)
        return await action(request)

    return chosen


async def shown(node: Node, execution: Execution) -> dict[str, Any]:
    """An execution in Kestra's JSON."""
    head = execution.head
    loaded = await node.catalog.revision(head.namespace, head.flow, head.revision)
    return execution_json(execution, loaded.flow)


async def start(request: Request) -> Response:
    """Start a flow. The answer is the execution as it was created; with `wait=true`, as it has ended.

    Body: the inputs, as JSON or as a form with files. With the header `Idempotency-Key` the same request is the same execution.
    """
    node, said = node_of(request), request.query_params
    if said.get("breakpoints") or said.get("kind", "NORMAL") != "NORMAL":
        raise Unprocessable("an execution has no breakpoints here and is of kind NORMAL; leave `breakpoints` and `kind` away")
    namespace, flow = request.path_params["namespace"], request.path_params["flow"]
    labels, revision = _labels(said.getlist("labels")), revision_in(request)
    async with sent_inputs(request) as sent:
        strays = unknown((await node.find_flow(namespace, flow, revision)).flow.inputs, {**sent.inputs, **sent.files})
        if strays:
            raise Unprocessable("\n".join(strays))
        id_ = request.headers.get("idempotency-key")
        asked = [sent.inputs, {name: [upload.name, upload.path.stat().st_size] for name, upload in sent.files.items()}, str(said)]
        once = None if id_ is None else Once.of(f"{namespace}.{flow}", id_, asked)
        async with nullcontext() if once is None else once.turn():
            execution = await node.start(
                namespace,
                flow,
                sent.inputs,
                files=sent.files,
                labels={key: value for key, value in labels.items() if key != CORRELATION},
                revision=revision,
                correlation_id=labels.get(CORRELATION),
                scheduled=_instant(said.get("scheduleDate")),
                traceparent=request.headers.get("traceparent"),
                once=once,
            )
    waited = said.get("wait", "").lower() == "true"
    return answer(await shown(node, await node.engine.ended(execution.id) if waited else create(execution.head)))


async def start_by_old_path(request: Request) -> Response:
    """Start a flow, by the path that Kestra had before 0.23."""
    return await start(request)


async def validate(request: Request) -> Response:
    """What a start with these inputs would be: each input with its value and what is wrong with it, and the checks that do not hold."""
    node = node_of(request)
    loaded = await node.find_flow(request.path_params["namespace"], request.path_params["flow"])
    async with sent_inputs(request) as sent:
        examined, checks = await node.examine(loaded, sent.inputs, sent.files)
    return answer(
        {
            "id": loaded.flow.id,
            "namespace": loaded.flow.namespace,
            "inputs": [examined_json(each) for each in examined],
            "checks": [{"message": each.message, "style": each.check.style, "behavior": each.check.behavior} for each in checks],
        }
    )


async def validate_resume(request: Request) -> Response:
    """What a resume with these answers would be."""
    node, id_ = node_of(request), request.path_params["id"]
    if len(id_) != LENGTH and node.catalog.find(id_, "resume") is not None:  # a flow of that name
        await allow(request, id_, f"there is no flow {id_}.resume")
        request.path_params.update(namespace=id_, flow="resume")
        return await validate(request)
    execution = await execution_of(request)
    async with sent_inputs(request) as sent:
        examined = await node.examine_resume(execution, sent.inputs, sent.files)
    head = execution.head
    return answer({"id": head.flow, "namespace": head.namespace, "inputs": [examined_json(each) for each in examined]})


def examined_json(examined: Examined) -> dict[str, Any]:
    """One input, as Kestra's forms want it."""
    secret = examined.spec.type == "SECRET" and examined.value is not None
    return {
        "input": examined.spec.model_dump(mode="json", by_alias=True, exclude_none=True),
        "value": "********" if secret else examined.value,
        "enabled": examined.enabled,
        "isDefault": not examined.own and examined.value is not None,
        "errors": [] if examined.problem is None else [{"message": str(InputProblem(examined.spec.id, examined.problem))}],
    }


def _labels(given: Sequence[str]) -> dict[str, str]:
    """`key:value` each. Raises UserError, Unprocessable for labels that only onbeat sets."""
    labels = {}
    for label in given:
        key, _, value = label.partition(":")
        if not key or not value:
            raise UserError(f"`{label}` is no label; write it as key:value")
        if key.startswith("system.") and key != CORRELATION:
            raise Unprocessable(f"label `{key}`: those that begin with `system.` are set by onbeat")
        labels[key] = value
    return labels


def _instant(given: str | None) -> Micros | None:
    if not given:
        return None
    try:
        return from_datetime(read_datetime(given))
    except ValueError as wrong:
        raise UserError(f"scheduleDate: {wrong}") from None


async def show(request: Request) -> Response:
    """One execution."""
    return answer(await shown(node_of(request), await execution_of(request)))


async def flow(request: Request) -> Response:
    """The flow that an execution runs, in the revision that it has, by what it is."""
    node, head = node_of(request), (await execution_of(request)).head
    return answer(flow_outline((await node.catalog.revision(head.namespace, head.flow, head.revision)).flow))


async def kill(request: Request) -> Response:
    """Stop an execution and those that it started as subflows."""
    if request.query_params.get("isOnKillCascade", "").lower() == "false":
        raise Unprocessable("a kill stops the subflows, too; leave `isOnKillCascade` away")
    node, found = node_of(request), await execution_of(request)
    return answer(await shown(node, await node.kill(found.id)), 202)


async def pause(request: Request) -> Response:
    """Pause an execution."""
    node, found = node_of(request), await execution_of(request)
    try:
        return answer(await shown(node, await node.pause(found.id)))
    except Refused as wrong:
        raise Unprocessable(str(wrong)) from None


async def resume(request: Request) -> Response:
    """Resume an execution. Body: the answers to onResume, as JSON or as a form with files."""
    found = await execution_of(request)
    async with sent_inputs(request) as sent:
        await node_of(request).resume(found.id, sent.inputs, files=sent.files)
    return Response(status_code=204)


async def resume_and_show(request: Request) -> Response:
    """Resume an execution, and answer with it. Body: as `resume`."""
    await resume(request)
    return await show(request)


async def go_on(request: Request) -> Response:
    """Let an execution go on from a breakpoint: none has any."""
    found = await execution_of(request)
    raise Unprocessable(f"execution {found.id} is {found.state}, not BREAKPOINT: onbeat sets no breakpoints")


async def follow(request: Request) -> Response:
    """An execution's changes as they happen, until it has ended."""
    node, execution = node_of(request), await execution_of(request)
    head = execution.head
    loaded = await node.catalog.revision(head.namespace, head.flow, head.revision)
    return events_of_execution(request, node, execution, loaded.flow, delta=request.query_params.get("delta") == "true")
