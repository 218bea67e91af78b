"""A node put together: it starts in order and stops in reverse."""

from pathlib import Path

import pytest

from onbeat.core.states import State
from onbeat.daemon import running
from onbeat.engine.storage import LocalStorage
from onbeat.errors import Overloaded, Refused, UserError
from onbeat.settings import Settings
from onbeat.stores.memory import MemoryStore

FLOW = """
id: nap
namespace: test
tasks:
  - id: sleep
    type: core.flow.Sleep
    duration: {seconds}
"""
HEAR = """
id: hear
namespace: test
tasks:
  - id: say
    type: core.log.Log
    message: heard
triggers:
  - id: on
    type: core.trigger.Event
    topic: news
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a node on its own folder."""
    flows = tmp_path / "flows"
    flows.mkdir()
    (flows / "nap.yaml").write_text(FLOW.format(seconds="PT0.2S"))
    (flows / "long.yaml").write_text(FLOW.format(seconds="PT600S").replace("id: nap", "id: long"))
    (flows / "hear.yaml").write_text(HEAR)
    return Settings(data=tmp_path / "data", flows=[flows], triggers=[], watch=False, drain=20)


async def test_ready_means_ready(settings: Settings):
    """Rule 1: a start is taken inside, and none afterwards."""
    async with running(settings, MemoryStore()) as node:
        assert node.ready
        execution = await node.start("test", "nap")
        assert (await node.engine.ended(execution.id)).state is State.SUCCESS
        assert isinstance(node.storage, LocalStorage)
    assert not node.ready


async def test_sources_are_served_unless_told_otherwise(settings: Settings):
    """`onbeat run` has none."""
    async with running(settings, MemoryStore()) as node:
        assert [name for sub in node.intake.subscriptions() for name in sub.triggers] == ["test.hear.on"]
    async with running(settings, MemoryStore(), sources=False) as node:
        assert not list(node.intake.subscriptions())


async def test_a_stop_lets_running_tasks_end(settings: Settings):
    """Rule 2: within `drain` seconds; nothing new is taken meanwhile."""
    store = MemoryStore()
    async with running(settings, store) as node:
        execution = await node.start("test", "nap")
    await store.open()
    loaded = await store.load(execution.id)
    assert loaded is not None
    assert loaded.runs[1].state is State.SUCCESS
    with pytest.raises(Overloaded):
        await node.start("test", "nap")


async def test_what_does_not_end_in_time_goes_on_at_the_next_start(settings: Settings):
    """Rule 2: as after a crash."""
    store = MemoryStore()
    async with running(settings.model_copy(update={"drain": 0.0}), store) as node:
        execution = await node.start("test", "long")
    async with running(settings.model_copy(update={"drain": 0.0}), store) as node:
        again = await node.engine.load(execution.id)
        assert again.state is State.RUNNING
        await node.kill(execution.id)
        assert (await node.engine.ended(execution.id)).state is State.KILLED


async def fail(settings: Settings) -> None:
    """A node whose user fails while a long task runs."""
    async with running(settings, MemoryStore()) as node:
        await node.start("test", "long")
        raise Refused("no")


async def test_after_a_failure_nothing_is_waited_for(settings: Settings):
    """Rule 3: who fails wants the error now, not after `drain` seconds."""
    with pytest.raises(BaseExceptionGroup) as caught:
        await fail(settings.model_copy(update={"drain": 600.0}))
    assert isinstance(caught.value.exceptions[0], Refused)


@pytest.mark.parametrize(("bus", "setting"), [("kafka", "ONBEAT_KAFKA_BOOTSTRAP_SERVERS"), ("mqtt", "ONBEAT_MQTT_URL")])
async def test_a_bus_without_its_broker_is_refused(settings: Settings, bus: str, setting: str):
    """Before anything is opened for good."""
    with pytest.raises(UserError, match=setting):
        async with running(settings.model_copy(update={"bus": bus}), MemoryStore()):
            pass
