"""Fetch files of any size into storage.

A file is written beside while it comes and kept when it is whole: what breaks off half-way leaves nothing, and no file is ever in memory.
"""

import asyncio
import errno
import os
import re
import tempfile
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote

from pydantic import Field

from onbeat.errors import OutsideError, Overloaded, UserError
from onbeat.plugins.http.call import PIECE, SHOWN, Call, Caller, Response, head, shown
from onbeat.ports import Outcome, TaskContext, TaskFailed, TaskOptions

_UNSAFE = re.compile(r"[^\w.+@=-]+")
_LONGEST_NAME = 120


class Download(Call, TaskOptions):
    """Sends a request and keeps the body of the response as a file in storage, whatever its size. Outputs: `uri` of the file, `code`,
    `length` in bytes, `headers`.

    The file is named by `saveAs`, else by the response's `Content-Disposition`, else by the last part of the address.

    Example:

    ```yaml
    tasks:
      - id: orders
        type: core.http.Download
        uri: https://files.example.com/exports/orders.csv
        options:
          auth:
            type: BEARER
            token: "{{ secret('FILES_TOKEN') }}"
      - id: use
        type: scripts.shell.Commands
        inputFiles:
          orders.csv: "{{ outputs.orders.uri }}"
        commands:
          - wc -l orders.csv
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.http.Download",)

    fail_on_empty: bool = Field(True, alias="failOnEmptyResponse")
    """Whether an empty file is a failure."""
    save_as: str | None = Field(None, alias="saveAs", min_length=1)
    """Name of the file in storage."""

    async def run(self, context: TaskContext) -> Outcome:
        """Fetch it into a file beside, then keep that."""
        target = await asyncio.to_thread(_make_file)
        try:
            async with self.answered(Caller.of(context)) as response:
                outputs = head(response)
                if not self.allows(response.status):
                    said = (await self.read(response)).decode("utf-8", "replace")[:SHOWN]
                    if said:
                        context.log("WARN", said)
                    raise TaskFailed(self.refusal(outputs), outputs)
                length = await _receive(response, target)
                name = self._name(response)
            if not length and self.fail_on_empty:
                raise TaskFailed(f"the response of {outputs['uri']} is empty (`failOnEmptyResponse`)", {**outputs, "length": 0})
            uri = await context.services.storage.keep(f"{context.folder}/{name}", target)
            return Outcome(outputs={**outputs, "uri": uri, "length": length})
        finally:
            await asyncio.to_thread(target.unlink, missing_ok=True)

    def _name(self, response: Response) -> str:
        disposition = response.content_disposition
        offered = disposition.filename if disposition is not None else None
        last = unquote(response.url.path.rpartition("/")[2])
        return _safe(self.save_as or "") or _safe(offered or "") or _safe(last) or "file"


def _safe(name: str) -> str:
    """The name as one part of a path, whatever was sent as it."""
    return _UNSAFE.sub("_", os.path.basename(name.replace("\\", "/"))).strip(".")[-_LONGEST_NAME:]


def _make_file() -> Path:
    descriptor, path = tempfile.mkstemp(prefix="onbeat-")
    os.close(descriptor)
    return Path(path)


async def _receive(response: Response, target: Path) -> int:
    """Write the body into the file; its length. Raises OutsideError for one that is cut, Overloaded while the disk is full."""
    length = 0
    with await asyncio.to_thread(target.open, "wb") as file:
        async for piece in response.content.iter_chunked(PIECE):
            length += len(piece)
            try:
                await asyncio.to_thread(file.write, piece)
            except OSError as problem:
                raise _explained(problem) from problem
    promised = response.content_length
    if promised is not None and "Content-Encoding" not in response.headers and promised != length and response.method != "HEAD":
        raise OutsideError(f"the response of {shown(response.url)} was cut: {length} of {promised} bytes came")
    return length


def _explained(problem: OSError) -> OutsideError | UserError:
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return Overloaded("the disk is full: make room in the folder for temporary files")
    return OutsideError(f"the file could not be written: {problem.strerror}")
