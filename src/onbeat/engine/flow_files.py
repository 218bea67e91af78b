"""Save and delete flows where they live: in the file that holds them, else as a file of their own, else in the store.

A flow that is edited in a browser and in an editor at once must not lose either's work, and a save that is cut off must leave the file
as it was or as it is to be. What was saved is what is served, because the loader reads it back before the call returns.

Rules
1. A flow's file is replaced whole or not at all: written beside, synced, renamed, the folder synced. Its text is kept byte for byte.
2. Who names the revision that he edited is refused when there is a newer one; who names none is the last and wins. A file that changed
   since it was read is never overwritten.
3. A file that cannot be written, or is a link to somewhere else, is left alone: the refusal says the difference.
4. A new flow is `<namespace>.<id>.yaml` in the first folder; where nothing can be written there, it is in the store.
5. Several flows are checked before the first one is saved; one save at a time.
6. A flow that is deleted starts nothing new; its executions and revisions stay.

Called by: the API's changes of flows.
"""

import asyncio
import errno
import os
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from onbeat.core.flow import Flow
from onbeat.core.flow_text import difference
from onbeat.engine.catalog import Catalog, LoadedFlow
from onbeat.engine.checking import check_flow
from onbeat.engine.loader import Loader
from onbeat.errors import InvalidFile, NotFound, OutsideError, Overloaded, Problem, Refused, UserError
from onbeat.ports import Store, StoredFlow
from onbeat.registry import Registry

_LONGEST_NAME = 200
_NOT_WRITABLE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class Exists(Refused):
    """There is a flow of that name already."""


class Draft(NamedTuple):
    """A flow to be saved. base: the revision that was edited, if that was said."""

    source: str
    base: int | None = None


class Saved(NamedTuple):
    """A flow that was saved. before: what there was."""

    loaded: LoadedFlow
    stored: StoredFlow
    before: StoredFlow | None


class _Checked(NamedTuple):
    flow: Flow
    source: str
    before: StoredFlow | None
    path: Path | None


