"""Count and time what the daemon does, always, for whoever looks.

What is only measured once there is trouble says nothing about the time before it. So it is always on, and must cost next to nothing:
here are plain numbers in dictionaries, and nothing wakes up to measure; the exposition (api/prometheus.py) is made when it is asked for.

Rules
1. METERS is the one list of what there is: names, labels, help, page of the docs, dashboard and alert rules all follow from it.
2. No label grows without bound: of each kind the first KEPT values have a name of their own, the rest are together as `other`.
3. Only what is durable is counted; what was rolled back never was.
4. The loop is probed while there is work: a loop that is idle sleeps.

Called by: engine, intake, runner and store tell it; api/prometheus shows it.
"""

import asyncio
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

from onbeat.clock import SystemClock
from onbeat.core.changes import AnyChange, Created, Moved
from onbeat.core.event import Micros
from onbeat.core.execution import Execution
from onbeat.core.signals import Signal, TaskEnded
from onbeat.core.states import TERMINATED, State
from onbeat.engine.batch import Batch
from onbeat.engine.subscription import Subscription
from onbeat.ports import Clock, Work, Written

KEPT = 200
"""How many values of one kind of label have a name of their own."""
OTHER = "other"
_EXPECTED = 10_000
"""How many executions are waited for to begin their first task; past it the oldest is not timed."""
_PROBE = 0.25
"""Seconds between two looks at the loop while there is work."""

