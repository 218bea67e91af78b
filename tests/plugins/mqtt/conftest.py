"""Fixtures of the tests of MQTT."""

import pytest

from onbeat.plugins.mqtt import subscription


@pytest.fixture(autouse=True)
def _no_long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that is cut often looks like a client id in use twice: tests do not wait for that."""
    monkeypatch.setattr(subscription, "TAKEN_OVER_PAUSE", 0.01)
