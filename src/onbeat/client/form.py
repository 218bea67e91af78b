"""Send inputs with files as a multipart form, read from disk as it is sent.

Called by: the commands that start or resume an execution.
"""

import json
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from onbeat.errors import UserError

_PIECE = 65_536


class Form:
    """A form of fields and files; each file is a part named as its input."""

    def __init__(self, fields: Mapping[str, str], files: Mapping[str, str | Path]) -> None:
        boundary = secrets.token_hex(16)
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self._parts: list[bytes | Path] = []
        for name, value in fields.items():
            self._parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"\r\n\r\n{value}\r\n'.encode())
        for name, each in files.items():
            path = Path(each)
            if not path.is_file():
                raise UserError(f"{path} is not a file; --file takes KEY=PATH")
            names = f'name="{_quoted(name)}"; filename="{_quoted(path.name)}"'
            head = f"--{boundary}\r\nContent-Disposition: form-data; {names}\r\nContent-Type: application/octet-stream\r\n\r\n"
            self._parts += [head.encode(), path, b"\r\n"]
        self._parts.append(f"--{boundary}--\r\n".encode())
        self.length = sum(len(each) if isinstance(each, bytes) else each.stat().st_size for each in self._parts)

    def __iter__(self) -> Iterator[bytes]:
        for each in self._parts:
            if isinstance(each, bytes):
                yield each
                continue
            with open(each, "rb") as file:
                while piece := file.read(_PIECE):
                    yield piece


def inputs_of(inputs: Mapping[str, Any] | None, files: Mapping[str, str | Path] | None = None) -> Form | dict[str, Any]:
    """Inputs as they are sent: as JSON, or with files as a form, in which texts are themselves and all else is JSON. Raises UserError."""
    if not files:
        return dict(inputs or {})
    said = {name: value if isinstance(value, str) else json.dumps(value, allow_nan=False) for name, value in (inputs or {}).items()}
    return Form(said, files)


def _quoted(name: str) -> str:
    """A name inside of quotation marks, as browsers write it."""
    return name.replace("\\", "\\\\").replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
