"""The ledger of waits for events: a row for each, gone when it is over."""

from collections.abc import Sequence

import msgspec

from onbeat.core import signals as s
from onbeat.core.changes import AnyChange
from onbeat.core.decide import decided
from onbeat.core.evolve import create
from onbeat.core.execution import Awaited, Execution, Head
from onbeat.core.parse import parse_flow
from onbeat.engine.waits import WAITS, waits
from onbeat.ports import LedgerRow

FLOW, _ = parse_flow(
    "id: f\nnamespace: t\ntasks: [{id: w, type: core.flow.WaitForEvent, topic: x, key: k, timeout: PT1S,"
    " retry: {type: constant, interval: PT1S, maxAttempts: 2}}]",
    "f.yaml",
)
HEAD = Head(id="e", namespace="t", flow="f", revision=1, created=7, correlation_id="e")
WAITED = LedgerRow(WAITS, "e/1", msgspec.json.encode(Awaited("x", 7, "k")).decode())
OVER = LedgerRow(WAITS, "e/1", None)


def step(execution: Execution, signals: Sequence[s.AnySignal], now: int = 10) -> tuple[list[LedgerRow], Execution]:
    """What a step writes in the ledger, and the execution after it."""
    changes, after = decided(FLOW, execution, signals, now)
    return list(waits(execution, after, changes)), after


def test_a_row_while_it_waits() -> None:
    """It says what is waited for, and goes with the event."""
    rows, waiting = step(create(HEAD), [s.Begin(), s.Dispatched(1)])
    assert rows == [WAITED]
    assert step(waiting, [s.EventArrived(1, {"id": "1"})])[0] == [OVER]
    assert step(waiting, [s.Kill()])[0] == [OVER]


def test_a_new_execution_that_waits_at_once() -> None:
    """There is no execution before it."""
    changes: tuple[AnyChange, ...]
    changes, after = decided(FLOW, create(HEAD), [s.Begin(), s.Dispatched(1)], 10)
    assert list(waits(None, after, changes)) == [WAITED]


def test_a_wait_that_is_over_in_its_first_step_leaves_no_row() -> None:
    """It was dispatched and killed at once: nobody would ever take its row away."""
    _, begun = step(create(HEAD), [s.Begin()])
    assert step(begun, [s.Dispatched(1), s.Kill()])[0] == []


def test_another_try_waits_anew() -> None:
    """Between the tries there is no row; the second has its own."""
    _, waiting = step(create(HEAD), [s.Begin(), s.Dispatched(1)])
    rows, late = step(waiting, [s.TimerFired(1, 1_000_010)], 1_000_010)
    assert rows == [OVER]
    due = late.runs[1].wake
    assert due is not None
    rows, _ = step(late, [s.TimerFired(1, due), s.Dispatched(1)], due)
    assert rows == [WAITED]


def test_what_does_not_wait_has_none() -> None:
    """Other changes write nothing here."""
    assert step(create(HEAD), [s.Begin()])[0] == []
