"""The files of namespaces: look, put, move, remove; Kestra's paths and JSON.

Called by: app.
"""

import asyncio
import tempfile
import zipfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Annotated, Any

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute

from onbeat.api.access import Permission
from onbeat.api.files import send
from onbeat.api.forms import sent_inputs
from onbeat.api.parameters import FilePath, FolderPath
from onbeat.api.routing import answer, body_of, node_of, route
from onbeat.api.shapes.namespaces import FileRevision, FileShape
from onbeat.core.addresses import SCHEME, clean, files_folder
from onbeat.core.names import check_namespace
from onbeat.engine.sealing_storage import SealedStorage
from onbeat.engine.storage import Entry
from onbeat.errors import NotFound, UserError
from onbeat.ports import Storage

_FORM = "multipart/form-data"
_BYTES = "application/octet-stream"
_TAKES = {
    _FORM: {"type": "object", "required": ["fileContent"], "properties": {"fileContent": {"type": "string", "format": "binary"}}},
    _BYTES: {"type": "string", "format": "binary"},
}
From = Annotated[FilePath, Query(alias="from")]
To = Annotated[FilePath, Query(alias="to")]
Revision = Annotated[int | None, Query(ge=1)]
_AT_ONCE = 262_144
"""Bytes of an archive that are sent at once."""


def routes() -> list[BaseRoute]:
    """The routes."""
    read, write = Permission.READ, Permission.WRITE
    return [
        *route("/namespaces/{namespace}/files", show, read, media=_BYTES),
        *route("/namespaces/{namespace}/files", put, write, ("POST",), takes=_TAKES, bodyless=True),
        *route("/namespaces/{namespace}/files", move, write, ("PUT",)),
        *route("/namespaces/{namespace}/files", delete, write, ("DELETE",), status=204),
        *route("/namespaces/{namespace}/files/search", search, read, answers=list[str]),
        *route("/namespaces/{namespace}/files/stats", stats, read, answers=FileShape),
        *route("/namespaces/{namespace}/files/revisions", revisions, read, answers=list[FileRevision]),
        *route("/namespaces/{namespace}/files/export", export, read, media=_BYTES),
        *route("/namespaces/{namespace}/files/directory", folder, read, answers=list[FileShape]),
        *route("/namespaces/{namespace}/files/directory", make_folder, write, ("POST",)),
    ]


def entry_json(entry: Entry) -> dict[str, Any]:
    """A file or folder."""
    return {
        "fileName": entry.name,
        "type": "Directory" if entry.folder else "File",
        "size": entry.size,
        "lastModifiedTime": entry.modified // 1_000,
        "creationTime": entry.modified // 1_000,
    }


async def show(request: Request, path: FilePath, revision: Revision = None) -> Response:
    """The bytes of a file; `path` is its path. Of revisions there is one, the present content."""
    namespace, path = check_namespace(request.path_params["namespace"]), clean(path)
    if revision not in (None, 1):
        raise NotFound(f"file `{path}` in namespace {namespace} has one revision, 1")
    try:
        return await send(node_of(request).storage, f"{SCHEME}{files_folder(namespace)}/{path}")
    except NotFound:
        raise NotFound(f"there is no file `{path}` in namespace {namespace}") from None


async def put(request: Request, path: FilePath) -> Response:
    """Keep a file under `path`, in place of one that is there. Body: its bytes, or a form with a part that is a file."""
    namespace, files = request.path_params["namespace"], node_of(request).files
    if not request.headers.get("content-type", "").startswith(_FORM):
        await files.write(namespace, path, await body_of(request))
        return Response(status_code=200)
    async with sent_inputs(request) as sent:
        if len(sent.files) != 1:
            raise UserError("the form has one part with the file, named `fileContent`")
        (upload,) = sent.files.values()
        await files.take(namespace, path, upload.path)
    return Response(status_code=200)


async def move(request: Request, before: From, after: To) -> Response:
    """Give a file or folder another path: `from`, `to`."""
    files = node_of(request).files
    await files.move(request.path_params["namespace"], before, after)
    return Response(status_code=200)


async def delete(request: Request, path: FilePath) -> Response:
    """Remove a file, or a folder with all in it: `path`."""
    namespace, files = request.path_params["namespace"], node_of(request).files
    await files.look(namespace, clean(path))
    await files.delete(namespace, path)
    return Response(status_code=204)


async def search(request: Request, q: str = "") -> Response:
    """The paths of a namespace's files that hold `q`."""
    found = await node_of(request).files.names(request.path_params["namespace"])
    return answer([f"/{path}" for path in found if q in f"/{path}"])


async def stats(request: Request, path: FolderPath = "") -> Response:
    """What is at `path`: name, type, size, times."""
    return answer(entry_json(await node_of(request).files.look(request.path_params["namespace"], path)))


async def revisions(request: Request, path: FilePath) -> Response:
    """The revisions of the file at `path`: one, the present content. No older one is kept."""
    await node_of(request).files.look(request.path_params["namespace"], clean(path))
    return answer([{"revision": 1}])


async def export(request: Request) -> Response:
    """All files of a namespace, as a ZIP archive; without those that hold a secret, which only tasks read."""
    node, namespace = node_of(request), check_namespace(request.path_params["namespace"])
    pieces = _archive(node.storage, namespace, await node.files.names(namespace))
    first = await anext(pieces)  # what cannot be read is told before anything is sent
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{namespace}_files.zip", "X-Content-Type-Options": "nosniff"}
    return StreamingResponse(_from(first, pieces), headers=headers, media_type=_BYTES)


async def _from(first: bytes, others: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in others:
        yield piece


async def _archive(storage: Storage, namespace: str, paths: Sequence[str]) -> AsyncIterator[bytes]:
    """The archive, made beside and sent piece by piece."""
    with tempfile.TemporaryDirectory(prefix="onbeat-", ignore_cleanup_errors=True) as place:
        copy, whole = Path(place, "file"), Path(place, "all.zip")
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in paths:
                uri = f"{SCHEME}{files_folder(namespace)}/{path}"
                if not (isinstance(storage, SealedStorage) and await storage.is_sealed(uri)):
                    await storage.fetch(uri, copy)
                    await asyncio.to_thread(archive.write, copy, path)
        with await asyncio.to_thread(open, whole, "rb") as file:
            while piece := await asyncio.to_thread(file.read, _AT_ONCE):
                yield piece


async def folder(request: Request, path: FolderPath = "") -> Response:
    """What is in the folder `path`, the namespace's own without it."""
    found = await node_of(request).files.entries(request.path_params["namespace"], path)
    return answer([entry_json(entry) for entry in found])


async def make_folder(request: Request, path: FilePath) -> Response:
    """Make the folder `path`."""
    await node_of(request).files.make_folder(request.path_params["namespace"], path)
    return Response(status_code=200)
