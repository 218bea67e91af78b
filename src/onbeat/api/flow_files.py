"""Flows in and out: as a ZIP archive of their texts, as one text of all, as a table.

Rules
1. An archive is data from somewhere: what it would unpack to is bounded before it is unpacked, its names are only told back.
2. Of what is imported each flow that is right is saved, and the others are named; with `failOnError` nothing is, unless all are right.
3. A table's cells cannot be formulas.

Called by: app.
"""

import asyncio
import csv
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat.api.access import Permission
from onbeat.api.flow_changes import MOST, Names, save
from onbeat.api.flow_choice import FlowQuery, chosen_flows
from onbeat.api.forms import sent_inputs
from onbeat.api.problems import Forbidden, TooLarge
from onbeat.api.routing import Unprocessable, Within, allow, answer, callers_namespaces, node_of, route
from onbeat.core.flow_text import documents
from onbeat.core.yaml12 import MAX_BYTES
from onbeat.errors import NotFound, Refused, UserError
from onbeat.ports import StoredFlow

_ZIP = b"PK\x03\x04"
_SUFFIXES = (".yaml", ".yml")
_MOST_BYTES = 64 * MAX_BYTES
"""Of all texts of an archive together."""
_MOST_SENT = 8 * MAX_BYTES
"""Of a file that is imported: an archive's own list of what is in it is read whole."""
_COLUMNS = ("namespace", "id", "revision", "disabled", "description", "labels", "triggers")
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
_UPLOAD = {"type": "string", "format": "binary"}
_FORM = {"multipart/form-data": {"type": "object", "required": ["fileUpload"], "properties": {"fileUpload": _UPLOAD}}}


