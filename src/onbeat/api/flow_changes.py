"""Flows: create, update, delete, switch on and off; one, several, or all that a query means.

Rules
1. What is wrong with a flow is told whole, and nothing of it is saved (422); of several flows none is when one is wrong.
2. A save may name the revision that was edited (`revision=3`, or If-Match); without one the last wins, as with Kestra.
3. Each flow that was changed is a row of the audit log, with its text before and after.
4. A text that was shown with a secret hidden in it does not overwrite the one that has it.
5. By ids, all of them are looked at before the first one is changed; by query see flow_choice.

Called by: app.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import orjson
from fastapi import Body, Query
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat.api.access import Permission
from onbeat.api.audit import audited
from onbeat.api.flow_choice import ChangeQuery, flows_to_change
from onbeat.api.flow_json import flow_answer, flow_json
from onbeat.api.flows import stored_flow
from onbeat.api.parameters import NamespaceName
from onbeat.api.reads import header
from onbeat.api.routing import Unprocessable, Within, allow, answer, body_of, callers_namespaces, json_of, node_of, route
from onbeat.api.shapes.base import Free
from onbeat.api.shapes.flows import Changed, FlowShape, FlowWithSource
from onbeat.core.access import covers
from onbeat.core.flow import Flow
from onbeat.core.flow_text import documents, with_disabled
from onbeat.core.names import FLOW_ID, NAMESPACE, check_namespace
from onbeat.engine.flow_files import Draft, Exists, Saved, problem_sentences
from onbeat.engine.masking import MASK
from onbeat.errors import InvalidFile, NotFound, Refused, UserError
from onbeat.ports import StoredFlow

YAML = "application/x-yaml"
_EXAMPLE = "id: hello\nnamespace: company.team\ntasks:\n  - id: say\n    type: io.kestra.plugin.core.log.Log\n    message: Hello\n"
_TEXT: dict[str, Any] = {"type": "string", "examples": [_EXAMPLE]}
_OBJECT: dict[str, Any] = {"type": "object", "required": ["id", "namespace", "tasks"]}
TEXTS = {YAML: _TEXT, "application/json": _OBJECT}
"""What a route takes that saves one flow."""
MANY_TEXTS = {YAML: _TEXT, "application/json": {"type": "array", "items": _OBJECT}}
_OURS = ("revision", "updated", "deleted", "draft", "source", "file", "tenantId", "exception")
"""What an answer adds to a flow: taken off one that comes back."""
MOST = 1_000
"""Flows that one request changes."""


class FlowName(BaseModel):
    """A flow."""

    namespace: str = Field(pattern=NAMESPACE, max_length=150, examples=["company.team"])
    id: str = Field(pattern=FLOW_ID, max_length=100, examples=["hello"])


class SaveQuery(BaseModel):
    """Which revision was edited."""

    revision: int | None = Field(None, ge=0, description="Refused with 409 when there is a newer one; 0: there is to be none.")
    draft: bool = Field(
        False, description="Must not be set: there are no drafts here, and what is saved is served.", json_schema_extra={"enum": [False]}
    )


class ManyQuery(BaseModel):
    """What else is to become of the flows."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    delete: bool = Field(True, description="Delete the flows of the namespace that are not among these.")
    allow_namespace_child: bool = Field(False, description="Also those below it.")
    override: bool = Field(False, description="Taken for Kestra's sake; a flow that names another namespace is refused.")


class BulkQuery(ManyQuery):
    """And of which namespace, where the path does not say it."""

    namespace: NamespaceName | None = Field(None, description="The namespace of all of them; needed where others are deleted.")


Names = Annotated[list[FlowName], Body(max_length=MOST)]


_EDITED = (
    header("If-Match", {"type": "string", "pattern": r'^(\*|(W/)?"?[0-9]{1,9}"?)?$'}, "The revision that was edited, as `revision`."),
)


