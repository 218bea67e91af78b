"""Put files into a namespace, take them out, remove them.

Rules
1. Without `namespace` it is the flow's own.
2. A pattern that begins with a letter is found in any folder: `query.sql` and `sql/query.sql`. `*` stays within a folder, `**` does not.

Called by: the runner.
"""

import asyncio
import json
import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from onbeat.core.addresses import SCHEME, files_folder, stored
from onbeat.core.event import Json
from onbeat.core.expressions import to_text
from onbeat.core.globs import Globs
from onbeat.core.workspace import Texts, is_address
from onbeat.errors import NotFound
from onbeat.ports import Metric, Outcome, TaskContext, TaskFailed, TaskOptions

Text = Annotated[str, BeforeValidator(to_text)]
Conflict = Annotated[
    Literal["OVERWRITE", "ERROR", "SKIP"], BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value)
]
_GLOB = "glob:"


def _map_or_text(value: object) -> object:
    """A map, or JSON text of one."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise ValueError("must be a map of names and addresses, or JSON text of one") from None


def _list_or_map(value: object) -> object:
    return value if isinstance(value, dict | list) else [value] if isinstance(value, str) and not value.strip().startswith("[") else value


class UploadFiles(TaskOptions):
    """Puts files into a namespace; `{{ outputs.ID.files }}` has the address of each by its path.

    `filesMap` says where each file of storage goes. `files` takes files of the working directory by patterns (inside
    `core.flow.WorkingDirectory`), or addresses, each under its own name.

    Example:

    ```yaml
    tasks:
      - id: query
        type: core.storage.Write
        content: select * from orders where id = {{ trigger.data.id }}
      - id: upload
        type: core.namespace.UploadFiles
        filesMap:
          orders.sql: "{{ outputs.query.uri }}"
        destination: sql
      - id: use
        type: core.log.Log
        message: "{{ read('sql/orders.sql') }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.namespace.UploadFiles",)
    workspace: ClassVar[bool] = True

    namespace: str | None = None
    """The namespace; without it the flow's."""
    files: Annotated[dict[str, Text] | Texts | None, BeforeValidator(_list_or_map)] = None
    """Names or patterns of files in the working directory, or addresses."""
    files_map: Annotated[dict[str, Text], BeforeValidator(_map_or_text)] | None = Field(None, alias="filesMap")
    """Paths in the namespace, each with the address of a file."""
    destination: Text = "/"
    """The folder they go to."""
    conflict: Conflict = "OVERWRITE"
    """What becomes of a file that is there already."""

    @model_validator(mode="after")
    def _some_files(self) -> "UploadFiles":
        if self.files is None and self.files_map is None:
            raise ValueError("say which: `files` or `filesMap`")
        return self

    async def run(self, context: TaskContext) -> Outcome:
        """Put them there."""
        namespace, kept = self.namespace or context.namespace, dict[str, Json]()
        for name, uri in self._addressed().items():
            data = await context.services.storage.get(stored(uri, context.namespace))
            await self._put(context, namespace, name, data, kept)
        patterns = [] if self.files is None or isinstance(self.files, dict) else [each for each in self.files if not is_address(each)]
        if patterns:
            assert context.directory is not None
            wanted, folder = Globs(each.removeprefix(_GLOB).lstrip("/") for each in patterns), context.directory
            for name, path in await asyncio.to_thread(lambda: sorted(_find(folder, wanted))):
                await self._put(context, namespace, name, await asyncio.to_thread(path.read_bytes), kept)
        return Outcome(outputs={"files": kept}, metrics=(Metric(type="counter", name="uploaded", value=len(kept)),))

    def _addressed(self) -> Mapping[str, str]:
        """The files that are given by their addresses, by name."""
        given = (
            self.files if isinstance(self.files, dict) else {each.rpartition("/")[2]: each for each in self.files or () if is_address(each)}
        )
        return {**given, **(self.files_map or {})}

    async def _put(self, context: TaskContext, namespace: str, name: str, data: bytes, kept: dict[str, Json]) -> None:
        path = f"{self.destination.strip('/')}/{name.lstrip('/')}".lstrip("/")
        if self.conflict != "OVERWRITE" and await _is_there(context, namespace, path):
            if self.conflict == "ERROR":
                raise TaskFailed(f"there is a file `{path}` in namespace {namespace} already", retry=False)
            return
        await context.services.files.write(namespace, path, data)
        kept[path] = f"{SCHEME}{files_folder(namespace)}/{path}"


class DownloadFiles(TaskOptions):
    """Copies files of a namespace for later tasks: `{{ outputs.ID.files['/PATH'] }}` is the address of each copy.

    An expression needs no copy: `{{ read('query.sql') }}` reads a file of the flow's namespace.

    Example:

    ```yaml
    tasks:
      - id: queries
        type: core.namespace.DownloadFiles
        namespace: company
        files:
          - "**.sql"
      - id: use
        type: core.log.Log
        message: "{{ outputs.queries.files | keys }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.namespace.DownloadFiles",)

    namespace: str | None = None
    """The namespace; without it the flow's."""
    files: Texts
    """Paths or patterns."""
    destination: Text = ""
    """A folder around the copies."""

    async def run(self, context: TaskContext) -> Outcome:
        """Copy them."""
        namespace, copies = self.namespace or context.namespace, dict[str, Json]()
        folder = f"{context.folder}/{self.destination.strip('/')}".rstrip("/")
        for path in await context.services.files.names(namespace, self.files):
            data = await context.services.files.read(namespace, path)
            copies[f"/{path}"] = await context.services.storage.put(f"{folder}/{path}", data)
        return Outcome(outputs={"files": copies}, metrics=(Metric(type="counter", name="downloaded", value=len(copies)),))


