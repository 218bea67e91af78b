"""Plugins: what there is, what each can do, and the schemas that editors check texts with.

Called by: app.
"""

import asyncio
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat import __version__
from onbeat.api.access import Permission
from onbeat.api.filters import page_of
from onbeat.api.routing import Within, answer, route
from onbeat.api.shapes.base import Free, Paged
from onbeat.api.shapes.plugins import InputType, Page, Plugin, TriggerType, Versions
from onbeat.core.type_names import long_type
from onbeat.engine.plugin_pages import catalogue, elements, input_page, input_types, page, schema_of
from onbeat.errors import NotFound


class PluginQuery(BaseModel):
    """Which page. Without one the answer is a list, as Kestra 1 gives it."""

    page: int | None = None
    size: int | None = None
    sort: list[str] = Field([], description="Taken for Kestra's sake: they are sorted by name.")


class PageQuery(BaseModel):
    """How much."""

    all: bool = Field(False, description="Taken for Kestra's sake: all properties are shown.")


class SchemaQuery(BaseModel):
    """Of what the schema is to be."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    array_of: bool = Field(False, description="Of a list of them.")
    include_catalog: bool = Field(False, description="Taken for Kestra's sake: every type is in it.")


def routes() -> list[BaseRoute]:
    """The routes; those of words come before those of types."""
    read, everybody = Permission.READ, Within.NOTHING
    return [
        *route("/plugins", plugins, read, within=everybody, answers=list[Plugin] | Paged[Plugin]),
        *route("/plugins/groups/subgroups", subgroups, read, within=everybody, answers=list[Plugin]),
        *route("/plugins/icons", icons, read, within=everybody, answers=Free),
        *route("/plugins/icons/groups", icons, read, within=everybody, answers=Free),
        *route("/plugins/icons/{cls}", icon, read, within=everybody),
        *route("/plugins/inputs", inputs, read, within=everybody, answers=list[InputType]),
        *route("/plugins/inputs/{type}", input_type, read, within=everybody, answers=Page),
        *route("/plugins/triggers", triggers, read, within=everybody, answers=Paged[TriggerType]),
        *route("/plugins/schemas/{type}", schema, read, within=everybody, answers=Free),
        *route("/plugins/properties/{type}", properties, read, within=everybody, answers=Free),
        *route("/plugins/{cls}", documentation, read, within=everybody, answers=Page),
        *route("/plugins/{cls}/versions", versions, read, within=everybody, answers=Versions),
        *route("/plugins/{cls}/versions/{version}", of_version, read, within=everybody, answers=Page),
    ]


async def plugins(request: Request, query: Annotated[PluginQuery, Query()]) -> Response:
    """The plugins of this server, with their types of tasks, triggers and conditions."""
    found = await asyncio.to_thread(catalogue)
    if query.page is None and query.size is None:
        return answer(found)
    return answer({"results": page_of(query.size, query.page).of(found), "total": len(found)})


async def subgroups(request: Request) -> Response:
    """The same, and each group within a plugin besides."""
    return answer(await asyncio.to_thread(lambda: catalogue(by_subgroup=True)))


async def icons(request: Request) -> Response:
    """The pictures of types: there are none."""
    return answer({})


async def icon(request: Request) -> Response:
    """The picture of a type: there is none."""
    raise NotFound("types have no pictures")


async def inputs(request: Request) -> Response:
    """The types of inputs."""
    return answer(await asyncio.to_thread(input_types))


async def input_type(request: Request) -> Response:
    """What an input of a type may have."""
    return answer(await asyncio.to_thread(input_page, request.path_params["type"]))


async def triggers(request: Request) -> Response:
    """The types of triggers."""
    found = [each for each in await asyncio.to_thread(elements) if each.what == "trigger"]
    results = [{**_shown(each.name), "description": each.description.partition("\n")[0], "group": _group(each.name)} for each in found]
    return answer({"results": results, "total": len(results)})


async def schema(request: Request, query: Annotated[SchemaQuery, Query()]) -> Response:
    """The JSON Schema of `flow`, `task` or `trigger`, for editors."""
    return answer(await asyncio.to_thread(schema_of, request.path_params["type"], many=query.array_of))


async def properties(request: Request) -> Response:
    """The properties of `flow`, `task` or `trigger`, as JSON Schema."""
    made = await asyncio.to_thread(schema_of, request.path_params["type"])
    part = made["$defs"][request.path_params["type"].lower()]
    return answer({"properties": part.get("properties", {}), "required": part.get("required", []), "$defs": made["$defs"]})


async def documentation(request: Request, query: Annotated[PageQuery, Query()]) -> Response:
    """What a type can do, by any of its names: a page in markdown, and the schema of its properties."""
    return answer(await asyncio.to_thread(page, request.path_params["cls"]))


async def versions(request: Request) -> Response:
    """The versions of a type: that of the server."""
    await asyncio.to_thread(page, request.path_params["cls"])
    return answer({"type": request.path_params["cls"], "versions": [__version__]})


async def of_version(request: Request) -> Response:
    """What a type can do in a version: there is one."""
    found = await asyncio.to_thread(page, request.path_params["cls"])
    if request.path_params["version"] != __version__:
        raise NotFound(f"there is one version of it, {__version__}")
    return answer(found)


def _shown(name: str) -> dict[str, Any]:
    return {"id": long_type(name), "name": name.rpartition(".")[2], "cls": long_type(name)}


def _group(name: str) -> str:
    """How Kestra sorts triggers: those of the core, those that wait for something, the others."""
    if name.startswith("core."):
        return "CORE"
    return "REALTIME" if name.endswith("RealtimeTrigger") else "APP"
