"""Hide secrets in every answer: the last place where one could still leave, whatever was forgotten before.

Rules
1. What is text goes through the mask of the daemon's secrets, streams too, also where a secret is in two pieces of one; but for secrets
   that are short enough to be a word of the answer itself, a state or a namespace. JSON stays JSON.
2. Files are given as they are: they are what somebody wrote into them. So are those of the web UI, which know nothing.
3. Where there are no secrets an answer is passed on as it is.

Called by: app.
"""

import codecs
from collections.abc import Callable
from typing import Any

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from onbeat.engine.masking import Mask

_KNOW_NOTHING = ("/ui", "/assets/")
_TEXTS = (b"application/json", b"application/problem+json", b"text/")


class MaskedAnswers:
    """The application with its answers masked. mask: as it is now."""

    def __init__(self, app: ASGIApp, mask: Callable[[], Mask]) -> None:
        self._app = app
        self._mask = mask

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        mask = self._mask() if scope["type"] == "http" and not scope["path"].startswith(_KNOW_NOTHING) else None
        await self._app(scope, receive, _Masked(send, mask).send if mask else send)


class _Masked:
    """One answer on its way."""

    def __init__(self, send: Send, mask: Mask) -> None:
        self._send = send
        self._mask = mask
        self._start: Message | None = None
        self._decode: Any = None
        self._rest = ""

    async def send(self, message: Message) -> None:
        """Pass on a message of the application."""
        if message["type"] == "http.response.start" and _is_text(message):
            self._start, self._decode = message, codecs.getincrementaldecoder("utf-8")("replace").decode
            return
        if message["type"] != "http.response.body" or self._decode is None:
            await self._send(message)
            return
        body, more = message.get("body", b""), message.get("more_body", False)
        if self._start is not None and not more:
            shown = self._whole(body)
            await self._send(self._start if shown is body else _of_length(self._start, len(shown)))
            self._start = None
            await self._send({**message, "body": shown})
            return
        if self._start is not None:
            await self._send(_of_length(self._start, None))
            self._start = None
        await self._send({**message, "body": self._piece(body, more)})

    def _whole(self, body: bytes) -> bytes:
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return body
        shown = self._mask.mask(text)
        if shown == text:
            return body
        try:
            return orjson.dumps(self._mask.mask_value(orjson.loads(body)))
        except orjson.JSONDecodeError:
            return shown.encode()

    def _piece(self, body: bytes, more: bool) -> bytes:
        """What of a stream can be shown now: the end of a piece waits when it may be the beginning of a secret."""
        text = self._rest + self._decode(body, not more)
        keep = len(text) - (self._mask.tail(text, 1) if more else 0)
        for start, end in self._mask.spans(text):
            if start < keep < end:
                keep = start
        self._rest = text[keep:]
        return self._mask.mask(text[:keep]).encode()


def _is_text(start: Message) -> bool:
    kinds = [value for name, value in start["headers"] if name.lower() == b"content-type"]
    return bool(kinds) and kinds[0].startswith(_TEXTS)


def _of_length(start: Message, length: int | None) -> Message:
    headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
    return {**start, "headers": headers if length is None else [*headers, (b"content-length", str(length).encode())]}