class DeleteFiles(TaskOptions):
    """Removes files of a namespace, and folders that are empty then; `{{ outputs.ID.files }}` lists what is gone.

    Example:

    ```yaml
    tasks:
      - id: tidy
        type: core.namespace.DeleteFiles
        files:
          - "tmp/**"
      - id: use
        type: core.log.Log
        message: "{{ outputs.tidy.files | length }} files are gone"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.namespace.DeleteFiles",)

    namespace: str | None = None
    """The namespace; without it the flow's."""
    files: Texts
    """Paths or patterns."""
    delete_parent_folder: bool = Field(True, alias="deleteParentFolder")
    """Taken for Kestra's sake: empty folders always go."""

    async def run(self, context: TaskContext) -> Outcome:
        """Remove them."""
        namespace, gone = self.namespace or context.namespace, dict[str, Json]()
        for path in await context.services.files.names(namespace, self.files):
            if await context.services.files.delete(namespace, path):
                gone[path] = f"{SCHEME}{files_folder(namespace)}/{path}"
        return Outcome(outputs={"files": gone}, metrics=(Metric(type="counter", name="deleted", value=len(gone)),))


class PurgeVersions(BaseModel):
    """How many versions of each file are kept, or which are old. There is one version of a file, and the last one always stays."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    type: Literal["version"] = "version"
    """Only `version`."""
    before: datetime | str | None = None
    """Versions before this time."""
    keep_amount: int | None = Field(None, alias="keepAmount", ge=0)
    """How many versions of a file stay."""


class PurgeFiles(TaskOptions):
    """Removes old versions of files of namespaces; `{{ outputs.ID.size }}` says how many.

    onbeat keeps one version of a file, and a purge never removes the last one: flows of Kestra with this task run, and nothing is removed.
    `core.namespace.DeleteFiles` removes files.

    Example:

    ```yaml
    tasks:
      - id: purge
        type: core.namespace.PurgeFiles
        namespaces:
          - company
        filePattern: "**/*.sql"
        behavior:
          type: version
          keepAmount: 3
      - id: use
        type: core.log.Log
        message: "{{ outputs.purge.size }} versions are gone"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.namespace.PurgeFiles",)

    namespaces: list[str] | None = None
    """The namespaces; without them all."""
    namespace_pattern: str | None = Field(None, alias="namespacePattern")
    """A pattern of namespaces, instead of `namespaces`."""
    include_child_namespaces: bool = Field(True, alias="includeChildNamespaces")
    """Whether those below `namespaces` are meant too."""
    file_pattern: str | None = Field(None, alias="filePattern")
    """Only files that fit."""
    behavior: PurgeVersions = PurgeVersions()
    """What stays."""

    async def run(self, context: TaskContext) -> Outcome:
        """There are none."""
        return Outcome(outputs={"size": 0})


async def _is_there(context: TaskContext, namespace: str, path: str) -> bool:
    try:
        await context.services.storage.size(f"{SCHEME}{files_folder(namespace)}/{path}")
    except NotFound:
        return False
    return True


def _find(folder: Path, wanted: Globs) -> Iterator[tuple[str, Path]]:
    """The files that are wanted, by their names in the folder; links are not followed."""
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            relative = path.relative_to(folder).as_posix()
            if wanted(relative) and path.is_file() and not path.is_symlink():
                yield relative, path


PROVIDES = (UploadFiles, DownloadFiles, DeleteFiles, PurgeFiles)
