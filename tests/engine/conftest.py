"""What tests of the engine share."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from onbeat.engine import alerts
from onbeat.ports import TaskContext
from onbeat.registry import Registry
from onbeat.testing import ManualClock
from tests.engine.alarms import Hook
from tests.engine.faulty import Told


@pytest.fixture
def clock() -> ManualClock:
    """A clock that the test moves."""
    return ManualClock()


@pytest.fixture
def deeds(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Callable[[TaskContext], Any]]]:
    """What tasks of type `test.Told` do, by name."""
    real = Registry.task
    monkeypatch.setattr(Registry, "task", lambda self, name: Told if name == "test.Told" else real(self, name))
    Told.deeds.clear()
    yield Told.deeds
    Told.deeds.clear()


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Hook:
    """What webhooks are told."""
    made = Hook()
    monkeypatch.setattr(alerts, "call", made)
    return made
