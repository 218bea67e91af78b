"""Answer the functions of expressions that look at files, values and logs: `read`, `fileURI`, `fileSize`, `fileExists`, `fileEmpty`, `kv`,
`errorLogs`. What needs a library or a process of its own is in the modules beside this one (outside_*.py).

Expressions are evaluated at once and cannot wait. So a function that reaches outside first raises what it needs; it is brought here, and
the expression evaluated again with the answer at hand.

Rules
1. Of executions only the files of the flow itself and of the execution's relatives (what started it, what it started, and so on) are
   looked at: an event cannot make a flow read another's files. Files of namespaces are there to be shared.
2. What is read is text, up to MOST_READ bytes; larger files are for tasks.
3. Called twice with the same arguments, a function is asked once.
4. A value is looked for in the namespace and those above it; where another namespace is named, in that one only. A missing one is an
   error that names its key, unless `errorOnMissing=false`.

Called by: evaluator.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

import orjson

from onbeat.core.addresses import OF_NAMESPACE, SCHEME, clean, files_folder, is_of_flow, namespace_file_of, owner_of, path_of, stored
from onbeat.core.event import Json
from onbeat.core.execution import Execution, Head
from onbeat.core.expressions import ExpressionError, NeedsOutside, truthy
from onbeat.core.names import check_namespace, lineage
from onbeat.core.times import iso
from onbeat.engine.arguments import Arguments, bound, text_of
from onbeat.engine.outside_jq import Jq
from onbeat.engine.outside_late import Answer, late_answers
from onbeat.engine.values import KeptValues
from onbeat.errors import NotFound
from onbeat.ports import LogLine, Storage, Workers

MOST_READ = 1_000_000
"""Bytes; no text in an expression may be longer anyway."""
_FLOW_TRIGGER = "core.trigger.Flow"
_FARTHEST = 20
"""Steps from an execution to those that it came from."""
ErrorLogs = Callable[[str], Awaitable[list[LogLine]]]
"""All log lines of an execution."""
Load = Callable[[str], Awaitable[Execution | None]]
"""An execution by its id."""


class Asked(NamedTuple):
    """For whom an expression is evaluated. origin: the execution that started this one. settings: what the server lends to plugins."""

    namespace: str
    flow: str
    execution: str
    origin: str | None = None
    settings: Mapping[str, Any] = {}

    @classmethod
    def of(cls, head: Head) -> "Asked":
        """For an execution."""
        return cls(head.namespace, head.flow, head.id, _origin(head))


class Hidden(NamedTuple):
    """An answer that holds a secret."""

    value: Json


class Outside:
    """What such functions give. A seam that is None is not available."""

    def __init__(
        self,
        storage: Storage,
        error_logs: ErrorLogs | None = None,
        values: KeptValues | None = None,
        load: Load | None = None,
        workers: Workers | None = None,
    ) -> None:
        self.settings: Mapping[str, Any] = {}
        self._storage = storage
        self._logs = error_logs
        self._values = values
        self._load = load
        self._known: dict[str, Answer] = {
            **late_answers(),
            "read": self._read,
            "fileURI": self._uri,
            "fileSize": self._size,
            "fileExists": self._exists,
            "fileEmpty": self._empty,
            "isFileEmpty": self._empty,
            "errorLogs": self._error_logs,
        }
        if values is not None:
            self._known["kv"] = self._kv
        if workers is not None:
            self._known["jq"] = Jq(workers).answer

    def key(self, outside: NeedsOutside) -> str:
        """What stands for a call."""
        return _key(outside.name, outside.arguments)

    async def answer(self, outside: NeedsOutside, asked: Asked) -> Json | Hidden:
        """What the function gives; Hidden when a secret is in it. Raises ExpressionError, NotFound."""
        function = self._known.get(outside.name)
        if function is None:
            raise ExpressionError(f"the function `{outside.name}` is not available here")
        return await function(asked._replace(settings=self.settings), outside.arguments)

    def functions(self, answers: Mapping[str, Json | Hidden], touch: Callable[[], None] | None = None) -> dict[str, Callable[..., Json]]:
        """The functions with these answers at hand; asked for another one they say what they need. touch: told of a Hidden one."""

        def ready(name: str) -> Callable[..., Json]:
            def call(*arguments: Any, **options: Any) -> Json:
                given = (*arguments, options) if options else arguments
                found = _key(name, given)
                if found not in answers:
                    raise NeedsOutside(name, *given)
                answer = answers[found]
                if type(answer) is not Hidden:
                    return answer
                if touch is not None:
                    touch()
                return answer.value

            return call

        return {name: ready(name) for name in self._known}

    # ---- files -----------------------------------------------------------------------------------------------------

    async def _read(self, asked: Asked, arguments: Arguments) -> Json:
        uri = await self._address("read", asked, arguments)
        if await self._storage.size(uri) > MOST_READ:
            raise ExpressionError(f"the function `read` takes files of up to {MOST_READ:,} bytes; read this one in a task")
        try:
            return (await self._storage.get(uri)).decode()
        except UnicodeDecodeError:
            raise ExpressionError("the function `read` takes text files; this one is not UTF-8") from None

    async def _uri(self, asked: Asked, arguments: Arguments) -> Json:
        given = bound("fileURI", arguments, "path", "namespace")
        own = text_of("fileURI", "namespace", given["namespace"] or asked.namespace)
        return _namespace_file(text_of("fileURI", "path", given["path"]), own)

    async def _size(self, asked: Asked, arguments: Arguments) -> Json:
        return await self._storage.size(await self._address("fileSize", asked, arguments))

    async def _exists(self, asked: Asked, arguments: Arguments) -> Json:
        try:
            await self._storage.size(await self._address("fileExists", asked, arguments))
        except NotFound:
            return False
        return True

    async def _empty(self, asked: Asked, arguments: Arguments) -> Json:
        return await self._storage.size(await self._address("fileEmpty", asked, arguments)) == 0

    async def _address(self, function: str, asked: Asked, arguments: Arguments) -> str:
        """The address of the file that a function was given, if the flow may look at it. Raises ExpressionError, UserError."""
        given = bound(function, arguments, "path", "namespace")
        text = text_of(function, "path", given["path"])
        own = text_of(function, "namespace", given["namespace"] or asked.namespace)
        if text.startswith(OF_NAMESPACE):
            return stored(text, own)
        if "://" not in text and text:
            return _namespace_file(text, own)
        path = path_of(text)
        if path is None:
            raise ExpressionError(f"the function `{function}` takes an address in storage, `{SCHEME}…`, or a path of a namespace file")
        if namespace_file_of(path) is not None or is_of_flow(path, asked.namespace, asked.flow) or await self._is_relatives(path, asked):
            return text
        raise ExpressionError(
            f"the function `{function}` may look at files of its flow, of executions related to this one, and of namespaces"
        )

    async def _is_relatives(self, path: str, asked: Asked) -> bool:
        """Whether a path is of a file of an execution that came from where this one came from."""
        owner = owner_of(path)
        if owner is None or self._load is None:
            return False
        theirs = await self._load(owner.execution)
        if theirs is None or not is_of_flow(path, theirs.head.namespace, theirs.head.flow):
            return False
        mine = {asked.execution, *await self._ancestors(asked.origin, self._load)}
        return owner.execution in mine or not mine.isdisjoint(await self._ancestors(_origin(theirs.head), self._load))

    async def _ancestors(self, id_: str | None, load: Load) -> list[str]:
        """The execution, the one that started it, and so on."""
        found: list[str] = []
        while id_ is not None and len(found) < _FARTHEST:
            found.append(id_)
            execution = await load(id_)
            id_ = None if execution is None else _origin(execution.head)
        return found

    # ---- values and logs -------------------------------------------------------------------------------------------

    async def _kv(self, asked: Asked, arguments: Arguments) -> Json | Hidden:
        assert self._values is not None
        given = bound("kv", arguments, "key", "namespace", "errorOnMissing")
        key = text_of("kv", "key", given["key"])
        namespace = text_of("kv", "namespace", given["namespace"] or asked.namespace)
        for each in lineage(namespace) if namespace == asked.namespace else [namespace]:
            found = await self._values.get(each, key)
            if found is not None:
                opened = await self._values.opened(found)
                return found.value if opened is None else Hidden(opened.value)
        if given["errorOnMissing"] is None or truthy(given["errorOnMissing"]):
            raise ExpressionError(
                f"there is no value `{key}` in namespace {namespace}; `kv('{key}', errorOnMissing=false)` gives null then"
            )
        return None

    async def _error_logs(self, asked: Asked, arguments: Arguments) -> Json:
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


def _origin(head: Head) -> str | None:
    """The execution that started one: as a subflow, or by its end."""
    if head.parent is not None or head.trigger is None or head.trigger.type != _FLOW_TRIGGER:
        return head.parent
    found = head.trigger.variables.get("executionId")
    return found if isinstance(found, str) else None


def _key(name: str, arguments: Arguments) -> str:
    return f"{name} {orjson.dumps(arguments).decode()}"


def _namespace_file(path: str, namespace: str) -> str:
    """The address of a namespace's file. Raises UserError."""
    return f"{SCHEME}{files_folder(check_namespace(namespace))}/{clean(path)}"
