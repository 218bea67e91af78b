"""Keep the files of namespaces: scripts, queries and settings that many flows use.

They lie in storage under their namespace, in a folder that no flow can have, so that `fileURI` gives an address that tasks read like any.

Rules
1. A path is relative and stays inside: what leads out is refused, whatever it is made of.
2. A folder that becomes empty by a removal goes with it.
3. Files are chosen by patterns as Kestra has them: one that begins with a letter is found in any folder.

Called by: tasks and expressions through ports.NamespaceFiles, the API.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from onbeat.core.addresses import SCHEME, clean, files_folder
from onbeat.core.globs import Globs
from onbeat.core.names import check_namespace
from onbeat.engine.storage import Entry, LocalStorage
from onbeat.errors import NotFound, UserError

_GLOB, _REGEX = "glob:", "regex:"


class KeptFiles:
    """ports.NamespaceFiles in storage."""

    def __init__(self, storage: LocalStorage) -> None:
        self._storage = storage

    async def read(self, namespace: str, path: str) -> bytes:
        """A file's bytes. Raises NotFound."""
        try:
            return await self._storage.get(SCHEME + _place(namespace, path))
        except NotFound:
            raise NotFound(f"there is no file `{path}` in namespace {namespace}") from None

    async def write(self, namespace: str, path: str, data: bytes) -> None:
        """Keep it; what was there is replaced."""
        await self._storage.put(_place(namespace, path), data)

    async def take(self, namespace: str, path: str, source: Path) -> None:
        """Keep what a local file holds, of any size; what was there is replaced."""
        await self._storage.keep(_place(namespace, path), source)

    async def delete(self, namespace: str, path: str) -> int:
        """Remove a file, or all under a folder; how many."""
        place, root = _place(namespace, path), files_folder(namespace)
        gone = await self._storage.delete(place)
        await self._storage.tidy(place.rpartition("/")[0], root)
        return gone

    async def namespaces(self) -> Sequence[str]:
        """The namespaces that have files."""
        return await self._storage.namespaces()

    async def names(self, namespace: str, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> Sequence[str]:
        """Paths that fit one of `include` (all when empty) and none of `exclude`, sorted."""
        fits = chooser(include, exclude)
        root = f"{files_folder(check_namespace(namespace))}/"
        return [path for path in (found.removeprefix(root) for found, _ in await self._storage.files(root)) if fits(path)]

    # ---- folders -------------------------------------------------------------------------------------------------

    async def look(self, namespace: str, path: str = "") -> Entry:
        """What is at a path, a file or a folder; the namespace's own folder always is. Raises NotFound."""
        if not path.strip("/"):
            check_namespace(namespace)
            return Entry("", True, 0, 0)
        return await self._storage.entry(_place(namespace, path))

    async def entries(self, namespace: str, path: str = "") -> Sequence[Entry]:
        """What is in a folder, by name. Raises NotFound."""
        if path.strip("/"):
            return await self._storage.entries(_place(namespace, path))
        try:
            return await self._storage.entries(files_folder(check_namespace(namespace)))
        except NotFound:
            return []

    async def make_folder(self, namespace: str, path: str) -> None:
        """Make a folder."""
        await self._storage.make_folder(_place(namespace, path))

    async def move(self, namespace: str, path: str, to: str) -> None:
        """Give a file or folder another path. Raises NotFound, Refused when there is something already."""
        place = _place(namespace, path)
        await self._storage.move(place, _place(namespace, to))
        await self._storage.tidy(place.rpartition("/")[0], files_folder(namespace))


def chooser(include: Sequence[str], exclude: Sequence[str]) -> Callable[[str], bool]:
    """Whether a path fits one of `include` (any, when empty) and none of `exclude`. Raises UserError."""
    wanted, unwanted = (Globs(_as_glob(each) for each in patterns) for patterns in (include, exclude))

    def fits(path: str) -> bool:
        return (not include or wanted(path)) and not unwanted(path)

    return fits


def _as_glob(pattern: str) -> str:
    """Rule 3."""
    if pattern.startswith(_REGEX):
        raise UserError(f"`{pattern[:100]}`: regular expressions do not choose files here; use `*`, `**`, `?`, `[ab]` and `{{a,b}}`")
    if pattern.startswith(_GLOB):
        return pattern.removeprefix(_GLOB).lstrip("/")
    if pattern[:1].isalnum() or pattern[:1] == "_":
        return f"**/{pattern}"
    return pattern.lstrip("/")


def _place(namespace: str, path: str) -> str:
    return f"{files_folder(check_namespace(namespace))}/{clean(path)}"
