"""Say what a file is as an event: its variables, its content where that is asked for, and where it will be.

A flow that is started for a file opens it by the path it is told, so a file that is to be moved is put at its new place, too, before
the start is written, and taken from the old one after it.

Rules
1. A name is text whatever its bytes are; the URI is exact.
2. What is told is of the version that was found; a file that changed meanwhile is left out, to be found again.
3. What cannot be told (too large, not text, not JSON) becomes a dead event with the reason.

Called by: watch, in a thread.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from onbeat.core.event import Event, Json, Micros
from onbeat.core.times import iso
from onbeat.core.values import normalise
from onbeat.errors import UserError
from onbeat.plugins.files import disk
from onbeat.plugins.files.ledger import Found
from onbeat.ports import Received

READ_LIMIT = 1024 * 1024


class Told(NamedTuple):
    """A found file and what is handed on of it. target: where it goes."""

    found: Found
    target: str
    received: Received


class _Content(NamedTuple):
    """What was read of a file, or why it cannot be told."""

    hash: str | None = None
    content: Json = None
    raw: bytes | None = None
    reason: str | None = None


def tell(root: str, found: Sequence[Found], now: Micros) -> list[Told]:
    """What these files are as events."""
    taken: set[str] = set()
    told = []
    for one in found:
        content = _read(root, one)
        if content is None:
            continue
        target = ""
        if one.rule.options.target:
            target = disk.free_name(one.rule.options.target, one.path, one.version, taken)
            taken.add(target)
            disk.link(root, one.path, one.version, target)
        told.append(Told(one, target, _receive(root, one, target, content, now)))
    return told


def shown(path: str) -> str:
    """A file's name as text, whatever its bytes are."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _read(root: str, found: Found) -> _Content | None:
    options = found.rule.options
    limit = min(options.max_size or READ_LIMIT, READ_LIMIT) if options.read else options.max_size
    if limit is not None and found.version.size > limit:
        cure = "raise `maxSize`" if limit == options.max_size else "leave `read` out and read it in a task"
        return _Content(reason=f"the file {shown(found.path)} has {found.version.size} bytes, more than {limit}; {cure}")
    digest = None
    if options.key == "hash" and (digest := disk.digest(root, found.path, found.version)) is None:
        return None
    if options.read is None:
        return _Content(digest)
    raw = disk.read(root, found.path, found.version)
    if raw is None:
        return None
    try:
        text = raw.decode("utf-8-sig")
        return _Content(digest, content=normalise(text if options.read == "text" else json.loads(text)))
    except (ValueError, RecursionError, UserError) as error:
        return _Content(digest, raw=raw, reason=f"the file {shown(found.path)} is not {options.read}: {error}")


def _receive(root: str, found: Found, target: str, content: _Content, now: Micros) -> Received:
    version = found.version
    place = target or os.path.join(root, found.path)
    key = f"{Path(root, found.path).as_uri()}#{version.text}" if content.hash is None else f"sha256:{content.hash}"
    if content.reason is not None:
        return Received(raw=content.raw, reason=content.reason, key=key, triggers=found.triggers)
    variables: dict[str, Json] = {
        "path": shown(place),
        "name": shown(os.path.basename(found.path)),
        "directory": shown(os.path.dirname(place)),
        "size": version.size,
        "modified": iso(version.modified // 1_000),
        "uri": Path(place).as_uri(),
    }
    if content.hash is not None:
        variables["hash"] = content.hash
    if found.rule.options.read is not None:
        variables["content"] = content.content
    event = Event(
        id=key,
        source=Path(root).as_uri(),
        type="io.onbeat.file",
        subject=shown(found.path),
        time=now,
        key=key,
        data=content.content,
        variables=variables,
    )
    return Received(event=event, key=key, triggers=found.triggers)
