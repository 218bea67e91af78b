"""Put the files that a task begins with into its directory: of namespaces, then its `inputFiles`.

Rules
1. Files of a namespace come first; `inputFiles` take the place of what has the same name.
2. A content that is an address is what lies there: in storage, or among a namespace's files. `file://` is refused: no flow reads the
   machine's own files this way.
3. Files are copied one at a time and off the loop, however many and large they are.

Called by: workspace.
"""

import asyncio
from pathlib import Path

import orjson
from pydantic import ValidationError

from onbeat.core.addresses import SCHEME
from onbeat.core.event import Json
from onbeat.core.execution import Head
from onbeat.core.expressions import to_text
from onbeat.core.workspace import Files, NamespaceChoice, WantedFiles, is_address, namespace_file
from onbeat.engine import directory
from onbeat.engine.problems import explain
from onbeat.errors import OutsideError, UserError
from onbeat.ports import NamespaceFiles, Storage, TaskLog

_INPUTS = "inputFiles"
_OF_NAMESPACE = "namespaceFiles"
_OF_HOST = "file://"


class WorkspaceFiles:
    """Fetches what directories begin with."""

    def __init__(self, storage: Storage, files: NamespaceFiles) -> None:
        self._storage = storage
        self._files = files

    async def bring(self, folder: Path, files: Files, head: Head, log: TaskLog) -> None:
        """Put them there. Raises UserError, NotFound, OutsideError."""
        try:
            if files.namespace_files is not None and files.namespace_files.wanted:
                await self._bring_namespaces(folder, _choice(files.namespace_files), head, log)
            await self._bring_inputs(folder, files, head)
        except OSError as problem:
            raise OutsideError(f"the working directory cannot be used: {problem.strerror}") from problem

    async def _bring_namespaces(self, folder: Path, choice: NamespaceChoice, head: Head, log: TaskLog) -> None:
        left = directory.MOST_FILES
        for namespace in choice.namespaces or (head.namespace,):
            names = await self._files.names(namespace, choice.include, choice.exclude)
            left -= len(names)
            if left < 0:
                raise UserError(f"`{_OF_NAMESPACE}`: more than {directory.MOST_FILES:,} files; say which ones with `include`")
            for name in names:
                target = f"{namespace}/{name}" if choice.folder_per_namespace else name
                if await asyncio.to_thread(directory.has, folder, target, _OF_NAMESPACE) and not _replaces(choice, target, log):
                    continue
                await self._write(folder, target, await self._files.read(namespace, name), _OF_NAMESPACE)

    async def _bring_inputs(self, folder: Path, files: Files, head: Head) -> None:
        given = files.input_files
        if isinstance(given, str):
            given = _map(await self._read(given, head), given)
        if len(given) > directory.MOST_FILES:
            raise UserError(f"`{_INPUTS}`: more than {directory.MOST_FILES:,} files")
        for name, value in given.items():
            if isinstance(value, str) and value.startswith(SCHEME) and is_address(value):
                target = await asyncio.to_thread(directory.place, folder, name, _INPUTS)
                await self._storage.fetch(value.strip(), target)
            elif isinstance(value, str) and is_address(value):
                await self._write(folder, name, await self._read(value, head), _INPUTS)
            elif isinstance(value, str) and value.startswith(_OF_HOST) and "\n" not in value.strip():
                raise UserError(f"`{_INPUTS}`: `{name}`: files of this machine are not read; put it into the files of the namespace")
            else:
                await self._write(folder, name, b"" if value is None else to_text(value).encode(), _INPUTS)

    async def _read(self, address: str, head: Head) -> bytes:
        address = address.strip()
        if address.startswith(SCHEME):
            return await self._storage.get(address)
        return await self._files.read(*namespace_file(address, head.namespace))

    async def _write(self, folder: Path, name: str, data: bytes, what: str) -> None:
        await asyncio.to_thread(directory.write, folder, name, data, what)


def _choice(wish: WantedFiles) -> NamespaceChoice:
    try:
        return NamespaceChoice.of(wish)
    except ValidationError as wrong:
        raise UserError(f"`{_OF_NAMESPACE}`: {explain(wrong)}") from None


def _replaces(choice: NamespaceChoice, name: str, log: TaskLog) -> bool:
    """Whether a namespace's file takes the place of one that is there. Raises UserError when it must not meet one."""
    match choice.if_exists:
        case "FAIL":
            raise UserError(f"`{_OF_NAMESPACE}`: there is a file `{name}` already")
        case "WARN":
            log("WARN", f"`{_OF_NAMESPACE}`: there is a file `{name}` already; it is left as it is")
    return choice.if_exists == "OVERWRITE"


def _map(data: bytes, address: str) -> dict[str, Json]:
    try:
        found = orjson.loads(data)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise UserError(f"`{_INPUTS}`: what is at {address} is no JSON map of names and contents")
    return found
