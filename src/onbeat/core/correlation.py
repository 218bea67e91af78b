"""Wait for several events: what a group of events comes to, event by event and deadline by deadline.

A trigger that needs more than one event must remember. All it remembers is a Group, a plain value: the shell keeps it in the
transaction of the event that changed it, so a crash finds it as it was, and a deadline that passed meanwhile is simply due.

Rules
1. Time is the events' own: events that are read late count as when they happened.
2. A group that is due is settled before an event that came later than that is looked at.
3. Nothing is kept for ever: each group has an end, but for the mark that a silence was told.
4. What fires says by which events, and has an identity that is the same however often it is worked out.
5. `never` events count only after what they forbid; one that comes when nothing waits does nothing.

Called by: engine/correlator; correlate and upstream make the rules.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from onbeat.core.event import Event, Micros
from onbeat.core.times import iso
from onbeat.core.windows import Length, Window, next_span, span

Kind = Literal["join", "count", "collect", "within", "after", "quiet", "silence"]
"""join: `least` of the terms, and then none of `never` for a window's length. count: so many events within a window. collect: up to so
many, or for a window's length, from the first on. within: the first, then none for a window's length. after: once, a window's length
after the first. quiet: once nothing came for a window's length. silence: nothing came for a window's length after the last."""

_GATHERING: frozenset[Kind] = frozenset({"collect", "after", "quiet"})


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What a trigger waits for. again: what is left of a group that fired: nothing, all of it, or the rest of the window without effect.

    missed: the end of a window that did not fire is told too. keyed: there is a group for each key.
    """

    kind: Kind
    window: Window
    terms: tuple[str, ...] = ()
    least: int = 1
    never: tuple[str, ...] = ()
    count: int = 0
    again: Literal["anew", "keep", "once"] = "anew"
    missed: bool = False
    keyed: bool = False

    @property
    def ahead(self) -> bool:
        """Whether it waits for something from the beginning, before any event."""
        return self.missed or (self.kind == "silence" and not self.keyed)

    @property
    def absence(self) -> bool:
        """Whether it fires because something did not come: then all that came must have been read."""
        return self.missed or bool(self.never) or self.kind == "silence"


class Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """An event of a group. n: its number there. terms: what it is one of."""

    n: int
    at: Micros
    event: Event
    terms: tuple[str, ...] = ()


class Group(msgspec.Struct, frozen=True, omit_defaults=True):
    """The events of one key. start, due: when its window began, and when something is to be done about it. last: the largest number given.

    phase: open, or what it needed is there and nothing may come (waiting), or it fired and takes no more (mute). met: it has fired in
    this window. count: events it stands for.
    """

    key: str
    start: Micros
    due: Micros | None
    phase: Literal["open", "waiting", "mute"] = "open"
    met: bool = False
    last: int = 0
    count: int = 0
    kept: tuple[Kept, ...] = ()


class Fired(msgspec.Struct, frozen=True, kw_only=True):
    """A group is complete, or (missed) its window ended and it was not. by: the event that completed it; None: its deadline."""

    key: str
    start: Micros
    end: Micros
    count: int
    events: tuple[Kept, ...]
    by: str | None = None
    missed: bool = False

    @property
    def identity(self) -> str:
        """What makes it once. Windows that begin at one instant are told apart by what came last: events may be late, or have no clock."""
        if self.by is not None:
            return f"correlated:{self.key}:{self.by}"
        last = f":{self.events[-1].event.key}" if self.events and not self.missed else ""
        return f"window:{self.key}:{iso(self.start)}{last}"


class Arrival(msgspec.Struct, frozen=True):
    """An event that one of the terms is true of. identity: what makes it once."""

    event: Event
    at: Micros
    identity: str
    terms: tuple[str, ...] = ()


Step = tuple[Group | None, tuple[Fired, ...]]
"""A group afterwards, and what fired."""


def begin(rule: Rule, now: Micros, key: str = "") -> Group | None:
    """What is waited for before any event."""
    if not rule.ahead:
        return None
    if isinstance(rule.window, Length):
        return Group(key, now, now + rule.window.length)
    start, end = next_span(rule.window, now)
    return Group(key, start, end)


def due(rule: Rule, group: Group, now: Micros) -> Step:
    """The group's deadline has passed."""
    assert group.due is not None
    fired: tuple[Fired, ...] = ()
    if group.phase == "waiting" or (group.phase == "open" and (rule.kind in _GATHERING or rule.kind == "silence")):
        fired = (_fired(group, group.due),)
    elif group.phase == "open" and rule.missed and not group.met:
        fired = (_fired(group, group.due, missed=True),)
    if rule.kind == "silence" and not rule.keyed:
        return msgspec.structs.replace(group, phase="mute", due=None, kept=(), count=0), fired
    return begin(rule, now, group.key) if rule.missed else None, fired