class ImportQuery(BaseModel):
    """What becomes of the others when one is wrong."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    fail_on_error: bool = Field(False, description="Save none unless all are right.")


def routes() -> list[BaseRoute]:
    """The routes."""
    read, many = Permission.READ, Within.LIST
    packed, table = "application/octet-stream", "text/csv"
    return [
        *route("/flows/import", import_flows, Permission.WRITE, ("POST",), within=Within.OBJECT, answers=list[str], takes=_FORM),
        *route("/flows/export/by-query/csv", export_table, read, within=many, media=table),
        *route("/flows/export/by-query", export_query, read, within=many, media=packed),
        *route("/flows/export/by-ids", export_ids, read, ("POST",), within=Within.OBJECT, media=packed),
    ]


# ---- out ---------------------------------------------------------------------------------------------------------


async def export_query(request: Request, query: Annotated[FlowQuery, Query()]) -> Response:
    """The texts of all flows that a query means, as a ZIP archive."""
    node = node_of(request)
    flows = [loaded.flow for loaded in await chosen_flows(request)]
    kept = [await node.store.flow(flow.namespace, flow.id, flow.revision) for flow in flows]
    return await _packed([stored for stored in kept if stored is not None])


async def export_ids(request: Request, names: Names) -> Response:
    """The texts of these flows, as a ZIP archive."""
    request.state.asked = True
    node, kept = node_of(request), []
    for name in names:
        missing = f"there is no flow {name.namespace}.{name.id}"
        await allow(request, name.namespace, missing)
        loaded = node.catalog.find(name.namespace, name.id)
        stored = None if loaded is None else await node.store.flow(name.namespace, name.id, loaded.flow.revision)
        if stored is None:
            raise NotFound(missing)
        kept.append(stored)
    return await _packed(kept)


async def export_table(request: Request, query: Annotated[FlowQuery, Query()]) -> Response:
    """All flows that a query means, as a table of comma-separated values."""
    written = io.StringIO()
    rows = csv.writer(written, lineterminator="\r\n")
    rows.writerow(_COLUMNS)
    for loaded in await chosen_flows(request):
        flow = loaded.flow
        labels = ";".join(f"{key}:{value}" for key, value in flow.labels.items())
        triggers = ";".join(str(raw.get("id")) for raw in flow.triggers)
        cells = (flow.namespace, flow.id, flow.revision, str(flow.disabled).lower(), flow.description or "", labels, triggers)
        rows.writerow([_cell(value) for value in cells])
    return Response(written.getvalue(), media_type="text/csv", headers={"Content-Disposition": 'attachment; filename="flows.csv"'})


def _cell(value: object) -> str:
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULAS) else text


async def _packed(flows: Sequence[StoredFlow]) -> Response:
    def pack() -> bytes:
        written = io.BytesIO()
        with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
            for stored in flows:
                archive.writestr(zipfile.ZipInfo(f"{stored.namespace}.{stored.id}.yaml"), stored.source)
        return written.getvalue()

    headers = {"Content-Disposition": 'attachment; filename="flows.zip"'}
    return Response(await asyncio.to_thread(pack), media_type="application/octet-stream", headers=headers)


# ---- in ----------------------------------------------------------------------------------------------------------


async def import_flows(request: Request, query: Annotated[ImportQuery, Query()]) -> Response:
    """Save the flows of a ZIP archive of YAML files, or of one YAML file; answers the names of those that were not saved.

    Form with a part that is the file, named `fileUpload`.
    """
    await callers_namespaces(request)
    async with sent_inputs(request) as sent:
        if len(sent.files) != 1:
            raise UserError("the form has one part with the file, named `fileUpload`")
        (upload,) = sent.files.values()
        found = await asyncio.to_thread(lambda: list(_texts(upload.path)))
    if len(found) > MOST:
        raise UserError(f"there are {len(found)} flows; at most {MOST} are saved at once")
    if query.fail_on_error:
        if found:
            await save(request, [source for _, source in found])
        return answer([])
    request.state.audited = True
    return answer(await _saved(request, found))


async def _saved(request: Request, found: Sequence[tuple[str, str]]) -> list[str]:
    """Save those that can be; the names of the others, in order. All at once where all are right: halves of the rest else."""
    if not found:
        return []
    try:
        await save(request, [source for _, source in found])
    except (Unprocessable, Refused, NotFound, Forbidden):
        if len(found) == 1:
            return [found[0][0]]
        half = len(found) // 2
        return [*await _saved(request, found[:half]), *await _saved(request, found[half:])]
    return []


def _texts(path: Path) -> Iterator[tuple[str, str]]:
    """The flows of a file, each with its name in it. Raises UserError."""
    if path.stat().st_size > _MOST_SENT:
        raise TooLarge(f"the file is larger than {_MOST_SENT:,} bytes; import the flows in several")
    with path.open("rb") as file:
        packed = file.read(len(_ZIP)) == _ZIP
    try:
        if not packed:
            yield from ((str(index), text) for index, text in enumerate(documents(_text(path.read_bytes()))))
            return
        with zipfile.ZipFile(path) as archive:
            yield from _unpacked(archive)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, RuntimeError, ValueError, EOFError, OSError) as wrong:
        raise UserError(f"the archive cannot be read: {wrong}") from None


def _unpacked(archive: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    entries = [each for each in archive.infolist() if not each.is_dir() and each.filename.endswith(_SUFFIXES)]
    if len(entries) > MOST:
        raise UserError(f"the archive has {len(entries)} files; at most {MOST} are taken")
    room = _MOST_BYTES
    for entry in entries:
        with archive.open(entry) as packed:
            content = packed.read(min(room, MAX_BYTES) + 1)  # never what the archive says of itself
        room -= len(content)
        if room < 0 or len(content) > MAX_BYTES:
            raise UserError(f"the archive is too large: at most {MAX_BYTES:,} bytes in a file, {_MOST_BYTES:,} in all")
        found = documents(_text(content))
        yield from ((entry.filename if len(found) == 1 else f"{entry.filename}#{index}", text) for index, text in enumerate(found))


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise UserError("the file is not UTF-8") from None