FAST = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
SLOW = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class Meter(NamedTuple):
    """One thing that is measured. kind: a gauge is read when somebody looks. bounds: of a histogram's buckets."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    about: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()


_FLOW = ("namespace", "flow")
METERS = (
    Meter("onbeat_build_info", "gauge", "Always 1; the labels say what runs.", ("version", "python")),
    Meter("onbeat_ready", "gauge", "1 when a start would be taken, as `/health` says."),
    Meter("onbeat_flows", "gauge", "Flows that are served."),
    # events
    Meter("onbeat_events_received_total", "counter", "Events that were taken in and are durable.", ("source",)),
    Meter("onbeat_events_refused_total", "counter", "Events that were put off past the limit; the source gives them again.", ("source",)),
    Meter(
        "onbeat_event_starts_total",
        "counter",
        "What events did to a trigger: `started` a flow, were a `duplicate` of one that had, or `dead`: could not start what they should.",
        ("source", "trigger", "outcome"),
    ),
    Meter("onbeat_event_durable_seconds", "histogram", "From an event's arrival until all that it starts is on disk.", ("source",), FAST),
    Meter("onbeat_event_first_task_seconds", "histogram", "From an event's arrival until its execution's first task began.", (), FAST),
    Meter("onbeat_trigger_lag_events", "gauge", "Events that wait at the source.", ("source", "subscription")),
    Meter("onbeat_source_up", "gauge", "0 while a source cannot do its work: `onbeat triggers` says why.", ("source", "subscription")),
    # executions and tasks
    Meter("onbeat_executions_total", "counter", "Executions that came to a state.", (*_FLOW, "state")),
    Meter("onbeat_execution_seconds", "histogram", "From the creation, or restart, of an execution until it ended.", _FLOW, SLOW),
    Meter("onbeat_executions", "gauge", "Executions that have not ended, by state.", ("state",)),
    Meter("onbeat_executions_at_work", "gauge", "Executions in memory that have work outstanding: what `max_active` limits."),
    Meter("onbeat_executions_set_aside", "gauge", "Executions that a bug stopped; the daemon's log has each."),
    Meter("onbeat_mailbox_signals", "gauge", "Signals that executions were told and that are not decided yet."),
    Meter("onbeat_task_attempts_total", "counter", "Attempts of tasks that ended.", ("type", "state")),
    Meter("onbeat_task_attempt_seconds", "histogram", "How long an attempt of a task ran.", ("type",), SLOW),
    Meter("onbeat_tasks_running", "gauge", "Attempts under way."),
    Meter("onbeat_tasks_waiting", "gauge", "Task runs that wait for a place (`max_tasks`, `max_processes`)."),
    Meter("onbeat_timers", "gauge", "Timers that are armed."),
    # quotas
    Meter("onbeat_quota_used", "gauge", "How much of a quota is used; at its limit nothing more is taken.", ("namespace", "quota")),
    Meter("onbeat_quota_limit", "gauge", "The limit of a quota.", ("namespace", "quota")),
    Meter(
        "onbeat_quota_refused_total",
        "counter",
        "What a quota stopped: starts refused, put off or parked, outputs and values refused, log lines dropped.",
        ("namespace", "quota"),
    ),
    # store, sinks, loop
    Meter("onbeat_journal_rows_total", "counter", "Changes in the journal since the store was made."),
    Meter("onbeat_commit_seconds", "histogram", "How long a transaction took, with its sync to disk.", (), FAST),
    Meter("onbeat_commit_works", "histogram", "How many callers shared a transaction.", (), SIZES),
    Meter("onbeat_sink_backlog_rows", "gauge", "Rows of the journal that a sink has not taken yet.", ("sink",)),
    Meter("onbeat_sink_gaps", "gauge", "Gaps in what a sink was given.", ("sink",)),
    Meter("onbeat_sink_up", "gauge", "0 while a sink cannot be reached.", ("sink",)),
    Meter("onbeat_loop_lag_seconds", "histogram", "How late the event loop came to what was due, while there was work.", (), FAST),
    Meter("onbeat_alerts_total", "counter", "Alerts that were delivered.", ("alert",)),
)
"""All there is; api/prometheus adds `process_*` and `python_*` of its library."""
BY_NAME = {meter.name: meter for meter in METERS}


class Spread:
    """A histogram's numbers. counts: per bucket, not cumulative, the last one for all above."""

    __slots__ = ("_bounds", "counts", "sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def add(self, value: float) -> None:
        """One more."""
        self.counts[bisect_left(self._bounds, value)] += 1
        self.sum += value


class Names:
    """The first so many values of a label; what comes later is `other`."""

    def __init__(self, most: int = KEPT) -> None:
        self._known: set[str] = set()
        self._most = most

    def __call__(self, name: str) -> str:
        """The value to show."""
        if name in self._known:
            return name
        if len(self._known) < self._most:
            self._known.add(name)
            return name
        return OTHER


class Meters:
    """What was counted since the daemon began: counts and spreads by meter, then by the values of its labels."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._probed = not isinstance(self._clock, SystemClock)
        self.counts: dict[str, dict[tuple[str, ...], float]] = {each.name: {} for each in METERS if each.kind == "counter"}
        self.spreads: dict[str, dict[tuple[str, ...], Spread]] = {each.name: {} for each in METERS if each.kind == "histogram"}
        self.triggers, self.types, self.subscriptions = Names(), Names(), Names()
        self._flows = Names()
        self._expected: dict[str, float] = {}

    def count(self, meter: str, *labels: str, by: float = 1) -> None:
        """So many more."""
        counts = self.counts[meter]
        counts[labels] = counts.get(labels, 0) + by

    def observe(self, meter: str, value: float, *labels: str) -> None:
        """One more value."""
        spreads = self.spreads[meter]
        spread = spreads.get(labels)
        if spread is None:
            spread = spreads[labels] = Spread(BY_NAME[meter].bounds)
        spread.add(value)

    # ---- events ------------------------------------------------------------------------------------------------

    def now(self) -> float:
        """Seconds on the steady clock."""
        return self._clock.monotonic()

    def expect(self, batch: Batch, since: float) -> None:
        """The events that came then start these executions, once they are written."""
        for prepared, _ in batch.starts:
            self._expected[prepared.execution.id] = since
        while len(self._expected) > _EXPECTED:
            del self._expected[next(iter(self._expected))]

    def emitted(self, batch: Batch, received: int, written: Written, since: float) -> None:
        """So many events were taken in, and this is durable."""
        source = source_of(batch.subscription)
        if received:
            self.count("onbeat_events_received_total", source, by=received)
            self.observe("onbeat_event_durable_seconds", self.now() - since, source)
        for (prepared, key), fresh in zip(batch.starts, written.fresh, strict=True):
            if not fresh:
                self._expected.pop(prepared.execution.id, None)
            self.count("onbeat_event_starts_total", source, self.triggers(key.trigger), "started" if fresh else "duplicate")
        for dead in batch.dead:
            self.count("onbeat_event_starts_total", source, self.triggers(dead.trigger or ""), "dead")

    def refused(self, subscription: Subscription, received: int) -> None:
        """So many events were put off."""
        self.count("onbeat_events_refused_total", source_of(subscription), by=received)

    # ---- executions --------------------------------------------------------------------------------------------

    def written(self, work: Work, written: Written) -> None:
        """The engine wrote this."""
        for creation, fresh in zip(work.creations, written.fresh, strict=True):
            if fresh:
                self._moved(creation.execution, creation.changes)
        for append in work.appends:
            self._moved(append.execution, append.changes)
        if not self._probed:
            self._probe()

    def _moved(self, execution: Execution, changes: Sequence[AnyChange]) -> None:
        for change in changes:
            if type(change) is Moved:
                state = change.after
            elif type(change) is Created:
                state = State.CREATED
            else:
                continue
            flow = self.flow(execution.head.namespace, execution.head.flow)
            self.count("onbeat_executions_total", *flow, state.value)
            if state in TERMINATED:
                self._expected.pop(execution.id, None)
                self.observe("onbeat_execution_seconds", max(0, change.at - began(execution)) / 1_000_000, *flow)

    def flow(self, namespace: str, flow: str) -> tuple[str, str]:
        """How a flow is shown."""
        known = self._flows(f"{namespace}.{flow}")
        return (OTHER, OTHER) if known == OTHER else (namespace, flow)

    # ---- attempts ----------------------------------------------------------------------------------------------

    def begin(self, execution: str) -> float:
        """An attempt begins; returns when."""
        now = self.now()
        if self._expected and (since := self._expected.pop(execution, None)) is not None:
            self.observe("onbeat_event_first_task_seconds", now - since)
        return now

    def attempted(self, type_: str, end: Signal, since: float) -> None:
        """An attempt that began then has ended; a Subflow's with what it starts."""
        kind = self.types(type_)
        self.count("onbeat_task_attempts_total", kind, (end.state if isinstance(end, TaskEnded) else State.SUCCESS).value)
        self.observe("onbeat_task_attempt_seconds", self.now() - since, kind)

    # ---- store and loop ----------------------------------------------------------------------------------------

    def committed(self, works: int, seconds: float) -> None:
        """The store wrote so many works in one transaction."""
        self.observe("onbeat_commit_works", works)
        self.observe("onbeat_commit_seconds", seconds)

    def _probe(self) -> None:
        """See how late the loop is in a while; there is no next look without a next write."""
        self._probed = True
        due = self.now() + _PROBE
        asyncio.get_running_loop().call_later(_PROBE, self._late, due)

    def _late(self, due: float) -> None:
        self._probed = False
        self.observe("onbeat_loop_lag_seconds", max(0.0, self.now() - due))


def source_of(subscription: Subscription) -> str:
    """The type of a subscription's source; only so many types are there."""
    for trigger in subscription.triggers.values():
        return trigger.spec.type
    return ""


def restarts(history: Sequence[tuple[State, Micros]]) -> list[Micros]:
    """When it began again after it had ended; to go on from a pause is no restart."""
    pairs = pairwise(history)
    return [at for (before, _), (state, at) in pairs if state is State.RESTARTED and before in TERMINATED]


def began(execution: Execution) -> Micros:
    """When it was created, or restarted last."""
    return max(restarts(execution.history), default=execution.head.created)
