"""Check the inputs of a start against what the flow declares, and keep the files that come with them.

Rules
1. A file is kept after everything was found right and before the execution is written: what is refused leaves nothing behind, and an
   execution never names a file that is not there.
2. A file for an input that is no FILE is its text: a form may send a long JSON value as a file.
3. In storage a file is called what its sender called it; where nobody said, the input and its `extension`.

Called by: node for starts and resumes, intake and runner for `renderer`.
"""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from onbeat.core.addresses import SCHEME
from onbeat.core.event import Json
from onbeat.core.expressions import compile_value, make_scope
from onbeat.core.flow import Flow
from onbeat.core.inputs import Examined, InputError, InputProblem, InputSpec, examine, resolve
from onbeat.core.inputs.kinds import FileInput
from onbeat.engine.evaluator import Evaluator
from onbeat.ports import Storage

_MOST_TEXT = 1_048_576
_LONGEST_NAME = 100


class Upload(NamedTuple):
    """A file that was given for an input. path: where it lies now. name: what its sender called it, None when nobody said."""

    path: Path
    name: str | None = None


def renderer(flow: Flow, outside: Mapping[str, Any] | None = None) -> Callable[[Json, Mapping[str, Json]], Json]:
    """How defaults of a flow's inputs are evaluated: over the inputs so far and the flow's facts. outside: further names."""
    facts = {**(outside or {}), "flow": {"id": flow.id, "namespace": flow.namespace, "revision": flow.revision}, "vars": flow.variables}

    def render(value: Json, names: Mapping[str, Json]) -> Json:
        template = compile_value(value)
        return value if template.constant else template.render(make_scope({**facts, **names}))

    return render


class Given:
    """The inputs of one start or resume, with its files. where: the folder in storage that is theirs alone."""

    def __init__(self, specs: Sequence[InputSpec], inputs: Mapping[str, Json], files: Mapping[str, Upload], where: str) -> None:
        self._specs = {spec.id: spec for spec in specs}
        self._inputs = inputs
        self._files = {id_: upload for id_, upload in files.items() if isinstance(self._specs.get(id_), FileInput)}
        self._texts = {id_: upload for id_, upload in files.items() if id_ not in self._files}
        self._paths = {id_: f"{where}/{_safe(id_)}/{self._name(id_, upload)}" for id_, upload in self._files.items()}

    async def resolve(self, flow: Flow, evaluator: Evaluator) -> dict[str, Json]:
        """The typed values; files are addresses where nothing is yet. Raises InputError, ExpressionError."""
        specs, given = tuple(self._specs.values()), await self._all()
        return await evaluator.settled(flow, lambda outside: resolve(specs, given, renderer(flow, outside)))

    async def examine(self, flow: Flow, evaluator: Evaluator) -> list[Examined]:
        """Each input as a start would have it. Raises InputError for a file that is no text where it must be."""
        specs, given = tuple(self._specs.values()), await self._all()
        return await evaluator.settled(flow, lambda outside: examine(specs, given, renderer(flow, outside)))

    async def keep_files(self, storage: Storage) -> None:
        """Keep the files where their addresses say. Raises OutsideError."""
        for id_, path in self._paths.items():
            await storage.keep(path, self._files[id_].path)

    async def _all(self) -> dict[str, Json]:
        texts = {id_: await self._text(id_, upload) for id_, upload in self._texts.items()}
        return {**self._inputs, **texts, **{id_: SCHEME + path for id_, path in self._paths.items()}}

    def _name(self, id_: str, upload: Upload) -> str:
        if upload.name:
            return _safe(PurePosixPath(upload.name.replace("\\", "/")).name)
        spec = self._specs[id_]
        assert isinstance(spec, FileInput)
        return _safe(id_) + spec.suffix

    async def _text(self, id_: str, upload: Upload) -> str:
        try:
            if upload.path.stat().st_size > _MOST_TEXT:
                raise InputError([InputProblem(id_, f"it is a file of more than {_MOST_TEXT:,} bytes; make it an input of type FILE")])
            return (await asyncio.to_thread(upload.path.read_bytes)).decode()
        except UnicodeDecodeError:
            raise InputError([InputProblem(id_, "it is a file that is not UTF-8 text; make it an input of type FILE")]) from None


def _safe(name: str) -> str:
    """A name as an address can have it."""
    return re.sub(r"[^\w.-]", "_", name).lstrip(".")[-_LONGEST_NAME:] or "file"
