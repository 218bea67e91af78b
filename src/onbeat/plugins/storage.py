"""Make, join, measure and remove files in storage.

What a task makes lies under its own task run; it is removed with its execution. Files are copied piece by piece: a large one costs time,
not memory.

Called by: the runner.
"""

import asyncio
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from onbeat.core.addresses import SCHEME, VALUES, clean, execution_folder, stored
from onbeat.core.expressions import to_text
from onbeat.core.globs import Globs
from onbeat.core.workspace import InputFiles, Texts, is_address
from onbeat.errors import UserError
from onbeat.ports import Outcome, TaskContext, TaskFailed, TaskOptions

Text = Annotated[str, BeforeValidator(to_text)]
_KEPT = (VALUES, "logs")
"""What of an execution's is not its files: large inputs and outputs, and logs."""
_MOST_FILES = 10_000


class Write(TaskOptions):
    """Writes a text into a file in storage: `{{ outputs.ID.uri }}`. A map or list is written as JSON.

    Example:

    ```yaml
    tasks:
      - id: report
        type: core.storage.Write
        extension: .csv
        content: |
          id,total
          {{ trigger.data.id }},{{ trigger.data.total }}
      - id: use
        type: core.log.Log
        message: "{{ read(outputs.report.uri) }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.storage.Write",)

    content: Text
    """The text."""
    extension: str = ""
    """How its name ends."""

    async def run(self, context: TaskContext) -> Outcome:
        """Write it."""
        name = context.task + _extension(self.extension)
        return Outcome(outputs={"uri": await context.services.storage.put(f"{context.folder}/{name}", self.content.encode())})


class Concat(TaskOptions):
    """Joins files of storage into one: `{{ outputs.ID.uri }}`. The separator comes after each file.

    Example:

    ```yaml
    tasks:
      - id: each
        type: core.flow.ForEach
        values: ["a", "b"]
        tasks:
          - id: part
            type: core.storage.Write
            content: "{{ taskrun.value }}"
      - id: whole
        type: core.storage.Concat
        files:
          - "{{ outputs.part['a'].uri }}"
          - "{{ outputs.part['b'].uri }}"
        separator: "\\n"
        extension: .txt
      - id: use
        type: core.log.Log
        message: "{{ read(outputs.whole.uri) }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.storage.Concat",)

    files: Texts
    """The addresses of the files, in order: a list, or JSON text of one."""
    separator: Text = ""
    """What comes after each."""
    extension: str = ".tmp"
    """How the name of the whole ends."""

    async def run(self, context: TaskContext) -> Outcome:
        """Join them, one after another."""
        storage = context.services.storage
        with tempfile.TemporaryDirectory(prefix="onbeat-", ignore_cleanup_errors=True) as folder:
            part, whole = Path(folder, "part"), Path(folder, "whole")
            await asyncio.to_thread(whole.touch)
            for uri in self.files:
                await storage.fetch(stored(uri, context.namespace), part)
                await asyncio.to_thread(_append, part, whole, self.separator.encode())
            name = context.task + _extension(self.extension)
            return Outcome(outputs={"uri": await storage.keep(f"{context.folder}/{name}", whole)})


class Size(TaskOptions):
    """Gives the size of a file in bytes: `{{ outputs.ID.size }}`.

    Example:

    ```yaml
    tasks:
      - id: report
        type: core.storage.Write
        content: "{{ trigger.data }}"
      - id: measured
        type: core.storage.Size
        uri: "{{ outputs.report.uri }}"
      - id: use
        type: core.log.Log
        message: "{{ outputs.measured.size }} bytes"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.storage.Size",)

    uri: str
    """The address of the file."""

    async def run(self, context: TaskContext) -> Outcome:
        """Measure it."""
        return Outcome(outputs={"size": await context.services.storage.size(stored(self.uri, context.namespace))})


