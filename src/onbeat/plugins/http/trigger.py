"""Ask a web service again and again, and start when its answer is what was waited for.

Time is cut into slots of `interval`, the same ones after a restart. A slot is the identity of what it starts: asked twice in one, because
the daemon crashed between the answer and its start, it starts once.

Rules
1. A slot starts at most one event, which remembers its slot in the transaction that starts it.
2. An answer that is no answer (no connection, a failing status, a condition that cannot be evaluated) is trouble that people see, and the
   next slot asks again.
3. Slots that passed while an answer was slow, or the daemon down, are not made up for.
4. Triggers with the same interval do not all ask at the same instant.

Called by: the engine's services, through the registry.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, ClassVar, Literal
from zlib import crc32

from pydantic import Field

from onbeat.core.durations import Duration
from onbeat.core.event import Event, Json, Micros
from onbeat.core.expressions import NeedsOutside, compile_value, make_scope, truthy
from onbeat.core.times import iso
from onbeat.errors import OnbeatError, Overloaded
from onbeat.plugins.http.address import Egress
from onbeat.plugins.http.call import Call, Caller, head
from onbeat.ports import Listener, Position, Received, SourceContext, SourceOptions, TaskFailed
from onbeat.ports.waiting import first, until_changed

_MICRO = timedelta(microseconds=1)
_PART = "slot"


class Trigger(Call, SourceOptions):
    """Sends a request every `interval` and starts when `responseCondition` holds: `trigger.code`, `trigger.headers`, `trigger.body` and
    `trigger.uri` are those of the response, as of `core.http.Request`.

    A failing status starts nothing, unless `options.allowFailed` leaves it to the condition. As long as the condition holds each
    interval starts an execution; `stopAfter` ends that.

    Example:

    ```yaml
    triggers:
      - id: cheap
        type: core.http.Trigger
        uri: https://shop.example.com/products/1
        interval: PT30S
        responseCondition: "{{ json(response.body).price <= 110 }}"
        stopAfter: [SUCCESS]
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.http.Trigger",)
    verbatim: ClassVar[frozenset[str]] = frozenset({"responseCondition"})

    interval: Duration = Field(timedelta(minutes=1), ge=timedelta(milliseconds=1))
    """Time between requests."""
    response_condition: Any = Field("{{ response.statusCode < 400 }}", alias="responseCondition")
    """What must hold of the answer; it sees `response.statusCode`, `response.headers` and `response.body`."""
    encrypt_body: Literal[False] = Field(False, alias="encryptBody")
    """Not available, as for `core.http.Request`."""

    async def run(self, context: SourceContext, triggers: Callable[[], Sequence[Listener]]) -> None:
        """Ask until cancelled."""
        done = (await context.store.positions(context.name)).get(_PART)
        context.ready()
        while True:
            seen = list(triggers())
            sleeps: list[float] = []
            for one in seen:
                options: Trigger = one.options
                slot, wait = options.slot(one.trigger, context.clock.now())
                if iso(slot) != done and not one.disabled:
                    done = iso(slot)
                    await options._ask(context, one.trigger, slot)
                    _, wait = options.slot(one.trigger, context.clock.now())
                sleeps.append(wait)
            await first(until_changed(context, triggers, seen), *map(context.clock.sleep, sleeps))

    def slot(self, trigger: str, now: Micros) -> tuple[Micros, float]:
        """When the present slot began, and seconds until the next one begins."""
        size = self.interval // _MICRO
        gone = (now - crc32(trigger.encode())) % size
        return now - gone, (size - gone) / 1_000_000

    async def _ask(self, context: SourceContext, trigger: str, slot: Micros) -> None:
        try:
            received = await self._poll(context, trigger, slot)
        except TaskFailed as failed:
            return context.report(str(failed))
        except OnbeatError as trouble:
            return context.report(str(trouble))
        except NeedsOutside as outside:
            return context.report(f"`responseCondition`: the function `{outside.name}` is not available in a trigger")
        context.report(None)
        while received is not None:
            try:
                await context.emit([received], positions=[Position(context.name, _PART, iso(slot))])
                return None
            except Overloaded as full:
                context.report(f"an answer waits: {full}")
                await context.wait_room()
                context.report(None)

    async def _poll(self, context: SourceContext, trigger: str, slot: Micros) -> Received | None:
        """What the answer starts. Raises OutsideError, UserError, TaskFailed."""
        async with self.answered(Caller(lambda level, message: context.log.info(message), egress=Egress(context.settings))) as response:
            variables = head(response)
            if not self.allows(response.status):
                raise TaskFailed(f"{self.refusal(variables)}; with `options.allowFailed: true` the condition decides")
            body = await self.read(response)
        try:
            variables["body"] = self.text(body, response)
        except TaskFailed as unread:
            return Received(raw=body, reason=str(unread), key=iso(slot))
        if not self._holds(variables):
            return None
        event = Event(
            id=iso(slot),
            source="onbeat/http",
            type="io.onbeat.http",
            subject=trigger,
            time=context.clock.now(),
            key=iso(slot),
            data=variables["body"],
            variables=variables,
        )
        return Received(event=event, key=event.key)

    def _holds(self, variables: dict[str, Json]) -> bool:
        response = {"statusCode": variables["code"], "headers": variables["headers"], "body": variables["body"]}
        return truthy(compile_value(self.response_condition).render(make_scope({"response": response})))
