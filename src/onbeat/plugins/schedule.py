"""Start flows at the times a cron expression names.

The scheduled instant is a run's identity, not the moment of firing: so a restart, a late wake-up or a clock that is set back never
runs it twice, and what was missed follows a policy that is written down.

Rules
1. One sleeper serves all schedules. It sleeps until the next one is due, at most 30 seconds at a time: clocks are set, machines sleep.
2. Nothing fires before it is due, nor twice; the position moves in the transaction that starts the flow.
3. A new schedule begins now, and so does one whose expression or zone was edited.
4. A disabled schedule lets its times pass.
5. Missed times run by `recoverMissedSchedules`, at most 1,000 of them; what is skipped is reported once, with the number.
6. A clock that comes back from more than a day in the future does not silence a schedule: it begins again from now, and says so.

Called by: the engine's services, through the registry.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from onbeat.core.durations import Duration
from onbeat.core.event import Event, Micros
from onbeat.core.schedule import Cron, due, load_zone, next_fire, parse_cron, previous_fire
from onbeat.core.times import from_datetime, from_iso, iso, to_datetime
from onbeat.errors import Overloaded, UserError
from onbeat.ports import Listener, Position, Received, SourceContext, SourceOptions, Work
from onbeat.ports.waiting import first, until_changed

BATCH = 500
SLICE = 30.0
_DAY: Micros = 24 * 3600 * 1_000_000


class Schedule(SourceOptions):
    """Starts at the times of a cron expression: five fields (`minute hour day-of-month month day-of-week`), six with `withSeconds`
    (seconds first), or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`.

    `trigger.date`, `trigger.next` and `trigger.previous` are the scheduled times, with the zone's offset. Where clocks go forward, a
    time that does not exist runs at the first one that does; where they go back, it runs once, at the first.

    Example:

    ```yaml
    triggers:
      - id: every_morning
        type: core.trigger.Schedule
        cron: 30 7 * * MON-FRI
        timezone: Europe/Berlin
        recoverMissedSchedules: LAST
        inputs:
          day: "{{ trigger.date | date('yyyy-MM-dd') }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.trigger.Schedule",)
    listens_disabled: ClassVar[bool] = True

    cron: str
    with_seconds: bool = Field(False, alias="withSeconds")
    timezone: str = "UTC"
    late_maximum: Duration | None = Field(None, alias="lateMaximumDelay")
    """A time that is missed by more than this is skipped."""
    recover: Literal["ALL", "LAST", "NONE"] = Field("ALL", alias="recoverMissedSchedules")
    """Which of the times run that were missed while the daemon was down."""
    allow_concurrent: bool = Field(False, alias="allowConcurrent")
    """Taken for Kestra's sake: `concurrency` on the flow says how many run at once."""

    @model_validator(mode="after")
    def _fires(self) -> "Schedule":
        try:
            load_zone(self.timezone)
            parse_cron(self.cron, self.with_seconds)
        except UserError as error:
            raise ValueError(str(error)) from None
        return self

    @cached_property
    def parsed(self) -> Cron:
        """The expression, parsed once."""
        return parse_cron(self.cron, self.with_seconds)

    @property
    def signature(self) -> str:
        """What makes it another schedule when it is edited."""
        return f"{self.timezone} {self.parsed.expression}"

    def subscription(self, trigger: str, settings: Mapping[str, Any]) -> str:
        """All schedules share one sleeper."""
        return type(self).names[0]

    async def run(self, context: SourceContext, triggers: Callable[[], Sequence[Listener]]) -> None:
        """Fire until cancelled."""
        agenda = _Agenda(context, await context.store.positions(context.name))
        seen = list(triggers())
        await agenda.meet(seen)
        context.ready()
        while True:
            await agenda.fire(seen)
            await first(context.clock.sleep(agenda.pause(seen)), until_changed(context, triggers, seen))
            if seen != list(triggers()):
                seen = list(triggers())
                await agenda.meet(seen)


@dataclass(slots=True)
class _Place:
    """Where a schedule stands: everything up to `last` has been evaluated, `next` is the first instant after it."""

    options: Schedule
    last: Micros
    next: Micros = field(init=False)

    def __post_init__(self) -> None:
        self.move(self.last)

    def move(self, last: Micros) -> None:
        self.last = last
        self.next = from_datetime(next_fire(self.options.parsed, self.options.timezone, to_datetime(last)))


