"""Fire schedules, each instant once.

The scheduled instant is a run's identity, not the moment of firing: so a restart, a late wake-up or a clock that is set back never
runs it twice, and what was missed follows a policy that is written down.

Rules
1. One sleeper serves all schedules. It sleeps until the next one is due, at most 30 seconds at a time: clocks are set, machines sleep.
2. Nothing fires before it is due, nor twice; the position moves in the transaction that starts the flow.
3. A new schedule begins now, and so does one whose times were edited.
4. A disabled schedule lets its times pass; its backfill waits.
5. While an execution of a trigger runs, the trigger's times are missed, after a restart too, unless it says `allowConcurrent`.
6. Missed times run by `recoverMissedSchedules`, at most 1,000 of them; what is skipped is reported once, with the number.
7. A clock that comes back from more than a day in the future does not silence a schedule: it begins again from now, and says so.
8. A backfill runs beside the times as they come, by the same rules; how far it is goes with each run into one transaction. Past a quota
   it waits, and the times as they come do not.

Called by: trigger.py.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import Any, Protocol, cast

import msgspec

from onbeat.core.backfill import PROGRESS, Backfill, Progress, following, progress_of
from onbeat.core.event import Event, Micros
from onbeat.core.matching import SCHEDULED
from onbeat.core.schedule import load_zone
from onbeat.core.times import from_datetime, from_iso, iso, to_datetime
from onbeat.core.timetable import Policy, Timetable, due
from onbeat.errors import Overloaded, QuotaReached
from onbeat.ports import LedgerRow, Listener, Position, Received, SourceContext, Started, Work
from onbeat.ports.waiting import first, until_changed

BATCH = 500
SLICE = 30.0
_DAY: Micros = 24 * 3600 * 1_000_000
_FAR = timedelta(days=3660)
_TRIED = 1_000
"""How many neighbours are asked whether the conditions hold there."""


class Timed(Protocol):
    """A schedule's settings."""

    @property
    def table(self) -> Timetable: ...
    @property
    def timezone(self) -> str: ...
    @property
    def signature(self) -> str: ...
    @property
    def recover(self) -> Policy | None: ...
    @property
    def late_maximum(self) -> timedelta | None: ...
    @property
    def allow_concurrent(self) -> bool: ...


async def serve(context: SourceContext, triggers: Callable[[], Sequence[Listener]]) -> None:
    """Fire until cancelled."""
    agenda = _Agenda(context, await context.store.positions(context.name))
    seen = list(triggers())
    await agenda.meet(seen)
    context.ready()
    while True:
        if not await agenda.fire(seen):
            waits = [agenda.until_free(place) for place in agenda.busy(seen)]
            await first(context.clock.sleep(agenda.pause(seen)), until_changed(context, triggers, seen), *waits)
        if seen != list(triggers()):
            seen = list(triggers())
            await agenda.meet(seen)


@dataclass(slots=True)
class _Place:
    """Where a schedule stands: everything up to `last` has been evaluated, `next` is the first instant after it.

    fired: the last instant that started something. running: executions of it that are not known to have ended; None: not asked yet.
    """

    trigger: str
    options: Timed
    last: Micros
    fired: Micros | None = None
    running: list[str] | None = None
    conditional: bool = False
    backfill: Backfill | None = None
    progress: Progress | None = None
    next: Micros | None = field(init=False)

    def __post_init__(self) -> None:
        self.move(self.last)

    def move(self, last: Micros, fired: Micros | None = None) -> None:
        """Everything up to `last` has been evaluated."""
        self.last = last
        self.fired = self.fired if fired is None else fired
        ahead = next(self.options.table.after(to_datetime(last)), None)
        self.next = None if ahead is None else from_datetime(ahead)

    @property
    def filling(self) -> bool:
        """Whether its backfill has something to run."""
        return self.backfill is not None and not self.backfill.paused and (self.progress is None or not self.progress.done)


@dataclass(frozen=True, slots=True)
class _Firing:
    """One start of one trigger."""

    instant: datetime
    place: _Place
    last: bool
    """Whether no other instant of the trigger is due now."""