def arrive(rule: Rule, group: Group | None, arrival: Arrival, key: str = "") -> Step:
    """An event came. A group that was due before it is settled first."""
    fired: tuple[Fired, ...] = ()
    forbidden = any(term in rule.never for term in arrival.terms)
    if group is not None and group.due is not None and group.due <= arrival.at:
        if forbidden and group.phase == "waiting":
            return group, ()
        group, fired = due(rule, group, arrival.at)
    if group is not None and group.phase == "mute" and group.due is not None:
        return group, fired
    match rule.kind:
        case "within":
            assert isinstance(rule.window, Length)
            once = _fired(_opened(rule, key, arrival), arrival.at, by=arrival.identity)
            return Group(key, arrival.at, arrival.at + rule.window.length, phase="mute"), (*fired, once)
        case "join":
            after, more = _join(rule, group, arrival, key, forbidden)
        case "count":
            after, more = _count(rule, group, arrival, key)
        case "silence":
            after, more = _restart(rule, group, arrival, key), ()
        case _:
            after, more = _gather(rule, group, arrival, key)
    return after, (*fired, *more)


def _join(rule: Rule, group: Group | None, arrival: Arrival, key: str, forbidden: bool) -> Step:
    wanted = tuple(term for term in arrival.terms if term in rule.terms)
    if forbidden:
        group = None
    if not wanted or (group is not None and group.phase == "waiting"):
        return group, ()
    window = rule.window
    if isinstance(window, Length):
        edges = None
        group = group or Group(key, arrival.at, None)
    else:
        edges = span(window, arrival.at)
        if edges is None or (group is not None and group.start != edges[0]):
            return group, ()
        group = group or Group(key, *edges)
    newer = {term for one in group.kept if one.at > arrival.at for term in one.terms}
    if newer.issuperset(wanted):
        return group, ()
    kept = [one for one in group.kept if one.at > arrival.at or not set(one.terms) <= set(wanted)]
    group = _with(group, kept, msgspec.structs.replace(arrival, terms=wanted))
    if isinstance(window, Length):
        group = _slide(group, window.length)
    if len({term for one in group.kept for term in one.terms}) < rule.least:
        return group, ()
    if rule.never:
        assert isinstance(window, Length)
        newest = max(one.at for one in group.kept)
        return msgspec.structs.replace(group, phase="waiting", start=newest, due=newest + window.length), ()
    fired = _fired(group, arrival.at, by=arrival.identity)
    if rule.again == "keep":
        return msgspec.structs.replace(group, met=True), (fired,)
    if rule.again == "once":
        end = edges[1] if edges else arrival.at + (window.length if isinstance(window, Length) else 0)
        return Group(key, group.start, end, phase="mute", met=True, last=group.last), (fired,)
    return (Group(key, group.start, group.due, met=True, last=group.last) if rule.missed else None), (fired,)


def _count(rule: Rule, group: Group | None, arrival: Arrival, key: str) -> Step:
    assert isinstance(rule.window, Length)
    length = rule.window.length
    group = group or Group(key, arrival.at, None)
    oldest, newest = min(group.start, arrival.at), max((group.due or 0) - length, arrival.at)
    group = _with(group, group.kept, arrival)
    if newest - oldest < length:  # none is too old: so nobody is looked at, however many there are
        group = msgspec.structs.replace(group, start=oldest, due=newest + length)
    else:
        group = _slide(group, length)
    if len(group.kept) < rule.count:
        return group, ()
    return None, (_fired(group, arrival.at, by=arrival.identity),)


def _gather(rule: Rule, group: Group | None, arrival: Arrival, key: str) -> Step:
    group = group or _opened(rule, key, None, arrival.at)
    group = _with(group, group.kept if rule.kind == "collect" else (), arrival)
    if rule.kind == "collect" and len(group.kept) == rule.count:
        return None, (_fired(group, arrival.at, by=arrival.identity),)
    if rule.kind == "quiet" and isinstance(rule.window, Length):
        group = msgspec.structs.replace(group, due=max(group.due or 0, arrival.at + rule.window.length))
    return group, ()


def _restart(rule: Rule, group: Group | None, arrival: Arrival, key: str) -> Group:
    assert isinstance(rule.window, Length)
    last = group.last if group is not None else 0
    start = max(arrival.at, group.start) if group is not None else arrival.at
    return _with(Group(key, start, start + rule.window.length, last=last), [], arrival)


def _opened(rule: Rule, key: str, arrival: Arrival | None, at: Micros = 0) -> Group:
    assert isinstance(rule.window, Length)
    if arrival is None:
        return Group(key, at, at + rule.window.length)
    return _with(Group(key, arrival.at, None), [], arrival)


def _with(group: Group, kept: Sequence[Kept], arrival: Arrival) -> Group:
    """The group with one event more."""
    n = group.last + 1
    one = Kept(n, arrival.at, arrival.event, arrival.terms)
    return msgspec.structs.replace(group, last=n, count=group.count + 1, kept=(*kept, one))


def _slide(group: Group, length: Micros) -> Group:
    """Without the events that are too old to count with the newest; it is forgotten when none of them can count any more."""
    newest = max(one.at for one in group.kept)
    kept = tuple(one for one in group.kept if newest - one.at < length)
    return msgspec.structs.replace(group, kept=kept, count=len(kept), start=min(one.at for one in kept), due=newest + length)


def _fired(group: Group, end: Micros, *, by: str | None = None, missed: bool = False) -> Fired:
    return Fired(key=group.key, start=group.start, end=end, count=group.count, events=group.kept, by=by, missed=missed)