class Delete(TaskOptions):
    """Removes a file from storage; `{{ outputs.ID.deleted }}` says whether it was there.

    Example:

    ```yaml
    tasks:
      - id: report
        type: core.storage.Write
        content: "{{ trigger.data }}"
      - id: gone
        type: core.storage.Delete
        uri: "{{ outputs.report.uri }}"
      - id: use
        type: core.log.Log
        message: "{{ outputs.gone.deleted }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.storage.Delete",)

    uri: str
    """The address of the file."""
    error_on_missing: bool = Field(False, alias="errorOnMissing")
    """Whether the task fails when it is not there."""

    async def run(self, context: TaskContext) -> Outcome:
        """Remove it; a folder is no file."""
        deleted = await context.services.storage.remove(stored(self.uri, context.namespace))
        if self.error_on_missing and not deleted:
            raise TaskFailed(f"there is no file {self.uri}")
        return Outcome(outputs={"uri": self.uri, "deleted": deleted})


class PurgeCurrentExecutionFiles(TaskOptions):
    """Removes the files that the execution has made or was given; `{{ outputs.ID.uris }}` says which. Its inputs, outputs and logs stay.

    Example:

    ```yaml
    tasks:
      - id: report
        type: core.storage.Write
        content: "{{ trigger.data }}"
      - id: tidy
        type: core.storage.PurgeCurrentExecutionFiles
      - id: use
        type: core.log.Log
        message: "{{ outputs.tidy.uris | length }} file is gone"
    ```
    """

    names: ClassVar[tuple[str, ...]] = (
        "core.storage.PurgeCurrentExecutionFiles",
        "core.storage.PurgeExecution",
    )

    async def run(self, context: TaskContext) -> Outcome:
        """Remove them."""
        storage = context.services.storage
        root = execution_folder(context.namespace, context.flow, context.execution)
        files = [path for path, _ in await storage.files(root) if path.removeprefix(f"{root}/").split("/")[0] not in _KEPT]
        for folder in sorted({path.removeprefix(f"{root}/").split("/")[0] for path in files}):
            await storage.delete(f"{root}/{folder}")
        return Outcome(outputs={"uris": [SCHEME + path for path in files]})


class LocalFiles(TaskOptions):
    """Puts files into a working directory, and files of it into storage: `{{ outputs.ID.uris['NAME'] }}`.

    It is of use inside `core.flow.WorkingDirectory`, whose own `inputFiles` and `outputFiles` say the same shorter.

    Example:

    ```yaml
    tasks:
      - id: directory
        type: core.flow.WorkingDirectory
        tasks:
          - id: begin
            type: core.storage.LocalFiles
            inputs:
              greeting.txt: "Hello {{ trigger.data.customer }}"
          - id: end
            type: core.storage.LocalFiles
            outputs:
              - "*.txt"
      - id: use
        type: core.log.Log
        message: "{{ read(outputs.end.uris['greeting.txt']) }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.storage.LocalFiles",)
    workspace: ClassVar[bool] = True

    inputs: InputFiles = Field({}, repr=False)
    """Files that are put into the directory: their names, and their contents or addresses."""
    outputs: Texts = ()
    """Files of the directory that are put into storage: names or patterns."""

    async def run(self, context: TaskContext) -> Outcome:
        """Put them in, then take them out."""
        assert context.directory is not None
        storage, folder = context.services.storage, context.directory
        for name, content in (await self._given(context)).items():
            target = await asyncio.to_thread(_place, folder, name)
            if isinstance(content, str) and is_address(content):
                await storage.fetch(stored(content, context.namespace), target)
            else:
                await asyncio.to_thread(target.write_text, "" if content is None else to_text(content))
        uris = {}
        for name, path in await asyncio.to_thread(lambda: sorted(_find(folder, Globs(self.outputs)))):
            uris[name] = await storage.keep(f"{context.folder}/{name}", path)
        return Outcome(outputs={"uris": uris})

    async def _given(self, context: TaskContext) -> Mapping[str, Any]:
        if not isinstance(self.inputs, str):
            return self.inputs
        try:
            given = json.loads(await context.services.storage.get(stored(self.inputs, context.namespace)))
        except ValueError:
            given = None
        if not isinstance(given, dict):
            raise UserError("the file that `inputs` names does not hold a JSON map of names and contents")
        return given


def _extension(text: str) -> str:
    """As the end of a name."""
    found = text.strip().lstrip(".")
    if "/" in found or "\0" in found:
        raise UserError(f"`{text[:50]}` is not an extension; write it like `.csv`")
    return f".{found}" if found else ""


def _append(part: Path, whole: Path, separator: bytes) -> None:
    with open(part, "rb") as source, open(whole, "ab") as target:
        shutil.copyfileobj(source, target)
        target.write(separator)


def _place(folder: Path, name: str) -> Path:
    """Where to write a file of that name: inside, in place of a link that is there. Raises UserError."""
    target = folder / clean(name)
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.parent.resolve().is_relative_to(folder.resolve()):
        raise UserError(f"`inputs`: `{name[:200]}` leads out of the working directory")
    if target.is_symlink():
        target.unlink()
    return target


def _find(folder: Path, wanted: Globs) -> Iterator[tuple[str, Path]]:
    """The files that are wanted, by their names in the folder; links are not followed."""
    count = 0
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            relative = path.relative_to(folder).as_posix()
            if wanted(relative) and path.is_file() and not path.is_symlink():
                count += 1
                if count > _MOST_FILES:
                    raise UserError(f"`outputs` names more than {_MOST_FILES:,} files")
                yield relative, path


PROVIDES = (Write, Concat, Size, Delete, PurgeCurrentExecutionFiles, LocalFiles)
