"""Read server-sent events out of the bytes of a stream.

Rules
1. A line may be as long as it likes, and come in any pieces.
2. What is not whole when the stream breaks off never was; comments are no events.

Called by: aio, sync.
"""

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from onbeat.errors import OutsideError


class Frame(msgspec.Struct, frozen=True):
    """One server-sent event. id: a position in the journal, or in the topic."""

    name: str
    id: str
    data: Any


class FrameReader:
    """Takes what came, gives the events that are whole with it."""

    def __init__(self) -> None:
        self._begun: list[bytes] = []
        self._name, self._id, self._data = "message", "", list[bytes]()

    def take(self, piece: bytes) -> Iterator[Frame]:
        """The events that this piece of the stream ends. Raises OutsideError."""
        *whole, rest = piece.split(b"\n")
        for line in whole:
            self._begun.append(line)
            line = b"".join(self._begun).removesuffix(b"\r")
            self._begun = []
            if line:
                self._note(line)
            elif self._data:
                yield self._whole()
        self._begun.append(rest)

    def _whole(self) -> Frame:
        try:
            frame = Frame(self._name, self._id, json.loads(b"\n".join(self._data)))
        except ValueError:
            raise OutsideError(f"event {self._id} of the stream is no JSON: is this an onbeat daemon?") from None
        self._name, self._data = "message", []
        return frame

    def _note(self, line: bytes) -> None:
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"event":
            self._name = value.decode("utf-8", "replace")
        elif field == b"id":
            self._id = value.decode("utf-8", "replace")
        elif field == b"data":
            self._data.append(value)
