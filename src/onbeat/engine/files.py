"""Read the YAML files under directories, and say when they changed.

Rules
1. What cannot be read is told, file by file, and hides nothing else: a link that leads nowhere, no permission, no file at all.
2. A directory that cannot be listed is not an empty one: what it held is not deleted.
3. A directory that is made, or made again, is watched from then on.
4. Watching never ends by itself: where the system gives no hints there is a look every few seconds.

Called by: loader.
"""

import os
import stat
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

import structlog
import watchfiles

from onbeat.core.yaml12 import MAX_BYTES
from onbeat.errors import StoreBroken
from onbeat.ports import Clock

_log = structlog.get_logger("onbeat.files")
_STEP = 400
"""Milliseconds between two looks of the watcher's own thread: a change is served half a second later, an idle daemon hardly wakes."""
_SUFFIXES = (".yaml", ".yml")
_TESTS = (".test.yaml", ".test.yml")
_LOOK = 60_000
"""Milliseconds between looks while there are hints: what changed between reading and watching is found by the next one."""
_LOOK_OFTEN = 2_000
"""While a directory is not there."""
_NO_HINTS = 5.0
"""Seconds between looks where the system gives no hints."""


@dataclass
class Found:
    """contents: of each file that could be read. unread: why the others could not. unlisted: directories that could not be listed, those
    that are not there too."""

    contents: dict[Path, bytes] = field(default_factory=dict)
    unread: dict[Path, str] = field(default_factory=dict)
    unlisted: dict[Path, str] = field(default_factory=dict)

    def hides(self, path: Path) -> bool:
        """Whether the file may be there although it was not found."""
        return any(directory in path.parents for directory in self.unlisted)


def read_files(directories: Sequence[Path]) -> Found:
    """The YAML files under the directories, hidden ones and flow tests left out, in order of name. Blocks: not for the loop."""
    found = Found()

    def unlisted(problem: OSError) -> None:
        found.unlisted[Path(problem.filename)] = f"the directory cannot be listed: {problem.strerror}"

    for directory in directories:
        for place, below, names in os.walk(directory, onerror=unlisted):
            below[:] = sorted(name for name in below if not name.startswith("."))
            for name in sorted(names):
                if name.endswith(_SUFFIXES) and not name.startswith(".") and not name.endswith(_TESTS):
                    _read(Path(place, name), found)
    found.contents = dict(sorted(found.contents.items()))
    return found


def _read(path: Path, found: Found) -> None:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            found.unread[path] = "this is not a file"
            return
        with path.open("rb") as file:
            found.contents[path] = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        if path.is_symlink():
            found.unread[path] = "this is a link that leads nowhere"
    except OSError as problem:
        found.unread[path] = f"the file cannot be read: {problem.strerror}"


async def watch(directories: Sequence[Path], reload: Callable[[], Awaitable[None]], clock: Clock) -> None:
    """Call `reload` whenever a file may have changed, until cancelled. What it raises is told, and tried again at the next change."""
    while directories:
        watched = _present(directories)
        try:
            if not watched:
                await clock.sleep(_LOOK_OFTEN / 1_000)
                if _present(directories):
                    await _try(reload)
                continue
            look = _LOOK if len(watched) == len(directories) else _LOOK_OFTEN
            hints = watchfiles.awatch(*watched, debounce=_STEP, step=_STEP, rust_timeout=look, yield_on_timeout=True, recursive=True)
            async with aclosing(hints) as changes:
                async for changed in changes:
                    moved = _present(directories) != watched or any(Path(path) in watched for _, path in changed)
                    if changed or moved or look == _LOOK:
                        await _try(reload)
                    if moved:
                        break
        except OSError as problem:
            _log.warning("the system gives no hints of changed files; looking every few seconds", problem=str(problem))
            await clock.sleep(_NO_HINTS)
            await _try(reload)


async def _try(reload: Callable[[], Awaitable[None]]) -> None:
    try:
        await reload()
    except StoreBroken:
        raise
    except Exception:
        _log.exception("the files could not be loaded; they will be tried again at the next change")


def _present(directories: Sequence[Path]) -> dict[Path, tuple[int, int]]:
    """The directories that are there, and which they are: one that was removed and made again is another."""
    found = {}
    for directory in directories:
        try:
            facts = directory.stat()
        except OSError:
            continue
        if stat.S_ISDIR(facts.st_mode):
            found[directory] = (facts.st_dev, facts.st_ino)
    return found
