"""Read a stream of server-sent events to its end."""

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, ClassVar

from pydantic import Field

from onbeat.core.event import Json
from onbeat.core.expressions import ExpressionError, to_text
from onbeat.core.values import normalise
from onbeat.errors import UserError
from onbeat.plugins.http.call import PIECE, Call, Caller, Response, head, shown
from onbeat.plugins.http.options import MEGABYTE
from onbeat.ports import Metric, Outcome, TaskContext, TaskFailed, TaskOptions

STREAM = "text/event-stream"
_LINE_END = re.compile(r"\r\n|\n|\r(?!\Z)")


class SseRequest(Call, TaskOptions):
    """Reads server-sent events until the stream ends, or `maxEvents` have come. Outputs: `events`, a list of `{id, name, data, comment}`
    whose `data` is read as JSON where it is JSON; `size`, how many; `uri`; and `result` with `concatJqExpression`.

    All events together are held to `options.maxContentLength`. A stream that never ends needs `maxEvents` or a `timeout`.

    Example:

    ```yaml
    tasks:
      - id: answer
        type: core.http.SseRequest
        uri: https://models.example.com/chat
        method: POST
        body:
          question: "{{ trigger.data.question }}"
        concatJqExpression: .data.text
        timeout: PT2M
      - id: use
        type: core.log.Log
        message: "{{ outputs.answer.result }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.http.SseRequest",)

    max_events: int | None = Field(None, alias="maxEvents", ge=1)
    """How many events are read at most."""
    concat: str | None = Field(None, alias="concatJqExpression", min_length=1)
    """A jq program that takes a text out of each event; `result` is all of them in a row, `events` is null then."""
    fail_on_missing: bool = Field(True, alias="failedOnMissingJq")
    """Whether an event of which the program gives nothing is a failure; otherwise it is left out."""

    async def run(self, context: TaskContext) -> Outcome:
        """Read the stream."""
        asking = self.model_copy(update={"headers": {"Accept": STREAM, "Cache-Control": "no-store", **self.headers}})
        async with asking.answered(Caller.of(context)) as response:
            outputs = head(response)
            if not self.allows(response.status):
                raise TaskFailed(self.refusal(outputs), outputs)
            if response.content_type != STREAM:
                raise TaskFailed(
                    f"the response of {outputs['uri']} is {response.content_type}, not a stream of events", outputs, retry=False
                )
            events = await self._events(response)
        size = len(events)
        result = None if self.concat is None else "".join([await self._text(context, event, self.concat) for event in events])
        given = {"uri": outputs["uri"], "events": events if self.concat is None else None, "size": size, "result": result}
        return Outcome(outputs=given, metrics=(Metric(type="counter", name="size", value=float(size)),))

    async def _events(self, response: Response) -> list[Json]:
        stream, found, size = EventStream(), list[Json](), 0
        async for piece in response.content.iter_chunked(PIECE):
            size += len(piece)
            if size > self.options.max_content_length:
                most = f"{self.options.max_content_length / MEGABYTE:g} MB"
                raise TaskFailed(f"the events of {shown(response.url)} are larger than {most} (`options.maxContentLength`)", retry=False)
            for event in stream.feed(piece):
                found.append(event)
                if len(found) == self.max_events:
                    return found
        return found

    async def _text(self, context: TaskContext, event: Json, program: str) -> str:
        """What the program takes out of an event."""
        try:
            found = await context.render("{{ event | jq(program) }}", {"event": event, "program": program})
        except ExpressionError as wrong:
            raise TaskFailed(f"`concatJqExpression`: {wrong}", retry=False) from None
        texts = [to_text(value) for value in found if isinstance(value, str | int | float)]
        if len(texts) == len(found) and texts:
            return "".join(texts)
        if self.fail_on_missing:
            raise TaskFailed("`concatJqExpression` gives no text for an event (`failedOnMissingJq`)", retry=False)
        return ""


class EventStream:
    """Cuts a stream of bytes into events, as browsers do."""

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8-sig")("replace").decode
        self._rest = ""
        self._last_id: str | None = None
        self._clear()

    def feed(self, piece: bytes) -> Iterator[Json]:
        """The events that are whole now. What a stream ends with before it is whole is no event."""
        *lines, self._rest = _LINE_END.split(self._rest + self._decode(piece))
        for line in lines:
            if line:
                self._field(line)
            elif self._data or self._comment:
                if self._data:
                    yield self._event()
                self._clear()

    def _clear(self) -> None:
        self._data: list[str] = []
        self._name: str | None = None
        self._comment: str | None = None

    def _field(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match name:
            case "data":
                self._data.append(value)
            case "event":
                self._name = value or None
            case "id" if "\0" not in value:
                self._last_id = value
            case "":
                self._comment = value
            case _:
                pass

    def _event(self) -> dict[str, Json]:
        return {"id": self._last_id, "name": self._name, "data": _read("\n".join(self._data)), "comment": self._comment}


def _read(text: str) -> Any:
    """JSON as its value, anything else as text."""
    try:
        return normalise(json.loads(text))
    except (ValueError, RecursionError, UserError):
        return text.replace("\0", "\ufffd")