def routes() -> list[BaseRoute]:
    """The routes; those of words come before those of namespaces."""
    write, one, many = Permission.WRITE, Within.OBJECT, Within.LIST
    return [
        *route("/flows", create, write, ("POST",), within=one, answers=FlowWithSource, takes=TEXTS),
        *route("/flows/bulk", save_many, write, ("POST",), within=one, answers=list[FlowShape], takes=MANY_TEXTS),
        *route("/flows/delete/by-ids", delete_ids, write, ("DELETE",), within=one, answers=Changed),
        *route("/flows/delete/by-query", delete_query, write, ("DELETE",), within=many, answers=Changed),
        *route("/flows/enable/by-ids", enable_ids, write, ("POST",), within=one, answers=Changed),
        *route("/flows/enable/by-query", enable_query, write, ("POST",), within=many, answers=Changed),
        *route("/flows/disable/by-ids", disable_ids, write, ("POST",), within=one, answers=Changed),
        *route("/flows/disable/by-query", disable_query, write, ("POST",), within=many, answers=Changed),
        *route("/flows/{namespace}", save_namespace, write, ("POST",), answers=list[FlowShape], takes=MANY_TEXTS),
        *route("/flows/{namespace}/{id}", update, write, ("PUT",), answers=FlowWithSource, takes=TEXTS, reads=_EDITED),
        *route("/flows/{namespace}/{id}", delete, write, ("DELETE",), status=204),
        *route("/flows/{namespace}/{id}/revisions", delete_revisions, write, ("DELETE",), status=204),
    ]


# ---- one ---------------------------------------------------------------------------------------------------------


async def create(request: Request, query: Annotated[SaveQuery, Query()]) -> Response:
    """Create a flow from its text: YAML, or JSON."""
    _no_draft(query)
    (saved,) = await save(request, [await _text(request)], new=True, base=query.revision)
    return flow_answer(await asyncio.to_thread(flow_json, saved.stored, saved.loaded.path, source=True))


async def update(request: Request, query: Annotated[SaveQuery, Query()]) -> Response:
    """Save another text of a flow: YAML, or JSON. Comments and order are kept."""
    _no_draft(query)
    before, _, _ = await stored_flow(request)
    source = await _text(request)
    flow = await _checked(request, source)
    if (flow.namespace, flow.id) != (before.namespace, before.id):
        raise Unprocessable(f"the text is of flow {flow.name}, not of {before.namespace}.{before.id}; a flow keeps its namespace and id")
    (saved,) = await save(request, [source], base=_edited(request, query))
    return flow_answer(await asyncio.to_thread(flow_json, saved.stored, saved.loaded.path, source=True))


async def delete(request: Request) -> Response:
    """Delete a flow: it starts nothing new. Its executions and revisions stay."""
    stored, _, _ = await stored_flow(request)
    await _delete(request, [(stored.namespace, stored.id)])
    return Response(status_code=204)


async def delete_revisions(request: Request, revisions: Annotated[list[str], Query(min_length=1)]) -> Response:
    """Let old revisions of a flow go. Neither the newest one nor those that executions have."""
    stored, _, _ = await stored_flow(request)
    store = node_of(request).store
    texts = [part.strip() for each in revisions for part in each.split(",")]
    if not all(text.isascii() and text.isdecimal() and 0 < len(text) < 10 for text in texts):
        raise UserError("`revisions` are numbers: revisions=1,2")
    wanted = sorted({int(text) for text in texts})
    known = await store.flow_revisions(stored.namespace, stored.id)
    missing = [number for number in wanted if number not in known]
    if missing:
        raise NotFound(f"flow {stored.namespace}.{stored.id} has no revision {missing[0]}")
    if max(known) in wanted:
        raise Refused(f"revision {max(known)} is the newest one; delete the flow if it is to go")
    await store.purge_revisions(stored.namespace, stored.id, wanted)
    left = [number for number in await store.flow_revisions(stored.namespace, stored.id) if number in wanted]
    gone = [number for number in wanted if number not in left]
    await audited(request, "flow.revisions.delete", f"flow:{stored.namespace}.{stored.id}", {"revisions": [*gone]}, None)
    if left:
        raise Refused(f"executions have revision {left[0]}; it goes with them")
    return Response(status_code=204)


# ---- several -----------------------------------------------------------------------------------------------------


async def save_namespace(request: Request, query: Annotated[ManyQuery, Query()]) -> Response:
    """Save all flows of a namespace from one text; those that are not in it are deleted, unless `delete=false`."""
    if "namespace" in request.query_params:
        raise UserError("the path says the namespace, whose other flows are deleted; leave out `namespace`")
    return await _save_many(request, request.path_params["namespace"], query)


async def save_many(request: Request, query: Annotated[BulkQuery, Query()]) -> Response:
    """Save several flows from one text, its documents separated by `---`. With `namespace` its other flows are deleted, unless
    `delete=false`."""
    return await _save_many(request, query.namespace, query)


