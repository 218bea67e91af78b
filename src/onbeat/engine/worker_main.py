"""Be a warm Python worker: call functions for the engine, one at a time, until it is gone.

Runs as `python -m onbeat.engine.worker_main`; engine/workers.py is the other side. Messages go over the socket that is stdin: four bytes
of length, then JSON. stdout and stderr stay the function's own, and are logged.

Rules
1. Each request is answered first by whether it has begun: not when a loaded module has changed on disk. Then a fresh worker is asked.
2. Whatever the function raises is told as type, message and traceback; it does not end the worker. SystemExit and signals may.
3. What is logged with `logging`, INFO and above, is told as it happens.
"""

import asyncio
import inspect
import json
import logging
import os
import socket
import sys
from typing import Any

from onbeat.core.values import normalise
from onbeat.engine.target import find, traceback_of
from onbeat.errors import OutsideError, UserError

Message = dict[str, Any]


def read(stream: socket.socket) -> Message | None:
    """The next message; None when the other side is gone."""
    head = _exactly(stream, 4)
    body = _exactly(stream, int.from_bytes(head)) if head else None
    return None if body is None else unpack(body)


def unpack(body: bytes) -> Message:
    """A message as it was packed."""
    message: Message = json.loads(body)
    return message


def pack(message: Message) -> bytes:
    """A message as it is sent."""
    body = json.dumps(message).encode()
    return len(body).to_bytes(4) + body


def _exactly(stream: socket.socket, count: int) -> bytes | None:
    data = bytearray()
    while len(data) < count:
        piece = stream.recv(count - len(data))
        if not piece:
            return None
        data += piece
    return bytes(data)


class Told(logging.Handler):
    """Sends log records to the engine."""

    def __init__(self, stream: socket.socket) -> None:
        super().__init__(logging.INFO)
        self._stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        """Send one."""
        self._stream.sendall(pack({"log": [record.levelname, self.format(record)]}))


class Sources:
    """Notices that a module's file is no longer the one that was loaded. Installed libraries are not looked at."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def changed(self) -> bool:
        """Whether one of them has changed."""
        return any(_written(path) != written for path, written in self._seen.items())

    def note(self) -> None:
        """Remember what is loaded now."""
        for module in list(sys.modules.values()):
            path = getattr(module, "__file__", None)
            if path and path not in self._seen and not path.startswith((sys.prefix, sys.base_prefix)):
                self._seen[path] = _written(path)


def _written(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


def call(target: str, kwargs: dict[str, Any]) -> Message:
    """The answer to a request."""
    try:
        function = find(target)
        value = function(**kwargs)
        if inspect.isawaitable(value):
            value = asyncio.run(_awaited(value))
        try:
            return {"value": normalise(value)}
        except UserError as wrong:
            return {"wrong": f"`{target}` returned what is not JSON: {wrong}"}
    except UserError as wrong:
        return {"wrong": str(wrong)}
    except OutsideError as outside:
        return {"outside": str(outside)}
    except Exception as error:
        return {"raised": type(error).__name__, "message": str(error), "traceback": traceback_of(error)}


async def _awaited(value: Any) -> Any:
    return await value


def serve(stream: socket.socket) -> None:
    """Answer requests until there are no more."""
    sources = Sources()
    while request := read(stream):
        changed = sources.changed()
        stream.sendall(pack({"begun": not changed}))
        if changed:
            return
        answer = call(request["target"], request["kwargs"])
        sources.note()
        sys.stdout.flush()
        sys.stderr.flush()
        stream.sendall(pack(answer))


def main() -> None:
    """Take stdin as the socket, and leave the function an empty one."""
    stream = socket.socket(fileno=os.dup(0))
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    logging.basicConfig(level=logging.INFO, handlers=[Told(stream)], format="%(message)s")
    serve(stream)


if __name__ == "__main__":
    main()
