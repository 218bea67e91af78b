"""Send files of storage: those of an execution by their address.

Rules
1. Only a file of the execution is sent, or one that it was given as an input.
2. A file is sent as bytes to keep, never as a page that a browser shows: what is in it was not written by us.
3. One with a secret in it is sealed, and sent to nobody.
4. A large file is sent piece by piece.

Called by: app; namespace_files sends its own by `send`.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute

from onbeat.api.access import Permission
from onbeat.api.lookup import execution_of
from onbeat.api.parameters import FileUri
from onbeat.api.routing import Within, answer, node_of, problem, route
from onbeat.core.addresses import is_of_execution, path_of
from onbeat.core.event import Json
from onbeat.core.execution import Head
from onbeat.engine.sealing_storage import SealedStorage
from onbeat.errors import UserError
from onbeat.ports import Storage

_AT_ONCE = 262_144
"""Bytes up to which a file is sent whole."""


def routes() -> list[BaseRoute]:
    """The routes."""
    return [
        *route("/executions/{id}/file", execution_file, Permission.READ, within=Within.OBJECT, media="application/octet-stream"),
        *route("/executions/{id}/file/metas", execution_file_size, Permission.READ, within=Within.OBJECT, answers=dict[str, int]),
    ]


async def execution_file(request: Request, path: FileUri) -> Response:
    """The bytes of a file of an execution; `path` is its address."""
    uri = await asked_file(request, path)
    return uri if isinstance(uri, Response) else await send(node_of(request).storage, uri)


async def execution_file_size(request: Request, path: FileUri) -> Response:
    """The size of a file of an execution; `path` is its address."""
    uri = await asked_file(request, path)
    return uri if isinstance(uri, Response) else answer({"size": await node_of(request).storage.size(uri)})


async def asked_file(request: Request, uri: str) -> str | Response:
    """The address that is asked for, or why it is not given. Raises NotFound, UserError."""
    if not uri:
        raise UserError("say which file: `path=kestra:///…`")
    head = (await execution_of(request)).head
    path = path_of(uri)
    if path is None or not (is_of_execution(path, head.namespace, head.flow, head.id) or _is_given(head, uri)):
        return problem(422, "Not a file of the execution", f"`{uri[:200]}` is not the address of a file of execution {head.id}")
    return uri


def _is_given(head: Head, uri: str) -> bool:
    """Whether the execution was given this address as an input."""
    waiting: list[Json] = [head.inputs]
    while waiting:
        value = waiting.pop()
        if value == uri:
            return True
        waiting.extend(value.values() if isinstance(value, dict) else value if isinstance(value, list) else ())
    return False


async def send(storage: Storage, uri: str) -> Response:
    """A response that is the bytes of an address. Raises NotFound."""
    if isinstance(storage, SealedStorage) and await storage.is_sealed(uri):
        return problem(403, "Not shown", "there is a secret in this file: only tasks read it")
    size = await storage.size(uri)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(uri.rpartition('/')[2])}",
        "X-Content-Type-Options": "nosniff",
    }
    if size <= _AT_ONCE:
        return Response(await storage.get(uri), headers=headers, media_type="application/octet-stream")
    pieces = _pieces(storage, uri)
    first = await anext(pieces)  # what cannot be read is told before anything is sent
    return StreamingResponse(_from(first, pieces), headers={**headers, "Content-Length": str(size)}, media_type="application/octet-stream")


async def _from(first: bytes, others: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in others:
        yield piece


async def _pieces(storage: Storage, uri: str) -> AsyncIterator[bytes]:
    with tempfile.TemporaryDirectory(prefix="onbeat-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder, "file")
        await storage.fetch(uri, copy)
        with await asyncio.to_thread(open, copy, "rb") as file:
            while piece := await asyncio.to_thread(file.read, _AT_ONCE):
                yield piece