class _Agenda:
    """The schedules, and how far each has come."""

    def __init__(self, context: SourceContext, stored: Mapping[str, str]) -> None:
        self.context = context
        self.places: dict[str, _Place] = {}
        self.skipped: dict[str, str] = {}
        self.stored = {trigger: value.partition(" ") for trigger, value in stored.items()}

    async def meet(self, listeners: Sequence[Listener]) -> None:
        """Give each schedule that is new or was edited its place, durably."""
        now = self.context.clock.now()
        positions = []
        for one in listeners:
            place = self.places.get(one.trigger)
            if place is not None and place.options.signature == one.options.signature:
                place.options = one.options
                continue
            last, _, signature = self.stored.pop(one.trigger, ("", "", ""))
            if place is None and signature == one.options.signature:
                self.places[one.trigger] = _Place(one.options, from_iso(last))
            else:
                self.places[one.trigger] = _Place(one.options, now)
                positions.append(self._position(one.trigger, now))
        if positions:
            await self.context.store.write(Work(positions=tuple(positions)))

    def pause(self, listeners: Sequence[Listener]) -> float:
        """Seconds to sleep."""
        now = self.context.clock.now()
        return min([SLICE, *(max(0.001, (self.places[one.trigger].next - now) / 1e6) for one in listeners)])

    async def fire(self, listeners: Sequence[Listener]) -> None:
        """Start what is due, oldest first, and remember it with each batch."""
        now = self.context.clock.now()
        await self._return_from_future(listeners, now)
        ready = [one for one in listeners if self.places[one.trigger].next <= now]
        moves = {one.trigger: now for one in ready if one.disabled}
        firings: list[tuple[datetime, str]] = []
        for one in ready:
            if one.disabled:
                continue
            instants = self._due(one.trigger, now)
            firings += [(instant, one.trigger) for instant in instants]
            if not instants:
                moves[one.trigger] = now
        if ready:
            self.context.report("; ".join(self.skipped.values()) or None)
        if moves:
            await self.context.store.write(Work(positions=tuple(self._position(*move) for move in moves.items())))
        firings.sort()
        for start in range(0, len(firings), BATCH):
            batch = firings[start : start + BATCH]
            later = {trigger for _, trigger in firings[start + BATCH :]}
            reached = {trigger: from_datetime(instant) if trigger in later else now for instant, trigger in batch}
            await self._emit([self._receive(*firing) for firing in batch], [self._position(*move) for move in reached.items()])
            moves |= reached
        for trigger, last in moves.items():
            self.places[trigger].move(last)

    def _due(self, trigger: str, now: Micros) -> tuple[datetime, ...]:
        place = self.places[trigger]
        options = place.options
        last, until = to_datetime(place.last), to_datetime(now)
        found = due(options.parsed, options.timezone, last, until, options.recover, options.late_maximum)
        if found.missed:
            sentence = f"{trigger} skipped {found.missed} scheduled times between {iso(place.last)} and {iso(now)}"
            self.context.log.warning(sentence, recoverMissedSchedules=options.recover, lateMaximumDelay=str(options.late_maximum))
            self.skipped[trigger] = sentence
        elif trigger in self.skipped:
            del self.skipped[trigger]
        return found.instants

    async def _return_from_future(self, listeners: Sequence[Listener], now: Micros) -> None:
        ahead = [one.trigger for one in listeners if self.places[one.trigger].last > now + _DAY]
        if ahead:
            self.context.report(f"the clock went back to {iso(now)}; {', '.join(sorted(ahead))} begin again from there")
            await self.context.store.write(Work(positions=tuple(self._position(trigger, now) for trigger in ahead)))
            for trigger in ahead:
                self.places[trigger].move(now)

    def _receive(self, instant: datetime, trigger: str) -> Received:
        options = self.places[trigger].options
        at = from_datetime(instant)
        before, after = (find(options.parsed, options.timezone, instant) for find in (previous_fire, next_fire))
        event = Event(
            id=iso(at),
            source="onbeat/schedule",
            type="io.onbeat.schedule",
            subject=trigger,
            time=at,
            key=iso(at),
            variables={
                name: _local(moment, options.timezone) for name, moment in (("date", instant), ("next", after), ("previous", before))
            },
        )
        return Received(event=event, key=event.key, triggers=frozenset({trigger}))

    async def _emit(self, received: Sequence[Received], positions: Sequence[Position]) -> None:
        while True:
            try:
                await self.context.emit(received, positions=positions)
                return
            except Overloaded as error:
                self.context.report(f"{len(received)} scheduled runs wait: {error}")
                await self.context.wait_room()
                self.context.report(None)

    def _position(self, trigger: str, last: Micros) -> Position:
        return Position(self.context.name, trigger, f"{iso(last)} {self.places[trigger].options.signature}")


def _local(instant: datetime, zone: str) -> str:
    """ISO 8601 with the zone's offset at that instant, as Kestra writes it."""
    return instant.astimezone(load_zone(zone)).isoformat().replace("+00:00", "Z")


PROVIDES = (Schedule,)