class FlowFiles:
    """The flows of this daemon, to be changed."""

    def __init__(self, loader: Loader, catalog: Catalog, store: Store, registry: Registry) -> None:
        self._loader = loader
        self._catalog = catalog
        self._store = store
        self._registry = registry
        self._one_at_a_time = asyncio.Lock()

    async def check(self, source: str, name: str = "flow") -> Flow:
        """The flow of a text. Raises InvalidFile with all that is wrong."""
        flow, _ = await asyncio.to_thread(check_flow, source, name, self._registry)
        return flow

    async def save(self, draft: Draft, *, new: bool = False) -> Saved:
        """Save a flow. new: there is none yet. Raises InvalidFile, Exists, Refused."""
        return (await self.save_all([draft], new=new))[0]

    async def save_all(self, drafts: Sequence[Draft], *, new: bool = False) -> list[Saved]:
        """Save flows, in order; none of them when one cannot be. Raises InvalidFile, Exists, Refused."""
        flows = [await self.check(draft.source) for draft in drafts]
        async with self._one_at_a_time:
            checked = [await self._may_save(flow, draft, new) for flow, draft in zip(flows, drafts, strict=True)]
            twice = next((name for name, times in Counter(each.flow.name for each in checked).items() if times > 1), None)
            if twice is not None:
                raise UserError(f"flow {twice} is there twice; give one of them another id")
            try:
                for each in checked:
                    await self._put(each)
            finally:
                await self._loader.load_all()
            return [await self._saved(each) for each in checked]

    async def delete(self, namespace: str, flow: str) -> StoredFlow:
        """No new executions of a flow; what there was. Raises NotFound, Refused."""
        return (await self.delete_all([(namespace, flow)]))[0]

    async def delete_all(self, names: Sequence[tuple[str, str]]) -> list[StoredFlow]:
        """The same for several, each (namespace, id); all are looked at before the first one goes. Raises NotFound, Refused."""
        async with self._one_at_a_time:
            found = [await self._may_delete(*name) for name in dict.fromkeys(names)]
            try:
                for before, path in found:
                    await self._drop(before, path)
            finally:
                await self._loader.load_all()
            return [before for before, _ in found]

    async def _may_delete(self, namespace: str, flow: str) -> tuple[StoredFlow, Path | None]:
        before = await self._present(namespace, flow)
        if before is None:
            raise NotFound(f"there is no flow {namespace}.{flow}")
        path = self._file_of(namespace, flow)
        if path is not None:
            await self._unchanged(path, before, "")
        return before, path

    async def _drop(self, before: StoredFlow, path: Path | None) -> None:
        if path is None:
            await self._loader.drop_stored(before.namespace, before.id)
            return
        try:
            await asyncio.to_thread(_remove, path)
        except OSError as problem:
            raise _refused(problem, path, before.source, "") from problem

    # ---- before ------------------------------------------------------------------------------------------------

    async def _may_save(self, flow: Flow, draft: Draft, new: bool) -> _Checked:
        before = await self._present(flow.namespace, flow.id)
        if before is not None and new:
            raise Exists(f"there is a flow {flow.name} already; update it, or give this one another id")
        if draft.base is not None and draft.base != (0 if before is None else before.revision):
            newest = "there is none" if before is None else f"the newest one is {before.revision}"
            changed = difference("" if before is None else before.source, draft.source, flow.name)
            raise Refused(f"revision {draft.base} of flow {flow.name} was edited, and {newest}\n{changed}")
        if before is None and flow.name in self._catalog.names():
            raise Exists(f"there is a flow {flow.name} already, with its dots in other places; give this one another id")
        path = self._file_of(flow.namespace, flow.id)
        if path is not None:
            await self._unchanged(path, before, draft.source)
        return _Checked(flow, draft.source, before, path)

    async def _present(self, namespace: str, flow: str) -> StoredFlow | None:
        """What is served of a flow."""
        loaded = self._catalog.find(namespace, flow)
        return None if loaded is None else await self._store.flow(namespace, flow, loaded.flow.revision)

    def _file_of(self, namespace: str, flow: str) -> Path | None:
        """The file of a flow. Raises Refused where it is in two."""
        found = self._loader.files_of(namespace, flow)
        if len(found) > 1:
            raise Refused(f"flow {namespace}.{flow} is in {len(found)} files: {', '.join(map(str, found))}; remove it from all but one")
        return found[0] if found else None

    async def _unchanged(self, path: Path, before: StoredFlow | None, wanted: str) -> None:
        """Rules 2 and 3. Raises Refused."""
        if await asyncio.to_thread(path.is_symlink):
            text = "" if before is None else before.source
            raise Refused(f"{path} is a link; edit what it leads to\n{difference(text, wanted, path.name)}")
        try:
            content = await asyncio.to_thread(path.read_bytes)
        except FileNotFoundError:
            raise Refused(f"{path} was removed a moment ago; look again") from None
        except OSError as problem:
            raise OutsideError(f"{path} cannot be read: {problem.strerror}") from problem
        if not await asyncio.to_thread(os.access, path, os.W_OK):
            text = "" if before is None else before.source
            raise _refused(PermissionError(errno.EACCES, os.strerror(errno.EACCES)), path, text, wanted)
        if content != self._loader.content_of(path):
            there = content.decode("utf-8", "replace")
            raise Refused(f"{path} was changed a moment ago; look at it and save again\n{difference(there, wanted, path.name)}")

    # ---- the step ----------------------------------------------------------------------------------------------

    async def _put(self, wanted: _Checked) -> None:
        """Rule 1, or 4."""
        flow, source = wanted.flow, wanted.source
        if wanted.path is not None:
            try:
                await asyncio.to_thread(_replace, wanted.path, source.encode(), self._loader.content_of(wanted.path) or b"")
            except _Changed:
                raise Refused(f"{wanted.path} was changed a moment ago; look at it and save again") from None
            except OSError as problem:
                text = "" if wanted.before is None else wanted.before.source
                raise _refused(problem, wanted.path, text, source) from problem
        elif wanted.before is not None or not await self._create(flow, source):
            await self._loader.keep_stored(flow, source)

    async def _create(self, flow: Flow, source: str) -> bool:
        """Make the file of a new flow; whether that could be done."""
        if not self._loader.folders:
            return False
        try:
            await asyncio.to_thread(_create, self._loader.folders[0], flow.name, source.encode())
        except OSError as problem:
            if problem.errno in _NOT_WRITABLE:
                return False
            raise _explained(problem, self._loader.folders[0]) from problem
        return True

    async def _saved(self, each: _Checked) -> Saved:
        """What is served now. Raises Refused where the loader did not take it."""
        flow = each.flow
        path = self._file_of(flow.namespace, flow.id)
        loaded = self._catalog.find(flow.namespace, flow.id)
        stored = None if loaded is None else await self._store.flow(flow.namespace, flow.id, loaded.flow.revision)
        if loaded is None or stored is None or stored.source != each.source:
            problems = self._loader.problems.get(str(path), ())
            why = f"is not served: {problems[0]}" if problems else "was changed again at once; look again"
            raise Refused(f"flow {flow.name} was saved, and {why}")
        return Saved(loaded, stored, each.before)


