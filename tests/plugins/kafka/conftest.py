"""What tests of the Kafka source start with."""

from typing import Any

import pytest

from tests.plugins.source_suite import FakeEmitter, FakeStore


@pytest.fixture
def emitter() -> FakeEmitter:
    """The engine's side."""
    return FakeEmitter(FakeStore())


@pytest.fixture
def settings(kafka) -> dict[str, Any]:
    """The server's settings: the shared broker."""
    return {"kafka_bootstrap_servers": kafka.bootstrap}
