"""Deciding on the loop, or off it where it takes long."""

import threading
from collections.abc import Sequence

import pytest

from onbeat.core import signals as s
from onbeat.core.decide import decided
from onbeat.core.event import Micros
from onbeat.core.evolve import create
from onbeat.core.execution import Execution, Head
from onbeat.core.flow import Flow
from onbeat.core.parse import parse_flow
from onbeat.engine import deciding
from onbeat.engine.catalog import LoadedFlow
from onbeat.engine.compose import Decided

LOOP = "{id: e, type: core.flow.ForEach, values: [1], concurrencyLimit: 0, tasks: [{id: a, type: core.log.Log}]}"
WIDE = f"id: f\nnamespace: t\ntasks: [{LOOP}]"
NARROW = "id: f\nnamespace: t\ntasks: [{id: a, type: core.log.Log}]"


@pytest.mark.parametrize(("text", "off"), [(NARROW, False), (WIDE, True)])
async def test_what_may_touch_thousands_is_decided_off_the_loop(monkeypatch: pytest.MonkeyPatch, text: str, off: bool) -> None:
    """The same is decided either way."""
    threads: list[int] = []

    def noted(flow: Flow, execution: Execution, signals: Sequence[s.AnySignal], now: Micros) -> Decided:
        threads.append(threading.get_ident())
        return decided(flow, execution, signals, now)

    monkeypatch.setattr(deciding, "decided", noted)
    flow, _ = parse_flow(text, "f.yaml")
    execution = create(Head(id="e", namespace="t", flow="f", revision=1, created=0, correlation_id="e"))
    loaded = LoadedFlow(flow)
    assert loaded.wide is off
    assert await deciding.decided_by(loaded, execution, [s.Begin()], 5) == decided(flow, execution, [s.Begin()], 5)
    assert (threads != [threading.get_ident()]) is off
