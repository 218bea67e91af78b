"""Say where in a trace executions and their task runs are, and tell of each as a span when it has ended.

A trace that ends where an event enters tells nobody what the event did. So the W3C trace context that came with an event goes on with
all that follows from it: tasks, subflows, events that are published, state events, requests of HTTP tasks.

Rules
1. Where a span is follows from ids alone: nothing has to be kept for it, and after a restart it is the same.
2. Without traces in the settings the context of the event goes on as it came: it is only text.
3. With them, an execution that no trace stands behind begins one; what follows from it is in the same trace.
4. A span is told once its end is durable. One whose execution a crash ended in between is missing; nothing waits for a collector.
5. A context that says it is not recorded is passed on and not told; a malformed one begins anew.

Called by: intake, node, runner and projection ask where; the engine tells what is durable; otel.py takes the spans.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from onbeat.core.changes import AnyChange, Moved, RunMoved
from onbeat.core.event import Micros
from onbeat.core.execution import ROOT, Execution, Head, TaskRun
from onbeat.core.states import FAILING, TERMINATED, State
from onbeat.engine.catalog import Catalog
from onbeat.engine.meters import began, restarts
from onbeat.ports import Work, Written

_FORM = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")
_SAMPLED = 1


class Place(NamedTuple):
    """A span's place in a trace. parent: the span around it; None: it is the first."""

    trace: str
    span: str
    parent: str | None = None


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """One that has ended. entry: it began by an event from outside. error: why it failed."""

    place: Place
    name: str
    start: Micros
    end: Micros
    facts: dict[str, str | int]
    entry: bool = False
    failed: bool = False
    error: str | None = None


def span_id(*parts: str | int) -> str:
    """The id of the span of an execution, or with a number of one of its task runs."""
    return blake2b("/".join(map(str, parts)).encode(), digest_size=8).hexdigest()


def parsed(text: str | None) -> tuple[str, str, int] | None:
    """Trace, span and flags of a `traceparent`; None when it is none."""
    found = _FORM.fullmatch(text or "")
    return (found[1], found[2], int(found[3], 16)) if found else None


def valid(text: str | None) -> str | None:
    """A `traceparent` that somebody gave, if it is one."""
    return text if parsed(text) is not None else None


