"""Show the beginning of a file of an execution: rows as rows, text as text, small pictures whole.

Rules
1. However large the file is, a bounded part of it is read, off the loop, and sent.
2. What is no text of the encoding is shown with marks in its place; nothing of it is run: JSON carries it.

Called by: app.
"""

import asyncio
import base64
import codecs
import tempfile
from contextlib import suppress
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

import orjson
from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat.api.access import Permission
from onbeat.api.files import asked_file
from onbeat.api.parameters import FileUri
from onbeat.api.routing import Unprocessable, Within, answer, node_of, route
from onbeat.api.shapes.executions import Preview
from onbeat.core.expressions.ion_text import read_ion
from onbeat.errors import UserError

_MOST_ROWS = 5_000
_MOST_BYTES = 1_048_576
_PICTURES = frozenset({"png", "jpg", "jpeg", "gif", "webp", "bmp"})


def routes() -> list[BaseRoute]:
    """The route."""
    return route("/executions/{id}/file/preview", preview, Permission.READ, within=Within.OBJECT, answers=Preview)


async def preview(
    request: Request,
    path: FileUri,
    max_rows: Annotated[int, Query(alias="maxRows", ge=1, le=_MOST_ROWS)] = 100,
    encoding: Annotated[str, Query(max_length=40)] = "UTF-8",
) -> Response:
    """The first rows of a file of an execution; `path` is its address."""
    uri = await asked_file(request, path)
    if isinstance(uri, Response):
        return uri
    try:
        codec = codecs.lookup(encoding).name
        "".encode(codec)
    except (LookupError, ValueError, TypeError):
        raise Unprocessable(f"`{encoding[:40]}` is no encoding of text; use UTF-8") from None
    storage = node_of(request).storage
    size = await storage.size(uri)
    with tempfile.TemporaryDirectory(prefix="onbeat-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder, "file")
        await storage.fetch(uri, copy)
        content = await asyncio.to_thread(_shown, copy, PurePosixPath(uri).suffix.lower().removeprefix("."), max_rows, codec, size)
    return answer(content)


def _shown(file: Path, extension: str, rows: int, codec: str, size: int) -> dict[str, Any]:
    if extension in _PICTURES:
        if size > _MOST_BYTES:
            raise Unprocessable(f"the picture has {size:,} bytes; those up to {_MOST_BYTES:,} are shown")
        return _preview(extension, "IMAGE", base64.b64encode(file.read_bytes()).decode(), False)
    with file.open("rb") as opened:
        text = opened.read(_MOST_BYTES)
    lines = text.decode(codec, "replace").splitlines()
    cut = size > _MOST_BYTES
    if cut and len(lines) > 1 and not text.endswith(b"\n"):
        lines.pop()  # what may be half a line
    more = cut or len(lines) > rows
    if extension in ("ion", "jsonl"):
        return _preview(extension, "LIST", [_row(line) for line in islice(filter(str.strip, lines), rows)], more)
    return _preview(extension, "MARKDOWN" if extension == "md" else "TEXT", "\n".join(lines[:rows]), more)


def _row(line: str) -> Any:
    """A row; what is neither JSON nor Ion as its text."""
    with suppress(orjson.JSONDecodeError):
        return orjson.loads(line)
    with suppress(UserError):
        values = list(read_ion(line))
        return values[0] if len(values) == 1 else values
    return line


def _preview(extension: str, type_: str, content: Any, truncated: bool) -> dict[str, Any]:
    return {"extension": extension, "type": type_, "content": content, "truncated": truncated}
