# Made from onbeat/client/aio/connection.py by `python -m tests.client.test_sync`: edit that one.
"""Ask a daemon and wait for what it says: once, again where that is safe, or for as long as a stream goes on.

Rules
1. A daemon that is not there is an error whose sentence names the command that starts it.
2. What did not get through is sent again where it may be, as often as `tries` says.
3. A lost stream goes on after the last event that came; nothing is given twice, nothing is left out.

Called by: the calls of the client.
"""

from collections.abc import Callable, Generator, Mapping
from typing import Any

from onbeat.client.frames import Frame, FrameReader
from onbeat.client.place import Place
from onbeat.client.sync.wire import Streamed, Wire
from onbeat.client.wire import (
    API,
    Lost,
    Reply,
    Request,
    authorization,
    check_kind,
    content_of,
    pause_after,
    pause_of_stream,
    refuse,
    request,
    unreachable,
)


class Connection:
    """What all calls go through. on_lost: is told when a stream broke and is asked for again."""

    def __init__(self, place: Place, patience: float, tries: int, on_lost: Callable[[str], None]) -> None:
        self.place = place
        self.wire = Wire(place.url, authorization(place.token), patience)
        self.tries = tries
        self.on_lost = on_lost

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """What the API says at a path below /api/v1/main."""
        return self.call("GET", API + path, query=query)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str | None] | None = None,
        again: bool | None = None,
    ) -> Any:
        """The answer as plain data. Raises OnbeatError: which one says who must act."""
        asked = request(method, path, body, query=query, headers=headers, again=again)
        return content_of(self._reply(asked), asked)

    def fetch(self, path: str, query: Mapping[str, Any] | None = None) -> bytes:
        """The answer as it is. Raises OnbeatError."""
        asked = request("GET", path, query=query)
        reply = self._reply(asked)
        refuse(reply, asked)
        return reply.body

    def _reply(self, asked: Request) -> Reply:
        tried = 1
        while True:
            outcome: Reply | Lost
            try:
                outcome = self.wire.send(asked)
            except Lost as lost:
                outcome = lost
            pause = pause_after(outcome, asked, tried) if tried < self.tries else None
            if pause is None:
                break
            self.wire.pause(pause)
            tried += 1
        if isinstance(outcome, Lost):
            raise unreachable(self.place.url, outcome)
        return outcome

    def stream(
        self,
        path: str,
        query: Mapping[str, Any] | None = None,
        on_lost: Callable[[str], None] | None = None,
        until: float | None = None,
    ) -> Generator[Frame, None, None]:
        """Server-sent events until the daemon ends the stream for good. until: the moment of the monotonic clock at which waiting ends.

        Raises OnbeatError when it is refused, or was never there; TimeoutError.
        """
        last, tried, began = "", 1, False
        while True:
            asked = request("GET", path, query=query, headers={"Last-Event-ID": last or None})
            try:
                with self.wire.open(asked, until) as answer:
                    if answer.status == 200:
                        check_kind(answer.kind, asked)
                        began = True
                        reader = FrameReader()
                        for piece in answer.pieces():
                            for frame in reader.take(piece):
                                tried, last = 0, frame.id or last
                                yield frame
                                if frame.name == "end":
                                    return
                    else:
                        self._refuse(answer, asked, may_pass=began or tried < self.tries)
            except Lost as lost:
                if not began and tried >= self.tries:
                    raise unreachable(self.place.url, lost) from None
            if tried == 0:
                (on_lost or self.on_lost)(f"the stream from {self.place.url} ended; going on when it is back (Ctrl-C: stop)")
            self.wire.pause(pause_of_stream(tried), until)
            tried += 1

    def _refuse(self, answer: Streamed, asked: Request, may_pass: bool) -> None:
        """Raises what an answer that is no stream means, unless it may be another soon."""
        reply = answer.reply()
        if reply.status < 500 or not may_pass:
            refuse(reply, asked)
