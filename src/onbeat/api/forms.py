"""Read the inputs of a request: JSON, or a form with files that are written to disk as they come.

Kestra's clients send inputs as a multipart form. A file in it may be larger than memory; one that is read whole stops every other
request, and one without a limit fills the disk.

Rules
1. A field is an input; one that is there several times is a list. A file is a part named `files` whose file name is the input, or a part
   named as the input whose file name is the file's.
2. Files go to a folder that is gone when the request is over, piece by piece, off the loop once there is much.
3. The whole request is bounded, its texts together as any other body, its parts in number; one that stops coming is given up.
4. What is no form is refused with the reason; nothing of a refused form is kept.

Called by: executions, for starts and resumes.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import parse_qsl

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from onbeat.api.routing import TooLarge, TooSlow, body_of, json_of
from onbeat.core.event import Json
from onbeat.engine.inputs import Upload
from onbeat.errors import OutsideError, UserError

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks  # a name for type checkers only, there too

MOST_PARTS = 1_000
_ON_LOOP = 65_536
"""Bytes that are written without leaving the loop."""
_FILES = "files"


@dataclass
class Sent:
    """The inputs of a request."""

    inputs: dict[str, Json] = field(default_factory=dict)
    files: dict[str, Upload] = field(default_factory=dict)

    def add(self, name: str, text: str) -> None:
        """A field; the same one again makes a list."""
        before = self.inputs.get(name)
        self.inputs[name] = text if name not in self.inputs else [*(before if isinstance(before, list) else [before]), text]


@asynccontextmanager
async def sent_inputs(request: Request) -> AsyncIterator[Sent]:
    """The inputs of a request; its files are there until the block is left. Raises UserError, TooLarge, TooSlow."""
    kind, options = parse_options_header(request.headers.get("content-type"))
    match kind:
        case b"multipart/form-data":
            if not options.get(b"boundary"):
                raise UserError("the form has no boundary; let the HTTP client make its Content-Type")
            with tempfile.TemporaryDirectory(prefix="onbeat-upload-", ignore_cleanup_errors=True) as folder:
                yield await _form(request, options[b"boundary"], Path(folder))
        case b"application/x-www-form-urlencoded":
            sent = Sent()
            for name, text in parse_qsl((await body_of(request)).decode("utf-8", "replace"), keep_blank_values=True):
                sent.add(name, text)
            yield sent
        case _:
            given = json_of(await body_of(request))
            if given is not None and not isinstance(given, dict):
                raise UserError("inputs are a JSON object: {name: value}")
            yield Sent(given or {})


async def _form(request: Request, boundary: bytes, folder: Path) -> Sent:
    limit, patience = request.app.state.max_upload, request.app.state.patience
    form = _Form(folder, request.app.state.max_body)
    size = 0
    pieces = aiter(request.stream())
    try:
        parser = MultipartParser(boundary, form.callbacks())
        while True:
            async with asyncio.timeout(patience):
                piece = await anext(pieces, b"")
            if not piece:
                break
            size += len(piece)
            if size > limit:
                raise TooLarge(f"the form is larger than the limit of {limit} bytes (setting max_upload)")
            if size > _ON_LOOP:
                await asyncio.to_thread(parser.write, piece)
            else:
                parser.write(piece)
        parser.finalize()
    except TimeoutError:
        raise TooSlow(f"nothing more of the form came for {patience:g} s") from None
    except FormParserError as wrong:
        raise UserError(f"the form cannot be read: {wrong}") from None
    except OSError as problem:
        raise OutsideError(f"a file of the form cannot be kept in {folder.parent}: {problem.strerror}") from None
    finally:
        form.close()
    if not form.whole:
        raise UserError("the form ends too early")
    return form.sent


class _Form:
    """Takes what the parser finds. whole: its end was there."""

    def __init__(self, folder: Path, most_text: int) -> None:
        self.sent = Sent()
        self.whole = False
        self._folder = folder
        self._most_text = self._room = most_text
        self._parts = 0
        self._header: list[bytearray] = [bytearray(), bytearray()]
        self._disposition: dict[bytes, bytes] = {}
        self._text = bytearray()
        self._file: BinaryIO | None = None

    def callbacks(self) -> "MultipartCallbacks":
        """What the parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": partial(self._header_part, 0),
            "on_header_value": partial(self._header_part, 1),
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._all,
        }

    def close(self) -> None:
        """Close the file that is open."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise UserError(f"the form has more than {MOST_PARTS} parts")
        self._disposition = {}
        self._text = bytearray()

    def _header_part(self, which: int, data: bytes, start: int, end: int) -> None:
        self._header[which] += data[start:end]

    def _header_end(self) -> None:
        name, value = self._header
        if name.lower() == b"content-disposition":
            self._disposition = parse_options_header(bytes(value))[1]
        self._header = [bytearray(), bytearray()]

    def _headers_finished(self) -> None:
        name, file_name = self._names()
        if not name:
            raise UserError("a part of the form has no name")
        if not file_name:  # a field, or a field for a file that has none
            return
        path = self._folder / str(self._parts)
        self._file = open(path, "wb")  # noqa: SIM115  # closed at the end of its part, or by close
        if name == _FILES:
            self.sent.files[file_name] = Upload(path)
        else:
            self.sent.files[name] = Upload(path, file_name)

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._file is not None:
            self._file.write(data[start:end])
            return
        self._room -= end - start
        if self._room < 0:
            raise TooLarge(f"the fields of the form are larger than the limit of {self._most_text} bytes; send large values as files")
        self._text += data[start:end]

    def _end(self) -> None:
        if self._file is not None:
            self.close()
            return
        name, file_name = self._names()
        if file_name == "":
            return
        try:
            self.sent.add(name, self._text.decode())
        except UnicodeDecodeError:
            raise UserError(f"field `{name}` of the form is not UTF-8") from None

    def _all(self) -> None:
        self.whole = True

    def _names(self) -> tuple[str, str | None]:
        """The part's name and its file's; the latter is empty where a form has a field for a file and nobody chose one."""
        name, file_name = self._disposition.get(b"name", b""), self._disposition.get(b"filename")
        return name.decode("utf-8", "replace"), None if file_name is None else file_name.decode("utf-8", "replace")