class Tracing:
    """Where things are in their traces. ratio: how many of the traces that begin here are recorded; None: nobody takes spans.

    take: takes the spans. mask: hides an execution's secrets in a text.
    """

    def __init__(
        self,
        catalog: Catalog | None = None,
        ratio: float | None = None,
        take: Callable[[Span], None] = lambda span: None,
        mask: Callable[[Head, str], str] = lambda head, text: text,
    ) -> None:
        self.on = ratio is not None
        self._ratio = ratio or 0.0
        self._take = take
        self._mask = mask
        self._catalog = catalog

    # ---- where -------------------------------------------------------------------------------------------------

    def entering(self, execution: str, given: str | None = None, after: str | None = None) -> str | None:
        """What a new execution bears: the context that came with what starts it, or a trace of its own. after: the execution whose state
        started it."""
        if not self.on:
            return given
        found = parsed(given)
        if found is None:
            return self._first(execution)
        return given if after is None else _text(found[0], span_id(after), found[2])

    def _first(self, execution: str) -> str:
        trace = blake2b(execution.encode(), digest_size=16).hexdigest()
        return _text(trace, span_id(execution), _SAMPLED if int(trace[:8], 16) < self._ratio * 2**32 else 0)

    def of(self, head: Head, run: int = ROOT) -> str | None:
        """The context of what an execution, or one of its task runs, causes outside."""
        found = parsed(head.traceparent) if self.on else None
        if found is None:
            return head.traceparent
        return _text(found[0], span_id(head.id) if run == ROOT else span_id(head.id, run), found[2])

    # ---- spans -------------------------------------------------------------------------------------------------

    def written(self, work: Work, written: Written) -> None:
        """The engine wrote this."""
        if not self.on:
            return
        for creation, fresh in zip(work.creations, written.fresh, strict=True):
            if fresh:
                self._tell(creation.execution, creation.changes)
        for append in work.appends:
            self._tell(append.execution, append.changes)

    def _tell(self, execution: Execution, changes: Sequence[AnyChange]) -> None:
        found = parsed(execution.head.traceparent)
        if found is None or not found[2] & _SAMPLED:
            return
        for span in self._spans(execution, changes, found[0], found[1]):
            self._take(span)

    def _spans(self, execution: Execution, changes: Sequence[AnyChange], trace: str, parent: str) -> Iterator[Span]:
        for change in changes:
            if isinstance(change, RunMoved) and change.state in TERMINATED and change.state is not State.SKIPPED:
                run = execution.runs.get(change.n)
                if run is not None and run.ended:
                    yield self._of_run(execution, run, change, trace)
            elif isinstance(change, Moved) and change.after in TERMINATED:
                yield self._of_execution(execution, change, trace, parent)

    def _of_execution(self, execution: Execution, change: Moved, trace: str, parent: str) -> Span:
        head = execution.head
        own = span_id(head.id)
        outside: str | None = None if parent == own else parent
        if head.parent is not None and head.parent_run is not None:
            outside = span_id(head.parent, head.parent_run)
        return Span(
            place=_anew(trace, own, outside, execution.history),
            name=f"flow {head.namespace}.{head.flow}",
            start=began(execution),
            end=change.at,
            facts=_known(
                {
                    "onbeat.execution.id": head.id,
                    "onbeat.namespace": head.namespace,
                    "onbeat.flow": head.flow,
                    "onbeat.flow.revision": head.revision,
                    "onbeat.state": change.after.value,
                    "onbeat.correlation.id": head.correlation_id,
                    "onbeat.trigger": head.trigger.id if head.trigger is not None else None,
                    "onbeat.trigger.type": head.trigger.type if head.trigger is not None else None,
                }
            ),
            entry=head.trigger is not None and head.parent is None,
            failed=change.after in FAILING,
            error=None if change.error is None else self._mask(head, change.error),
        )

    def _of_run(self, execution: Execution, run: TaskRun, change: RunMoved, trace: str) -> Span:
        head = execution.head
        own = span_id(head.id, run.n)
        outside = span_id(head.id) if run.parent == ROOT else span_id(head.id, run.parent)
        loaded = self._catalog.present(head.namespace, head.flow, head.revision) if self._catalog is not None else None
        spec = None if loaded is None else loaded.flow.by_id.get(run.task)
        return Span(
            place=_anew(trace, own, outside, run.history),
            name=f"task {run.task}",
            start=max(restarts(run.history), default=run.history[0][1]),
            end=change.at,
            facts=_known(
                {
                    "onbeat.execution.id": head.id,
                    "onbeat.task.id": run.task,
                    "onbeat.task.type": None if spec is None else spec.type,
                    "onbeat.task.run.id": execution.run_id(run.n),
                    "onbeat.task.attempts": run.attempt,
                    "onbeat.task.value": None if run.value is None else self._mask(head, run.value),
                    "onbeat.state": change.state.value,
                }
            ),
            failed=change.state in FAILING,
            error=None if run.error is None else self._mask(head, run.error),
        )


def _text(trace: str, span: str, flags: int) -> str:
    return f"00-{trace}-{span}-{flags & _SAMPLED:02x}"


def _anew(trace: str, span: str, parent: str | None, history: Sequence[tuple[State, Micros]]) -> Place:
    """The place of a span; of what was restarted a span of its own, inside of the first."""
    again = len(restarts(history))
    return Place(trace, span, parent) if not again else Place(trace, span_id(span, again), span)


def _known(facts: Mapping[str, Any]) -> dict[str, str | int]:
    return {name: value for name, value in facts.items() if value is not None}
