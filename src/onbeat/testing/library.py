"""Find the flows and triggers that a test names, and those that they call.

A folder may hold hundreds of flows, some of them half written, and a test is about one. So a file is found by a glance at its text and
only what is needed is read whole; each is parsed once, however many cases need it.

Rules
1. A flow is found below the folder of its test first, then in the other folders; the test's own word (a path) counts before all.
2. Flows that a flow calls come with it; what it calls by a computed name may be any, so all come.
3. Tests and hidden files are not flows.

Called by: bench.py; cli/test.py and session.py make one.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from onbeat.core.flow import Flow, PluginDefault
from onbeat.core.names import did_you_mean
from onbeat.core.parse import parse_flow
from onbeat.core.yaml12 import Document
from onbeat.errors import NotFound

TESTS = (".test.yaml", ".test.yml")
SUFFIXES = (".yaml", ".yml")
_ID = re.compile(r"^id:[ \t]*['\"]?([\w.-]+)", re.MULTILINE)
_NAMESPACE = re.compile(r"^namespace:[ \t]*['\"]?([\w.-]+)", re.MULTILINE)
_TASKS = re.compile(r"^tasks:", re.MULTILINE)

Name = tuple[str, str]
"""Namespace and id."""


class Source:
    """A flow's file, parsed."""

    __slots__ = ("document", "flow", "path", "text")

    def __init__(self, path: Path, text: str, defaults: Sequence[PluginDefault] = ()) -> None:
        self.path = path
        self.text = text
        parsed: tuple[Flow, Document] = parse_flow(text, str(path), defaults)
        self.flow, self.document = parsed

    @property
    def name(self) -> Name:
        """Namespace and id of the flow."""
        return self.flow.namespace, self.flow.id


class Library:
    """The flows and triggers below some folders. triggers: folders of triggers in files of their own. defaults: the server's."""

    def __init__(self, folders: Iterable[Path] = (), triggers: Iterable[Path] = (), defaults: Sequence[PluginDefault] = ()) -> None:
        self._defaults = tuple(defaults)
        self._folders = list(folders)
        self._triggers = list(triggers)
        self._indexes: dict[Path, dict[Name, Path]] = {}
        self._sources: dict[Path, Source] = {}
        self._trigger_files: dict[Path, str] | None = None

    def find(self, name: Name, near: Path | None = None) -> Source:
        """A flow by its name. near: the folder that is looked in first. Raises NotFound, InvalidFile."""
        folders = self._around(near)
        for folder in folders:
            path = self._index(folder).get(name)
            if path is not None:
                return self.read(path)
        known = [".".join(each) for folder in folders for each in self._index(folder)]
        wanted = ".".join(name)
        where = ", ".join(str(folder) for folder in folders) or "no folder at all"
        raise NotFound(f"there is no flow {wanted} in {where}{did_you_mean(wanted, known)}")

    def read(self, path: Path) -> Source:
        """A flow by its file. Raises NotFound, InvalidFile."""
        path = path.resolve()
        if path not in self._sources:
            try:
                text = path.read_text("utf-8", errors="surrogateescape")
            except OSError as problem:
                raise NotFound(f"{path} cannot be read: {problem.strerror}") from None
            self._sources[path] = Source(_short(path), text, self._defaults)
        return self._sources[path]

    def everything(self, near: Path | None = None) -> list[Source]:
        """All flows that can be read, by name; one name once."""
        found: dict[Name, Path] = {}
        for folder in self._around(near):
            for name, path in self._index(folder).items():
                found.setdefault(name, path)
        return [self.read(path) for _, path in sorted(found.items())]

    def with_called(self, source: Source, near: Path | None = None, but: Iterable[str] = ()) -> Iterator[Source]:
        """A flow, then those that it calls, and so on. but: ids of its tasks that call nothing. Flows that are not there are left out."""
        waiting, seen = [source], {source.name}
        skipped = frozenset(but)
        while waiting:
            one = waiting.pop()
            yield one
            for name in _called(one.flow, skipped if one is source else frozenset()):
                for found in self._named(name, near):
                    if found.name not in seen:
                        seen.add(found.name)
                        waiting.append(found)

    def trigger_files(self, flows: Iterable[str]) -> Sequence[Path]:
        """The files of triggers that may start one of these flows (ids): those that name one. Others may be half written."""
        if self._trigger_files is None:
            paths = (path for folder in self._triggers if folder.is_dir() for path in _files(folder))
            self._trigger_files = {path: path.read_text("utf-8", errors="replace") for path in paths}
        wanted = list(flows)
        return [path for path, text in self._trigger_files.items() if any(id_ in text for id_ in wanted)]

    def _named(self, name: Name | None, near: Path | None) -> list[Source]:
        if name is None:
            return self.everything(near)
        try:
            return [self.find(name, near)]
        except NotFound:
            return []

    def _around(self, near: Path | None) -> list[Path]:
        return [folder for folder in dict.fromkeys(([near] if near is not None else []) + self._folders) if folder.is_dir()]

    def _index(self, folder: Path) -> Mapping[Name, Path]:
        if folder not in self._indexes:
            found: dict[Name, Path] = {}
            for path in _files(folder):
                name = _glance(path)
                if name is not None:
                    found.setdefault(name, path)
            self._indexes[folder] = found
        return self._indexes[folder]


def _called(flow: Flow, but: frozenset[str]) -> Iterator[Name | None]:
    """The flows that a flow names in tasks that start others; None when it works out a name as it runs."""
    for task in flow.all_tasks():
        namespace, id_ = getattr(task, "namespace", None), getattr(task, "flow_id", None)
        if task.id not in but and isinstance(namespace, str) and isinstance(id_, str):
            yield None if "{{" in namespace + id_ else (namespace, id_)


def _glance(path: Path) -> Name | None:
    """The name of the flow in a file, without reading it whole."""
    try:
        text = path.read_text("utf-8", errors="replace")
    except OSError:
        return None
    id_, namespace = _ID.search(text), _NAMESPACE.search(text)
    return (namespace[1], id_[1]) if id_ and namespace and _TASKS.search(text) else None


def _files(folder: Path) -> Iterator[Path]:
    for place, below, names in os.walk(folder):
        below[:] = sorted(name for name in below if not name.startswith("."))
        for name in sorted(names):
            if name.endswith(SUFFIXES) and not name.startswith(".") and not name.endswith(TESTS):
                yield Path(place, name)


def _short(path: Path) -> Path:
    """The path as people write it: relative where it is below the working directory."""
    try:
        return path.relative_to(Path.cwd())
    except ValueError:
        return path


def files_of_tests(paths: Iterable[Path]) -> Iterator[Path]:
    """The files of tests that the paths mean. Raises NotFound."""
    for path in paths:
        if path.is_dir():
            for place, below, names in os.walk(path):
                below[:] = sorted(name for name in below if not name.startswith("."))
                yield from (Path(place, name) for name in sorted(names) if name.endswith(TESTS) and not name.startswith("."))
        elif path.is_file():
            yield path
        else:
            raise NotFound(f"there is no file {path}")