class _Agenda:
    """The schedules, and how far each has come."""

    def __init__(self, context: SourceContext, stored: Mapping[str, str]) -> None:
        self.context = context
        self.places: dict[str, _Place] = {}
        self.skipped: dict[str, str] = {}
        self.stored = dict(stored)
        self.recover = cast(Policy, context.settings.get("recover_missed_schedules", "ALL"))

    async def meet(self, listeners: Sequence[Listener]) -> None:
        """Give each schedule that is new or was edited its place, durably, and see to the backfills."""
        now = self.context.clock.now()
        begin = []
        for one in listeners:
            place = self.places.get(one.trigger)
            if place is None:
                last, fired, signature = _read(self.stored.pop(one.trigger, ""))
                known = last is not None and signature == one.options.signature
                place = self.places[one.trigger] = _Place(one.trigger, one.options, last if last is not None and known else now, fired)
            else:
                known = place.options.signature == one.options.signature
                place.options = one.options
            place.conditional = one.conditional
            if not known:
                place.move(now)
                begin.append(self._position(place, now))
        if begin:
            await self.context.store.write(Work(positions=tuple(begin)))
        await self._meet_backfills(listeners)

    async def _meet_backfills(self, listeners: Sequence[Listener]) -> None:
        for one in listeners:
            place = self.places[one.trigger]
            if one.backfill is not None and (place.progress is None or place.progress.id != one.backfill.id):
                rows = await self.context.store.ledger(PROGRESS, [one.trigger])
                place.progress = progress_of(rows, one.trigger, one.backfill)
            place.backfill = one.backfill

    def pause(self, listeners: Sequence[Listener]) -> float:
        """Seconds to sleep: until the next instant of those that are free to fire."""
        now = self.context.clock.now()
        places = (self.places[one.trigger] for one in listeners)
        ahead = [place.next for place in places if place.next is not None and not (place.running and place.next <= now)]
        return min([SLICE, *(max(0.001, (instant - now) / 1e6) for instant in ahead)])

    # ---- one at a time -----------------------------------------------------------------------------------------

    def busy(self, listeners: Sequence[Listener]) -> list[_Place]:
        """The schedules that wait for an execution to end, and have something to start then."""
        now = self.context.clock.now()
        places = [self.places[one.trigger] for one in listeners if not one.disabled]
        return [place for place in places if place.running and (place.filling or (place.next is not None and place.next <= now))]

    async def until_free(self, place: _Place) -> None:
        """Returns when the executions of a schedule have ended."""
        while place.running:
            await self.context.wait_ended(place.running[-1])
            place.running.pop()

    async def _free(self, place: _Place) -> bool:
        """Whether it may start something now; after a restart that is asked by what it started last."""
        if place.options.allow_concurrent:
            return True
        if place.running is None:
            place.running = []
            if place.fired is not None:
                place.running += await self.context.running(self._receive(place, to_datetime(place.fired)))
            if place.backfill is not None and place.progress is not None and place.progress.current is not None:
                place.running += await self.context.running(self._receive(place, to_datetime(place.progress.current), place.backfill))
        return not place.running

    def _occupy(self, place: _Place, started: Started) -> None:
        if not place.options.allow_concurrent:
            place.running = [*(place.running or ()), *started.started]

    # ---- firing ------------------------------------------------------------------------------------------------

    async def fire(self, listeners: Sequence[Listener]) -> bool:
        """Start what is due, oldest first, then a part of each backfill; whether there is more to start right now."""
        now = self.context.clock.now()
        await self._return_from_future(listeners, now)
        ready = [one for one in listeners if (self.places[one.trigger].next or now + 1) <= now]
        passed = [self.places[one.trigger] for one in ready if one.disabled]
        firings: list[_Firing] = []
        for one in ready:
            place = self.places[one.trigger]
            if not one.disabled and await self._free(place):
                instants = self._due(place, now)
                firings += [_Firing(instant, place, instant == instants[-1]) for instant in instants]
                if not instants:
                    passed.append(place)
        if ready:
            self.context.report("; ".join(self.skipped.values()) or None)
        if passed:
            await self.context.store.write(Work(positions=tuple(self._position(place, now) for place in passed)))
            for place in passed:
                place.move(now)
        await self._fire(sorted(firings, key=lambda each: (each.instant, each.place.trigger)), now)
        return await self._fill([self.places[one.trigger] for one in listeners if not one.disabled])

    async def _fire(self, firings: list[_Firing], now: Micros) -> None:
        """In batches; of a schedule that runs one at a time each batch has one, and the rest only when that started nothing."""
        while firings:
            batch, later = _cut(firings)
            furthest = {each.place.trigger: each for each in batch}.values()
            moves = [(each.place, now if each.last else from_datetime(each.instant), from_datetime(each.instant)) for each in furthest]
            received = [self._receive(each.place, each.instant) for each in batch]
            for each, result in zip(batch, await self._emit(received, [self._position(*move) for move in moves]), strict=True):
                self._occupy(each.place, result)
            for place, last, fired in moves:
                place.move(last, fired)
            firings = [each for each in later if each.place.options.allow_concurrent or not each.place.running]

    async def _fill(self, places: Sequence[_Place]) -> bool:
        """Let each backfill start its next runs; whether there are more to start at once."""
        more = False
        for place in places:
            if not place.filling or not await self._free(place):
                continue
            backfill, progress = place.backfill, place.progress
            assert backfill is not None
            assert progress is not None
            limit = BATCH if place.options.allow_concurrent else 1
            instants, last = following(backfill, progress, place.options.table, limit)
            current = from_datetime(instants[-1]) if instants else progress.current
            progress = Progress(id=backfill.id, current=current, runs=progress.runs + len(instants), done=last)
            row = LedgerRow(PROGRESS, place.trigger, msgspec.json.encode(progress).decode())
            received = [self._receive(place, instant, backfill) for instant in instants]
            try:
                results = await self.context.emit(received, ledger=[row])
            except QuotaReached as full:  # the others go on; it is tried again at the next look
                self.context.log.warning("a backfill waits", trigger=place.trigger, problem=str(full))
                continue
            except Overloaded as error:
                await self._until_room(received, error)
                return True  # it may have been paused or deleted meanwhile
            for result in results:
                self._occupy(place, result)
            place.progress = progress
            more = more or (not last and not place.running)
        return more

    def _due(self, place: _Place, now: Micros) -> tuple[datetime, ...]:
        options = place.options
        policy = options.recover or self.recover
        found = due(options.table, to_datetime(place.last), to_datetime(now), policy, options.late_maximum)
        if found.missed:
            sentence = f"{place.trigger} skipped {found.missed} scheduled times between {iso(place.last)} and {iso(now)}"
            self.context.log.warning(sentence, recoverMissedSchedules=policy, lateMaximumDelay=str(options.late_maximum))
            self.skipped[place.trigger] = sentence
        elif place.trigger in self.skipped:
            del self.skipped[place.trigger]
        return found.instants

    async def _return_from_future(self, listeners: Sequence[Listener], now: Micros) -> None:
        ahead = [place for one in listeners if (place := self.places[one.trigger]).last > now + _DAY]
        if ahead:
            names = ", ".join(sorted(place.trigger for place in ahead))
            self.context.report(f"the clock went back to {iso(now)}; {names} begin again from there")
            await self.context.store.write(Work(positions=tuple(self._position(place, now) for place in ahead)))
            for place in ahead:
                place.move(now)

    def _receive(self, place: _Place, instant: datetime, backfill: Backfill | None = None) -> Received:
        plain = self._plain(place, instant)
        if not place.conditional or not self.context.would_start(self._received(place, instant, plain)):
            return self._received(place, instant, plain, backfill)  # what starts nothing shows its neighbours to nobody
        return self._received(place, instant, {name: self._neighbour(place, instant, name) for name in plain}, backfill)

    def _received(
        self, place: _Place, instant: datetime, neighbours: Mapping[str, datetime | None], backfill: Backfill | None = None
    ) -> Received:
        at, zone = from_datetime(instant), place.options.timezone
        event = Event(
            id=iso(at),
            source="onbeat/schedule",
            type=SCHEDULED,
            subject=place.trigger,
            time=at,
            key=iso(at) if backfill is None else backfill.key(instant),
            variables={name: _local(moment, zone) for name, moment in (("date", instant), *neighbours.items())},
        )
        more: dict[str, Any] = {} if backfill is None else {"inputs": backfill.inputs, "labels": backfill.labels, "patient": True}
        return Received(event=event, key=event.key, triggers=frozenset({place.trigger}), **more)

    def _neighbour(self, place: _Place, instant: datetime, side: str) -> datetime | None:
        """The next or previous instant; the first one there at which the trigger's conditions hold."""
        table = place.options.table
        near: Iterator[datetime] = table.after(instant) if side == "next" else table.before(instant)
        near = islice(takewhile(lambda other: abs(other - instant) < _FAR, near), _TRIED)
        return next((other for other in near if self.context.would_start(self._received(place, other, self._plain(place, other)))), None)

    def _plain(self, place: _Place, instant: datetime) -> dict[str, datetime | None]:
        table = place.options.table
        return {"next": next(table.after(instant), None), "previous": next(table.before(instant), None)}

    async def _emit(self, received: Sequence[Received], positions: Sequence[Position]) -> tuple[Started, ...]:
        while True:
            try:
                return await self.context.emit(received, positions=positions)
            except Overloaded as error:
                await self._until_room(received, error)

    async def _until_room(self, received: Sequence[Received], why: Overloaded) -> None:
        self.context.report(f"{len(received)} scheduled runs wait: {why}")
        await self.context.wait_room()
        self.context.report(None)

    def _position(self, place: _Place, last: Micros, fired: Micros | None = None) -> Position:
        fired = place.fired if fired is None else fired
        instants = iso(last) if fired is None else f"{iso(last)}~{iso(fired)}"
        return Position(self.context.name, place.trigger, f"{instants} {place.options.signature}")


def _read(value: str) -> tuple[Micros | None, Micros | None, str]:
    """The last and the fired instant of a position, and of which schedule they are."""
    instants, _, signature = value.partition(" ")
    last, _, fired = instants.partition("~")
    return from_iso(last) if last else None, from_iso(fired) if fired else None, signature


def _cut(firings: Sequence[_Firing]) -> tuple[list[_Firing], list[_Firing]]:
    """The next batch, and what is left."""
    batch: list[_Firing] = []
    later: list[_Firing] = []
    alone: set[str] = set()
    for each in firings:
        if len(batch) == BATCH or each.place.trigger in alone:
            later.append(each)
            continue
        batch.append(each)
        if not each.place.options.allow_concurrent:
            alone.add(each.place.trigger)
    return batch, later


def _local(instant: datetime | None, zone: str) -> str | None:
    """ISO 8601 with the zone's offset at that instant, as Kestra writes it."""
    return None if instant is None else instant.astimezone(load_zone(zone)).isoformat().replace("+00:00", "Z")
