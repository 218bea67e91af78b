"""Work through files of storage line by line: cut, turn around, filter, take out what is there twice.

A file may be larger than memory. So it is copied to the disk and read there, line by line and off the loop; what depends on an expression
is evaluated in portions, so that other executions go on meanwhile.

Rules
1. Lines end at `\\n` or `\\r\\n`; what is written has the separator after each.
2. An item is the JSON (or Ion) of a line. Its fields are names in the expression; an item that is no map is `value`.
3. What an expression sees beside is what every task's expressions see; a field hides what has its name.

Called by: the runner; engine for the batches of ForEachItem (`split`).
"""

import asyncio
import mmap
import re
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from hashlib import blake2b
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, BinaryIO, ClassVar, Literal

import orjson
from pydantic import BeforeValidator, Field, model_validator

from onbeat.core.addresses import stored
from onbeat.core.event import Json
from onbeat.core.expressions import ExpressionError, to_text, truthy
from onbeat.core.expressions.ion_text import read_ion
from onbeat.errors import UserError
from onbeat.ports import Outcome, TaskContext, TaskFailed, TaskOptions

Text = Annotated[str, BeforeValidator(to_text)]
_PORTION = 200
"""Lines between two turns of the loop."""
_MOST_PARTITIONS = 500
_MOST_PARTS = 100_000
_SIZE = re.compile(r"([0-9]+)\s*(B|KB|MB|GB)?", re.IGNORECASE)
_UNITS = {None: 1, "B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3}


class Split(TaskOptions):
    """Cuts a file at its lines into parts: `{{ outputs.ID.uris }}`.

    By `rows`, by `bytes` (a part ends with the line that reaches them), or into so many `partitions`, line by line in turn.

    Example:

    ```yaml
    tasks:
      - id: rows
        type: core.storage.Write
        content: "1\\n2\\n3\\n"
      - id: parts
        type: core.storage.Split
        from: "{{ outputs.rows.uri }}"
        rows: 2
      - id: each
        type: core.flow.ForEach
        values: "{{ outputs.parts.uris }}"
        tasks:
          - id: use
            type: core.log.Log
            message: "{{ read(taskrun.value) }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.storage.Split",)

    from_: str = Field(alias="from")
    """The address of the file."""
    bytes_: Text | None = Field(None, alias="bytes")
    """How large a part is, such as `10MB`."""
    partitions: int | None = Field(None, ge=1, le=_MOST_PARTITIONS)
    """How many parts."""
    rows: int | None = Field(None, ge=1)
    """How many lines a part has."""
    separator: Text = "\n"
    """What comes after each line."""

    @model_validator(mode="after")
    def _some_size(self) -> "Split":
        if self.bytes_ is None and self.partitions is None and self.rows is None:
            raise ValueError("say how: `bytes`, `partitions` or `rows`")
        return self

    async def run(self, context: TaskContext) -> Outcome:
        """Cut it."""
        async with _local(context, self.from_) as (source, folder, extension):
            limit = None if self.bytes_ is None else size_of(self.bytes_)
            parts = await asyncio.to_thread(
                split, source, folder, rows=self.rows, size=limit, partitions=self.partitions, separator=self.separator.encode()
            )
            keep = context.services.storage.keep
            uris = [await keep(f"{context.folder}/{number}{extension}", part) for number, part in enumerate(parts)]
        return Outcome(outputs={"uris": uris})


class Reverse(TaskOptions):
    """Turns the lines of a file around, the last one first: `{{ outputs.ID.uri }}`.

    Example:

    ```yaml
    tasks:
      - id: rows
        type: core.storage.Write
        content: "old\\nnew\\n"
      - id: newest
        type: core.storage.Reverse
        from: "{{ outputs.rows.uri }}"
      - id: use
        type: core.log.Log
        message: "{{ read(outputs.newest.uri) }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.storage.Reverse",)

    from_: str = Field(alias="from")
    """The address of the file."""
    separator: Text = "\n"
    """What comes after each line."""
    charset: str = "UTF-8"
    """How its text is encoded."""

    async def run(self, context: TaskContext) -> Outcome:
        """Turn them around."""
        async with _local(context, self.from_) as (source, folder, extension):
            target = folder / "reversed"
            await asyncio.to_thread(_reverse, source, target, self.separator, self.charset)
            uri = await context.services.storage.keep(f"{context.folder}/{context.task}{extension}", target)
        return Outcome(outputs={"uri": uri})


class FilterItems(TaskOptions):
    """Keeps the items of a file for which a condition is true (`filterType: EXCLUDE`: for which it is not): `{{ outputs.ID.uri }}`.

    An item is the JSON of a line; its fields are names in the condition. `processedItemsTotal` and `droppedItemsTotal` count them.

    Example:

    ```yaml
    tasks:
      - id: orders
        type: core.storage.Write
        extension: .jsonl
        content: |
          {"id": 1, "total": 20}
          {"id": 2, "total": 2000}
      - id: large
        type: core.storage.FilterItems
        from: "{{ outputs.orders.uri }}"
        filterCondition: "{{ total > 1000 }}"
      - id: use
        type: core.log.Log
        message: "{{ read(outputs.large.uri) }}, {{ outputs.large.droppedItemsTotal }} left out"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.storage.FilterItems",)
    verbatim: ClassVar[frozenset[str]] = frozenset({"filterCondition"})

    from_: str = Field(alias="from")
    """The address of the file."""
    condition: Any = Field(alias="filterCondition")
    """An expression, evaluated for each item."""
    kind: Literal["INCLUDE", "EXCLUDE"] = Field("INCLUDE", alias="filterType")
    """Whether the items are kept for which it is true, or left out."""
    otherwise: Literal["FAIL", "INCLUDE", "EXCLUDE"] = Field("FAIL", alias="errorOrNullBehavior")
    """What becomes of an item for which it is null or fails."""

    async def run(self, context: TaskContext) -> Outcome:
        """Keep those."""

        async def wanted(number: int, line: bytes) -> bool:
            names = _names(number, line)
            try:
                value = await context.render(self.condition, names)
            except ExpressionError as wrong:
                if self.otherwise == "FAIL":
                    raise TaskFailed(f"line {number}: {wrong}", retry=False) from None
                return self.otherwise == "INCLUDE"
            if value is None:
                if self.otherwise == "FAIL":
                    raise TaskFailed(f"line {number}: `filterCondition` gives null; say `errorOrNullBehavior`", retry=False)
                return self.otherwise == "INCLUDE"
            return truthy(value) == (self.kind == "INCLUDE")

        async with _local(context, self.from_) as (source, folder, extension):
            target = folder / "filtered"
            total = kept = 0
            with await asyncio.to_thread(open, target, "wb") as out:
                async for number, line in _items(source):
                    total += 1
                    if await wanted(number, line):
                        kept += 1
                        out.write(line + b"\n")
            uri = await context.services.storage.keep(f"{context.folder}/{context.task}{extension}", target)
        return Outcome(outputs={"uri": uri, "processedItemsTotal": total, "droppedItemsTotal": total - kept})


class DeduplicateItems(TaskOptions):
    """Keeps the last item of a file for each key that an expression gives: `{{ outputs.ID.uri }}`.

    An item is the JSON of a line; its fields are names in the expression. `numKeys`, `processedItemsTotal` and `droppedItemsTotal` count.

    Example:

    ```yaml
    tasks:
      - id: changes
        type: core.storage.Write
        extension: .jsonl
        content: |
          {"id": 1, "state": "new"}
          {"id": 2, "state": "new"}
          {"id": 1, "state": "paid"}
      - id: newest
        type: core.storage.DeduplicateItems
        from: "{{ outputs.changes.uri }}"
        expr: "{{ id }}"
      - id: use
        type: core.log.Log
        message: "{{ read(outputs.newest.uri) }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.storage.DeduplicateItems",)
    verbatim: ClassVar[frozenset[str]] = frozenset({"expr"})

    from_: str = Field(alias="from")
    """The address of the file."""
    expr: Any
    """An expression, evaluated for each item: its key."""

    async def run(self, context: TaskContext) -> Outcome:
        """Look for the last of each key, then keep those."""
        async with _local(context, self.from_) as (source, folder, extension):
            last: dict[bytes, int] = {}
            total = 0
            async for number, line in _items(source):
                total += 1
                try:
                    key = to_text(await context.render(self.expr, _names(number, line)))
                except ExpressionError as wrong:
                    raise TaskFailed(f"line {number}: {wrong}", retry=False) from None
                last[blake2b(key.encode(), digest_size=16).digest()] = number
            target = folder / "deduplicated"
            await asyncio.to_thread(_choose, source, target, set(last.values()))
            uri = await context.services.storage.keep(f"{context.folder}/{context.task}{extension}", target)
        counts = {"numKeys": len(last), "processedItemsTotal": total, "droppedItemsTotal": total - len(last)}
        return Outcome(outputs={"uri": uri, **counts})


# ---- files on the disk -----------------------------------------------------------------------------------------------


@asynccontextmanager
async def _local(context: TaskContext, uri: str) -> AsyncIterator[tuple[Path, Path, str]]:
    """A file of storage as a local one, a folder to work in, and the extension of the file's name."""
    with tempfile.TemporaryDirectory(prefix="onbeat-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        await context.services.storage.fetch(stored(uri, context.namespace), folder / "source")
        yield folder / "source", folder, PurePosixPath(uri.strip()).suffix or ".tmp"


async def _items(source: Path) -> AsyncIterator[tuple[int, bytes]]:
    """The lines of a file that are not blank, with their numbers; the loop has its turn between portions."""
    number = 0
    with await asyncio.to_thread(open, source, "rb") as file:
        while portion := await asyncio.to_thread(lambda: list(islice(file, _PORTION))):
            for line in portion:
                number += 1
                if line.strip():
                    yield number, line.rstrip(b"\r\n")


def _names(number: int, line: bytes) -> dict[str, Json]:
    """What an expression sees of an item: a field that begins like a name of ours is left out. Raises TaskFailed."""
    try:
        item = orjson.loads(line)
    except ValueError:
        try:
            (item,) = read_ion(line.decode())
        except (ExpressionError, ValueError):
            raise TaskFailed(f"line {number} is neither JSON nor Ion", retry=False) from None
    if not isinstance(item, dict):
        return {"value": item}
    return {name: value for name, value in item.items() if not name.startswith("__")}


def _choose(source: Path, target: Path, numbers: set[int]) -> None:
    with open(source, "rb") as file, open(target, "wb") as out:
        for number, line in enumerate(file, 1):
            if number in numbers:
                out.write(line.rstrip(b"\r\n") + b"\n")


def size_of(text: str) -> int:
    """Bytes of `1024`, `10KB`, `5 MB`. Raises UserError."""
    found = _SIZE.fullmatch(text.strip())
    size = 0 if found is None else int(found[1]) * _UNITS[found[2].upper() if found[2] else None]
    if size < 1:
        raise UserError(f"`{text[:50]}` is not a size; write it like `10MB`")
    return size


def split(
    source: Path, folder: Path, *, rows: int | None = None, size: int | None = None, partitions: int | None = None, separator: bytes = b"\n"
) -> list[Path]:
    """The parts of a file, in `folder`: by size in bytes, into partitions, or by rows; the first of these that is given. Blocks."""
    with open(source, "rb") as file:
        if size is None and partitions is not None:
            return _deal(file, folder, partitions, separator)
        if size is not None:
            return _cut(file, folder, lambda _, written: written >= size, separator)
        return _cut(file, folder, lambda lines, _: lines >= (rows or 1), separator)


def _cut(file: BinaryIO, folder: Path, full: Callable[[int, int], bool], separator: bytes) -> list[Path]:
    parts: list[Path] = []
    line = file.readline()
    while line:
        if len(parts) == _MOST_PARTS:
            raise UserError(f"there would be more than {_MOST_PARTS:,} parts; make them larger")
        parts.append(folder / f"part-{len(parts)}")
        lines = written = 0
        with open(parts[-1], "wb") as out:
            while line and (not lines or not full(lines, written)):
                lines += 1
                written += out.write(line.rstrip(b"\r\n") + separator)
                line = file.readline()
    return parts


def _deal(file: BinaryIO, folder: Path, partitions: int, separator: bytes) -> list[Path]:
    parts: list[Path] = []
    with ExitStack() as stack:
        outs: list[BinaryIO] = []
        for number, line in enumerate(file):
            if number < partitions:
                parts.append(folder / f"part-{number}")
                outs.append(stack.enter_context(open(parts[-1], "wb")))
            outs[number % partitions].write(line.rstrip(b"\r\n") + separator)
    return parts


def _reverse(source: Path, target: Path, separator: str, charset: str) -> None:
    try:
        plain = "\n".encode(charset) == b"\n"
    except (LookupError, ValueError):
        raise UserError(f"`{charset[:50]}` is not a charset") from None
    try:
        if plain:
            _reverse_lines(source, target, separator.encode(charset))
            return
        turned = source.with_name("turned")
        _recode(source, charset, turned, "utf-8")
        _reverse_lines(turned, source, separator.encode())
        _recode(source, "utf-8", target, charset)
    except UnicodeError:
        raise UserError(f"the file or the separator is not text in {charset}") from None


def _recode(source: Path, charset: str, target: Path, other: str) -> None:
    with open(source, encoding=charset, newline="") as file, open(target, "w", encoding=other, newline="") as out:
        while text := file.read(1 << 20):
            out.write(text)


def _reverse_lines(source: Path, target: Path, separator: bytes) -> None:
    with open(source, "rb") as file, open(target, "wb") as out:
        if source.stat().st_size:
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                for line in _backwards(data):
                    out.write(line + separator)


def _backwards(data: mmap.mmap) -> Iterator[bytes]:
    end = len(data) - (data[-1:] == b"\n")
    while end >= 0:
        start = data.rfind(b"\n", 0, end)
        yield data[start + 1 : end].removesuffix(b"\r")
        end = start


PROVIDES = (Split, Reverse, FilterItems, DeduplicateItems)