async def delete_ids(request: Request, names: Names) -> Response:
    """Delete these flows."""
    await callers_namespaces(request)
    found = [await _named(request, name) for name in names]
    await _delete(request, [(stored.namespace, stored.id) for stored in found])
    return answer({"count": len(found)})


async def delete_query(request: Request, query: Annotated[ChangeQuery, Query()]) -> Response:
    """Delete all flows that a query means."""
    found = await flows_to_change(request, query)
    request.state.audited = True
    if not query.dry_run:
        await _delete(request, [(loaded.flow.namespace, loaded.flow.id) for loaded in found])
    return answer({"count": len(found)})


async def enable_ids(request: Request, names: Names) -> Response:
    """Switch these flows on."""
    await callers_namespaces(request)
    return await _switch(request, [await _named(request, name) for name in names], disabled=False)


async def disable_ids(request: Request, names: Names) -> Response:
    """Switch these flows off: they start nothing."""
    await callers_namespaces(request)
    return await _switch(request, [await _named(request, name) for name in names], disabled=True)


async def enable_query(request: Request, query: Annotated[ChangeQuery, Query()]) -> Response:
    """Switch all flows on that a query means."""
    return await _switch_query(request, query, disabled=False)


async def disable_query(request: Request, query: Annotated[ChangeQuery, Query()]) -> Response:
    """Switch all flows off that a query means."""
    return await _switch_query(request, query, disabled=True)


# ---- how ---------------------------------------------------------------------------------------------------------


async def save(request: Request, sources: Sequence[str], *, new: bool = False, base: int | None = None) -> list[Saved]:
    """Save flows for a caller who may, and write it down. Raises Unprocessable, Forbidden, NotFound, Refused."""
    flows = [await _checked(request, source) for source in sources]
    for flow in flows:
        await allow(request, flow.namespace, f"there is no namespace {flow.namespace}")
    for flow, source in zip(flows, sources, strict=True):
        await _not_hidden(request, flow, source)
    try:
        saved = await node_of(request).flow_files.save_all([Draft(source, base) for source in sources], new=new)
    except Exists as wrong:
        raise Unprocessable(str(wrong)) from None
    except InvalidFile as wrong:
        raise unprocessable(wrong) from None
    for each in saved:
        action = "flow.create" if each.before is None else "flow.update"
        await audited(request, action, f"flow:{each.loaded.flow.name}", _noted(each.before), _noted(each.stored))
    return saved


async def _not_hidden(request: Request, flow: Flow, source: str) -> None:
    """A text that was shown with a secret hidden in it must not come back so. Raises Refused."""
    node = node_of(request)
    loaded = node.catalog.find(flow.namespace, flow.id)
    before = None if loaded is None else await node.store.flow(flow.namespace, flow.id, loaded.flow.revision)
    mask = node.evaluator.answers_mask()
    if before is None or not mask or source.count(MASK) <= before.source.count(MASK):
        return
    if await asyncio.to_thread(mask.mask, before.source) != before.source:
        raise Refused(f"flow {flow.name} has a secret in its text, which was shown as {MASK}: write secret('NAME') there, or edit its file")


def unprocessable(wrong: InvalidFile) -> Unprocessable:
    """All that is wrong with a text."""
    return Unprocessable("\n".join(problem_sentences(wrong)))


async def texts_of(request: Request) -> list[str]:
    """The flows of a body, each as it is written there: YAML with several documents, or a JSON list."""
    if "json" in request.headers.get("content-type", ""):
        given = json_of(await body_of(request))
        return [written(each) for each in (given if isinstance(given, list) else [given])]
    found = documents(_decoded(await body_of(request)))
    if len(found) > MOST:
        raise UserError(f"the text has {len(found)} flows; at most {MOST} are saved at once")
    return found


def written(given: Any) -> str:
    """The text of a flow that came as JSON; JSON is YAML. Raises UserError."""
    if not isinstance(given, dict):
        raise UserError("a flow is a JSON object with `id`, `namespace` and `tasks`; or send YAML as application/x-yaml")
    source = given.get("source")
    if isinstance(source, str) and "tasks" not in given:
        return source
    return orjson.dumps({key: value for key, value in given.items() if key not in _OURS}, option=orjson.OPT_INDENT_2).decode() + "\n"


async def _text(request: Request) -> str:
    """The one flow of a body."""
    if "json" in request.headers.get("content-type", ""):
        return written(json_of(await body_of(request)))
    return _decoded(await body_of(request))