def file_names(name: str) -> Iterator[str]:
    """How the file of a new flow may be called, the best name first."""
    short = name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}.{sha256(name.encode()).hexdigest()[:8]}"
    stem = f"{short}.flow" if short.endswith(".test") else short  # x.test.yaml holds tests of flows, and no flow
    yield f"{stem}.yaml"
    yield from (f"{stem}.{number}.yaml" for number in range(2, 1_000))


class _Changed(Exception):
    """Somebody else wrote the file at the last moment."""


def _replace(path: Path, content: bytes, expected: bytes) -> None:
    """The file with this content, or as it was."""
    if expected != content:
        _write(path, content, stat.S_IMODE(path.stat().st_mode), expected)


def _create(folder: Path, name: str, content: bytes) -> None:
    """A new file of a flow in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    free = next((each for each in file_names(name) if not os.path.lexists(folder / each)), None)
    if free is None:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(folder))
    _write(folder / free, content, 0o644)


def _write(path: Path, content: bytes, mode: int, expected: bytes | None = None) -> None:
    """Whole or not at all, also after a power cut. expected: what is replaced; when it is not that any more, nothing is."""
    half = path.with_name(f".onbeat-{sha256(path.name.encode()).hexdigest()[:16]}")  # hidden: the loader does not look at it
    with suppress(FileNotFoundError):
        half.unlink()
    try:
        descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
        with open(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if expected is not None and (path.is_symlink() or not path.exists() or path.read_bytes() != expected):
            raise _Changed
        os.replace(half, path)
    except BaseException:
        with suppress(OSError):
            half.unlink()
        raise
    _sync(path.parent)


def _remove(path: Path) -> None:
    path.unlink()
    _sync(path.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refused(problem: OSError, path: Path, before: str, wanted: str) -> Exception:
    """Why a file could not be replaced."""
    if problem.errno in _NOT_WRITABLE:
        return Refused(f"{path} cannot be written: {problem.strerror}; change it there\n{difference(before, wanted, path.name)}")
    return _explained(problem, path)


def _explained(problem: OSError, path: Path) -> OutsideError:
    kind = Overloaded if problem.errno in _FULL else OutsideError
    return kind(f"{path} cannot be written: {problem.strerror}")


def problem_sentences(wrong: InvalidFile) -> Iterator[str]:
    """What is wrong with a text that is in no file: `line:column: message`."""
    yield from (_sentence(problem) for problem in wrong.problems)


def _sentence(problem: Problem) -> str:
    return f"{problem.line}:{problem.column}: {problem.message}"
