"""Sources: one for each subscription, swapped while it runs, stopped when nobody needs it."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

import pytest

from onbeat.errors import Overloaded
from onbeat.ports import Listener, SourceContext, SourceOptions, Work
from onbeat.registry import Registry
from onbeat.stores.memory import MemoryStore
from onbeat.testing import ManualClock, settle
from tests.engine.faulty import FaultyStore
from tests.engine.harness import node_with
from tests.engine.test_intake import FLOWS, event, subscription
from tests.engine.waiting import flow, node_at, started


async def test_reload_swaps_listeners_and_stops_what_nobody_wants(tmp_path: Path) -> None:
    """A new trigger joins the running subscription; the last one that goes takes it along."""
    async with node_with(MemoryStore(), {"b.yaml": FLOWS["b.yaml"]}, tmp_path) as node:
        before = subscription(node)
        (tmp_path / "flows" / "a.yaml").write_text(FLOWS["a.yaml"])
        await node.loader.load_all()
        assert subscription(node) is before
        assert len(before.listeners()) == 2
        (tmp_path / "flows" / "a.yaml").unlink()
        (tmp_path / "flows" / "b.yaml").unlink()
        await node.loader.load_all()
        assert node.intake.subscriptions() == []


async def test_a_trigger_that_cannot_be_served_takes_nothing_down(tmp_path: Path) -> None:
    """Without a broker set, a Kafka trigger is told as trouble; the others are served, at boot and at a reload."""
    flow = FLOWS["b.yaml"].replace("id: b\n", "id: k\n").replace("core.trigger.Event", "kafka.RealtimeTrigger")
    async with node_with(MemoryStore(), {**FLOWS, "k.yaml": flow}, tmp_path) as node:
        (result,) = await node.intake.emit(subscription(node), [event("1", {"go": False})])
        assert len(result.started) == 1
        assert any("ONBEAT_KAFKA_BOOTSTRAP_SERVERS" in sentence for sentence in node.trouble())
        (tmp_path / "flows" / "k.yaml").unlink()
        await node.loader.load_all()
        assert node.trouble() == []


async def test_a_trigger_of_several_topics_is_in_the_subscription_of_each(tmp_path: Path) -> None:
    """One trigger, and one reader for each topic that it shares with others of it."""
    flow = FLOWS["b.yaml"].replace("id: b\n", "id: c\n").replace("topic: x", "topic: [x, y, y]")
    async with node_with(MemoryStore(), {**FLOWS, "c.yaml": flow}, tmp_path) as node:
        found = {sub.name: sorted(sub.triggers) for sub in node.intake.subscriptions()}
        assert found == {"core.trigger.Event:x": ["t.a.on", "t.b.on", "t.c.on"], "core.trigger.Event:y": ["t.c.on"]}
        for sub in node.intake.subscriptions():
            await sub.ready.wait()
        for topic, count in (("x", 2), ("y", 1)):
            published = await node.publish(topic, {"go": False})
            assert len(published.executions or ()) == count


class Lasting(SourceOptions):
    """A source that takes its time to leave."""

    names: ClassVar[tuple[str, ...]] = ("test.Lasting",)
    running: ClassVar[int] = 0
    most: ClassVar[int] = 0
    leave: ClassVar[asyncio.Event]
    number: int = 0

    async def run(self, context: SourceContext, triggers: Callable[[], Sequence[Listener]]) -> None:
        Lasting.running += 1
        Lasting.most = max(Lasting.most, Lasting.running)
        try:
            await asyncio.Event().wait()
        finally:
            await Lasting.leave.wait()
            Lasting.running -= 1


@pytest.fixture
def lasting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the type known."""
    real = Registry.source
    monkeypatch.setattr(Registry, "source", lambda self, name: Lasting if name == "test.Lasting" else real(self, name))
    Lasting.running, Lasting.most, Lasting.leave = 0, 0, asyncio.Event()


LASTING = "id: l\nnamespace: t\ntasks: [{id: a, type: core.debug.Return, format: x}]\ntriggers: [{id: on, type: test.Lasting}]\n"


@pytest.mark.usefixtures("lasting")
async def test_a_subscription_that_comes_back_waits_for_the_one_that_leaves(tmp_path: Path) -> None:
    """Removed and brought back at once: never two connections of one name, which a broker would throw out in turn."""
    async with node_with(FaultyStore(), {"l.yaml": LASTING}, tmp_path) as node:
        await settle()
        for _ in range(3):
            (tmp_path / "flows" / "l.yaml").unlink()
            await node.loader.load_all()
            (tmp_path / "flows" / "l.yaml").write_text(LASTING)
            await node.loader.load_all()
        await settle()
        Lasting.leave.set()
        await settle()
        assert (Lasting.running, Lasting.most) == (1, 1)


@pytest.mark.usefixtures("lasting")
async def test_nothing_is_subscribed_after_the_stop(tmp_path: Path) -> None:
    """A file that changes while the daemon drains starts no source."""
    Lasting.leave.set()
    async with node_with(FaultyStore(), {}, tmp_path) as node:
        await node.intake.stop()
        (tmp_path / "flows" / "l.yaml").write_text(LASTING)
        await node.loader.load_all()
        await settle()
        assert Lasting.most == 0


async def test_a_full_disk_is_tried_again_once_a_second(tmp_path: Path) -> None:
    """Not as fast as the loop turns; and what waited starts once when there is room."""
    clock, store = ManualClock(), FaultyStore()
    async with node_at(clock, store, {"f": flow("f", "topic: x")}, tmp_path) as node:
        tries = 0

        def refuse(work: Work) -> None:
            nonlocal tries
            if any(each.reader.endswith(":x") for each in work.positions):
                tries += 1
                if tries < 500:
                    raise Overloaded("the disk is full")

        store.refuse = refuse
        await node.publish("x", {})
        await clock.advance(3)
        assert 3 <= tries <= 4
        tries = 500
        await clock.advance(1)
        assert len(await started(node)) == 1
