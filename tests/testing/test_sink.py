"""A sink that collects."""

import pytest

from onbeat.errors import OutsideError
from onbeat.ports import StateEvent
from onbeat.testing import ListSink


async def test_a_sink_that_is_told_to_fail_takes_nothing() -> None:
    """And then takes all."""
    sink, event = ListSink(), StateEvent(topic="t", key="k", id="1", body=b"{}")
    sink.fail = 1
    await sink.open()
    with pytest.raises(OutsideError):
        await sink.publish([event])
    await sink.publish([event])
    assert await sink.wait_for(1) == [event]
    assert sink.opened == 1
    await sink.close()