def _decoded(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise UserError("the body is not UTF-8") from None


async def _checked(request: Request, source: str) -> Flow:
    try:
        return await node_of(request).flow_files.check(source)
    except InvalidFile as wrong:
        raise unprocessable(wrong) from None


def _no_draft(query: SaveQuery) -> None:
    """A draft starts nothing; saved as a flow it would. Raises Unprocessable."""
    if query.draft:
        raise Unprocessable("there are no drafts here: what is saved is served; write `disabled: true` in it until it is ready")


def _edited(request: Request, query: SaveQuery) -> int | None:
    """Which revision was edited: `revision`, or the header If-Match."""
    given = request.headers.get("if-match", "").removeprefix("W/").strip('" ')
    if query.revision is not None or given in ("", "*"):
        return query.revision
    if not (given.isascii() and given.isdecimal() and len(given) < 10):
        raise UserError('If-Match is the number of a revision: If-Match: "3"')
    return int(given)


async def _delete(request: Request, names: Sequence[tuple[str, str]]) -> list[StoredFlow]:
    gone = await node_of(request).flow_files.delete_all(names)
    request.state.audited = True
    for stored in gone:
        await audited(request, "flow.delete", f"flow:{stored.namespace}.{stored.id}", _noted(stored), None)
    return gone


async def _named(request: Request, name: FlowName) -> StoredFlow:
    """A served flow that the caller may change. Raises NotFound, Forbidden."""
    missing = f"there is no flow {name.namespace}.{name.id}"
    await allow(request, name.namespace, missing)
    node = node_of(request)
    loaded = node.catalog.find(name.namespace, name.id)
    found = None if loaded is None else await node.store.flow(name.namespace, name.id, loaded.flow.revision)
    if found is None:
        raise NotFound(missing)
    return found


async def _switch_query(request: Request, query: ChangeQuery, *, disabled: bool) -> Response:
    found = await flows_to_change(request, query)
    if query.dry_run:
        request.state.audited = True
        return answer({"count": len(found)})
    names = [FlowName(namespace=loaded.flow.namespace, id=loaded.flow.id) for loaded in found]
    return await _switch(request, [await _named(request, name) for name in names], disabled=disabled)


async def _switch(request: Request, flows: Iterable[StoredFlow], *, disabled: bool) -> Response:
    """Change `disabled` in the texts; nothing is changed when one of them cannot be."""
    known = list({(stored.namespace, stored.id): stored for stored in flows}.values())
    changed: list[str] = []
    for stored in known:
        text = await asyncio.to_thread(with_disabled, stored.source, disabled)
        if text is None:
            raise Refused(f"flow {stored.namespace}.{stored.id} is written so that `disabled` cannot be changed in one place; edit it")
        if text != stored.source:
            changed.append(text)
    if changed:
        await save(request, changed)
    request.state.audited = True
    return answer({"count": len(known)})


async def _save_many(request: Request, namespace: str | None, query: ManyQuery) -> Response:
    node, sources = node_of(request), await texts_of(request)
    flows = [await _checked(request, source) for source in sources]
    if namespace is not None:
        check_namespace(namespace)
        for flow in flows:
            if flow.namespace != namespace and not (query.allow_namespace_child and covers(namespace, flow.namespace)):
                raise Unprocessable(f"flow {flow.name} is not in namespace {namespace}")
        await allow(request, namespace, f"there is no namespace {namespace}")
    elif "delete" in request.query_params and query.delete:
        raise UserError("say the `namespace` whose other flows are to be deleted, or `delete=false`")
    else:
        request.state.asked = True
    if not sources and "json" not in request.headers.get("content-type", ""):
        raise UserError("send the flows; that there are to be none is the JSON list `[]`")
    kept = {(flow.namespace, flow.id) for flow in flows}
    saved = await save(request, sources) if sources else []
    shown = [(each.stored, each.loaded.path, False) for each in saved]
    if query.delete and namespace is not None:
        flows_there = [loaded.flow for loaded in node.catalog.served() if loaded.flow.namespace == namespace]
        left = [(flow.namespace, flow.id) for flow in flows_there if (flow.namespace, flow.id) not in kept]
        shown += [(gone, None, True) for gone in await _delete(request, left)]
    return flow_answer(await asyncio.to_thread(lambda: [flow_json(stored, path, deleted=deleted) for stored, path, deleted in shown]))


def _noted(stored: StoredFlow | None) -> Free | None:
    """A flow in the audit log."""
    return None if stored is None else {"revision": stored.revision, "source": stored.source}
