"""Answer the functions of expressions that look at files and logs: `read`, `fileSize`, `fileExists`, `fileEmpty`, `errorLogs`.

Expressions are evaluated at once and cannot wait. So a function that reaches outside first raises what it needs; it is brought here, and
the expression evaluated again with the answer at hand.

Rules
1. Only addresses under the flow's own `kestra:///<namespace>/<flow>/` are looked at: an event cannot make a flow read another's files.
2. What is read is text, up to MOST_READ bytes; larger files are for tasks.
3. Called twice with the same arguments, a function is asked once.

Called by: evaluator.
"""

import posixpath
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

import orjson

from onbeat.core.event import Json
from onbeat.core.expressions import ExpressionError, NeedsOutside
from onbeat.core.times import iso
from onbeat.errors import NotFound
from onbeat.ports import LogLine, Storage

SCHEME = "kestra:///"
MOST_READ = 1_000_000
"""Bytes; no text in an expression may be longer anyway."""
ErrorLogs = Callable[[str], Awaitable[list[LogLine]]]
"""All log lines of an execution."""


class Asked(NamedTuple):
    """For whom an expression is evaluated."""

    namespace: str
    flow: str
    execution: str


class Outside:
    """What such functions give."""

    def __init__(self, storage: Storage, error_logs: ErrorLogs | None = None) -> None:
        self._storage = storage
        self._logs = error_logs
        self._known: dict[str, Callable[[Asked, tuple[Any, ...]], Awaitable[Json]]] = {
            "read": self._read,
            "fileSize": self._size,
            "fileExists": self._exists,
            "fileEmpty": self._empty,
            "isFileEmpty": self._empty,
            "errorLogs": self._error_logs,
        }

    def key(self, outside: NeedsOutside) -> str:
        """What stands for a call."""
        return _key(outside.name, outside.arguments)

    async def answer(self, outside: NeedsOutside, asked: Asked) -> Json:
        """What the function gives. Raises ExpressionError, NotFound."""
        function = self._known.get(outside.name)
        if function is None:
            raise ExpressionError(f"the function `{outside.name}` is not available here")
        return await function(asked, outside.arguments)

    def functions(self, answers: Mapping[str, Json]) -> dict[str, Callable[..., Json]]:
        """The functions with these answers at hand; asked for another one they say what they need."""

        def ready(name: str) -> Callable[..., Json]:
            def call(*arguments: Any, **options: Any) -> Json:
                given = (*arguments, options) if options else arguments
                found = _key(name, given)
                if found not in answers:
                    raise NeedsOutside(name, *given)
                return answers[found]

            return call

        return {name: ready(name) for name in self._known}

    async def _read(self, asked: Asked, arguments: tuple[Any, ...]) -> Json:
        uri = _address("read", asked, arguments)
        if await self._storage.size(uri) > MOST_READ:
            raise ExpressionError(f"the function `read` takes files of up to {MOST_READ:,} bytes; read this one in a task")
        try:
            return (await self._storage.get(uri)).decode()
        except UnicodeDecodeError:
            raise ExpressionError("the function `read` takes text files; this one is not UTF-8") from None

    async def _size(self, asked: Asked, arguments: tuple[Any, ...]) -> Json:
        return await self._storage.size(_address("fileSize", asked, arguments))

    async def _exists(self, asked: Asked, arguments: tuple[Any, ...]) -> Json:
        try:
            await self._storage.size(_address("fileExists", asked, arguments))
        except NotFound:
            return False
        return True

    async def _empty(self, asked: Asked, arguments: tuple[Any, ...]) -> Json:
        return await self._storage.size(_address("fileEmpty", asked, arguments)) == 0

    async def _error_logs(self, asked: Asked, arguments: tuple[Any, ...]) -> Json:
        lines = await self._logs(asked.execution) if self._logs is not None else []
        return [
            {
                "namespace": asked.namespace,
                "flowId": asked.flow,
                "executionId": line.execution,
                "taskId": line.task,
                "taskRunId": f"{line.execution}-{line.run}",
                "attemptNumber": line.attempt,
                "timestamp": iso(line.at),
                "level": line.level,
                "message": line.message,
            }
            for line in lines
            if line.level == "ERROR"
        ]


def _key(name: str, arguments: tuple[Any, ...]) -> str:
    return f"{name} {orjson.dumps(arguments).decode()}"


def _address(function: str, asked: Asked, arguments: tuple[Any, ...]) -> str:
    """The address a function was given, if the flow may look at it. Raises ExpressionError."""
    uri = arguments[0] if arguments else None
    if not isinstance(uri, str) or not uri.startswith(SCHEME):
        raise ExpressionError(f"the function `{function}` takes an address in storage, `{SCHEME}…`")
    path = uri.removeprefix(SCHEME)
    own = f"{asked.namespace}/{asked.flow}/"
    if posixpath.normpath(path) != path or not path.startswith(own):
        raise ExpressionError(f"the function `{function}` may look at {SCHEME}{own}… only")
    return uri
