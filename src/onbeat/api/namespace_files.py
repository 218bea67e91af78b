"""The files of namespaces: look, put, move, remove; Kestra's paths and JSON.

Called by: app.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat.api.access import Permission
from onbeat.api.files import send
from onbeat.api.forms import sent_inputs
from onbeat.api.routing import answer, body_of, node_of, route
from onbeat.core.addresses import SCHEME, clean, files_folder
from onbeat.core.names import check_namespace
from onbeat.engine.storage import Entry
from onbeat.errors import NotFound, UserError

_FORM = "multipart/form-data"


def routes() -> list[BaseRoute]:
    """The routes."""
    return [
        *route("/namespaces/{namespace}/files", show, Permission.READ),
        *route("/namespaces/{namespace}/files", put, Permission.WRITE, ("POST",)),
        *route("/namespaces/{namespace}/files", move, Permission.WRITE, ("PUT",)),
        *route("/namespaces/{namespace}/files", delete, Permission.WRITE, ("DELETE",)),
        *route("/namespaces/{namespace}/files/search", search, Permission.READ),
        *route("/namespaces/{namespace}/files/stats", stats, Permission.READ),
        *route("/namespaces/{namespace}/files/directory", folder, Permission.READ),
        *route("/namespaces/{namespace}/files/directory", make_folder, Permission.WRITE, ("POST",)),
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


async def show(request: Request) -> Response:
    """The bytes of a file; `path` is its path."""
    namespace, path = check_namespace(request.path_params["namespace"]), clean(_query(request, "path"))
    try:
        return await send(node_of(request).storage, f"{SCHEME}{files_folder(namespace)}/{path}")
    except NotFound:
        raise NotFound(f"there is no file `{path}` in namespace {namespace}") from None


async def put(request: Request) -> Response:
    """Keep a file under `path`, in place of one that is there. Body: its bytes, or a form with a part that is a file."""
    namespace, path, files = request.path_params["namespace"], _query(request, "path"), node_of(request).files
    if not request.headers.get("content-type", "").startswith(_FORM):
        await files.write(namespace, path, await body_of(request))
        return Response(status_code=200)
    async with sent_inputs(request) as sent:
        if len(sent.files) != 1:
            raise UserError("the form has one part with the file, named `fileContent`")
        (upload,) = sent.files.values()
        await files.take(namespace, path, upload.path)
    return Response(status_code=200)


async def move(request: Request) -> Response:
    """Give a file or folder another path: `from`, `to`."""
    files = node_of(request).files
    await files.move(request.path_params["namespace"], _query(request, "from"), _query(request, "to"))
    return Response(status_code=200)


async def delete(request: Request) -> Response:
    """Remove a file, or a folder with all in it: `path`."""
    namespace, path, files = request.path_params["namespace"], _query(request, "path"), node_of(request).files
    await files.look(namespace, clean(path))
    await files.delete(namespace, path)
    return Response(status_code=204)


async def search(request: Request) -> Response:
    """The paths of a namespace's files that hold `q`."""
    wanted = request.query_params.get("q", "")
    found = await node_of(request).files.names(request.path_params["namespace"])
    return answer([f"/{path}" for path in found if wanted in f"/{path}"])


async def stats(request: Request) -> Response:
    """What is at `path`: name, type, size, times."""
    return answer(entry_json(await node_of(request).files.look(request.path_params["namespace"], request.query_params.get("path", ""))))


async def folder(request: Request) -> Response:
    """What is in the folder `path`, the namespace's own without it."""
    found = await node_of(request).files.entries(request.path_params["namespace"], request.query_params.get("path", ""))
    return answer([entry_json(entry) for entry in found])


async def make_folder(request: Request) -> Response:
    """Make the folder `path`."""
    await node_of(request).files.make_folder(request.path_params["namespace"], _query(request, "path"))
    return Response(status_code=200)


def _query(request: Request, name: str) -> str:
    found = request.query_params.get(name)
    if not found:
        raise UserError(f"say `{name}`")
    return found
