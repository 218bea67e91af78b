"""Triggers that are switched off: at once, for every source, over restarts; and by how their executions end."""

import asyncio
from pathlib import Path

import pytest

from onbeat.core.states import State
from onbeat.engine.node import Node
from onbeat.errors import NotFound, Refused, StoreBroken
from onbeat.ports import ExecutionFilter
from onbeat.stores.memory import MemoryStore
from tests.engine.harness import node_with

FLOWS = {
    "event.yaml": """
id: event
namespace: t
inputs: [{id: fail, type: BOOLEAN, defaults: false}]
tasks:
  - {id: bad, type: core.execution.Fail, condition: "{{ inputs.fail }}"}
triggers:
  - {id: on, type: core.trigger.Event, topic: things, inputs: {fail: "{{ trigger.data.fail }}"}, stopAfter: [FAILED]}
  - {id: also, type: core.trigger.Event, topic: others}
  - {id: off, type: core.trigger.Event, topic: never, disabled: true}
""",
    "skips.yaml": """
id: skips
namespace: t
tasks: [{id: never, type: core.log.Log, message: never, runIf: "{{ false }}"}]
triggers: [{id: once, type: core.trigger.Event, topic: once, stopAfter: [SUCCESS]}]
""",
}

HOOKS = """
id: hooks
namespace: t
tasks: [{id: say, type: core.log.Log, message: x}]
triggers:
  - {id: "on", type: core.trigger.Webhook, key: a}
  - {id: "off", type: core.trigger.Webhook, key: b, disabled: true}
"""


async def started(node: Node, topic: str, **data: object) -> tuple[str, ...]:
    """What an event on the topic starts."""
    return (await node.publish(topic, data)).executions or ()


async def listening(node: Node) -> None:
    """Until all sources are ready."""
    for subscription in node.intake.subscriptions():
        await subscription.ready.wait()


async def test_a_trigger_that_is_switched_off_starts_nothing_until_it_is_on_again(tmp_path: Path) -> None:
    """At once in both directions; what came meanwhile is skipped; others of the flow go on."""
    async with node_with(MemoryStore(), FLOWS, tmp_path) as node:
        await listening(node)
        await node.triggers.set("t.event.on", disabled=True, why="too many")
        assert await started(node, "things", fail=False) == ()
        assert len(await started(node, "others")) == 1
        assert (node.triggers.disabled("t.event.on"), node.triggers.state("t.event.on").why) == (True, "too many")
        await node.triggers.set("t.event.on", disabled=False)
        await listening(node)
        assert len(await started(node, "things", fail=False)) == 1
        assert await node.queries.count() == 2


async def test_what_its_file_switches_off_connects_to_nothing(tmp_path: Path) -> None:
    """What is switched off at run time goes on to listen, and skips: a broker keeps messages for a subscriber that is not there."""
    async with node_with(MemoryStore(), {"hooks.yaml": HOOKS}, tmp_path) as node:
        await node.triggers.set("on", disabled=True)
        assert [each.spec.id for each in node.intake.asleep()] == ["off"]
        found = node.intake.find("t.hooks.on")
        assert found is not None
        assert found[1].listener.disabled


async def test_it_is_so_after_a_restart(tmp_path: Path) -> None:
    """A new process on the same store knows it before the first event comes in, and knows when it was taken back."""
    store = MemoryStore()
    async with node_with(store, FLOWS, tmp_path) as node:
        await node.triggers.set("t.event.on", disabled=True)
    async with node_with(store, FLOWS, tmp_path) as node:
        await listening(node)
        assert node.triggers.disabled("t.event.on")
        assert await started(node, "things", fail=False) == ()
        await node.triggers.set("t.event.on", disabled=False)
    async with node_with(store, FLOWS, tmp_path) as node:
        assert not node.triggers.disabled("t.event.on")
        assert await store.ledger("triggers") == {}


async def test_a_reload_of_the_files_changes_nothing_about_it(tmp_path: Path) -> None:
    """It is switched off although its file was read again."""
    async with node_with(MemoryStore(), FLOWS, tmp_path) as node:
        await node.triggers.set("t.event.on", disabled=True)
        path = tmp_path / "flows" / "event.yaml"
        path.write_text(path.read_text() + "description: edited\n")
        await node.loader.load_all()
        await listening(node)
        assert await started(node, "things", fail=False) == ()


async def test_what_the_file_switches_off_only_the_file_switches_on(tmp_path: Path) -> None:
    """The refusal says where; switching off what is off is success."""
    async with node_with(MemoryStore(), FLOWS, tmp_path) as node:
        with pytest.raises(Refused, match=r"disabled: true.*event\.yaml"):
            await node.triggers.set("t.event.off", disabled=False)
        await node.triggers.set("t.event.off", disabled=True)


async def test_names_that_are_not_there_come_with_the_nearest(tmp_path: Path) -> None:
    """By the whole name, by the id where one has it, by flow and id."""
    async with node_with(MemoryStore(), FLOWS, tmp_path) as node:
        assert node.triggers.named("once").spec.name == "t.skips.once"
        assert node.triggers.find("t", "event", "on").spec.name == "t.event.on"
        with pytest.raises(NotFound, match=r"did you mean `t\.event\.on`"):
            await node.triggers.set("t.event.onn", disabled=True)
        with pytest.raises(NotFound, match="did you mean `also`"):
            node.triggers.find("t", "event", "alsoo")


async def test_stop_after_switches_the_trigger_off_before_anybody_hears_of_the_end(tmp_path: Path) -> None:
    """A state that is not named does nothing; the named one switches off, with the reason, and only that trigger."""
    async with node_with(MemoryStore(), FLOWS, tmp_path) as node:
        await listening(node)
        (good,) = await started(node, "things", fail=False)
        assert (await node.engine.ended(good)).state is State.SUCCESS
        assert not node.triggers.disabled("t.event.on")
        (bad,) = await started(node, "things", fail=True)
        assert (await node.engine.ended(bad)).state is State.FAILED
        assert node.triggers.disabled("t.event.on")
        assert bad in node.triggers.state("t.event.on").why
        assert await started(node, "things", fail=False) == ()
        by_hand = await node.start("t", "event", {"fail": True})
        await node.engine.ended(by_hand.id)
        assert not node.triggers.disabled("t.event.also")


async def test_an_execution_that_ends_as_it_begins_stops_its_trigger_too(tmp_path: Path) -> None:
    """All its tasks are skipped: it is created ended. A duplicate of its event does not switch a trigger off again."""
    async with node_with(MemoryStore(), FLOWS, tmp_path) as node:
        await listening(node)
        first = await node.publish("once", {}, id_="one")
        assert first.executions
        assert node.triggers.disabled("t.skips.once")
        await node.triggers.set("t.skips.once", disabled=False)
        await listening(node)
        again = await node.publish("once", {}, id_="one")
        assert again.duplicate
        assert not node.triggers.disabled("t.skips.once")


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_no_crash_comes_between_the_end_and_the_switch(tmp_path: Path, moment: str) -> None:
    """Whatever write the process dies at, an execution that ended FAILED has switched its trigger off when the next process looks."""
    for at in range(1, 12):
        seen: list[str] = []

        def crash(when: str, at: int = at, seen: list[str] = seen) -> None:
            seen.append(when)
            if when == moment and seen.count(when) == at:
                raise OSError("crash")

        store = MemoryStore(on_write=crash)
        try:
            async with asyncio.timeout(20), node_with(store, FLOWS, tmp_path) as node:
                await listening(node)
                (bad,) = await started(node, "things", fail=True)
                await node.engine.ended(bad)
        except* (StoreBroken, asyncio.CancelledError):
            pass
        await store.open()
        failed = await store.executions(ExecutionFilter(states=(State.FAILED,)))
        assert len(await store.ledger("triggers")) == len(failed)
        await store.close()


async def test_an_iteration_of_a_loop_switches_nothing_off(tmp_path: Path) -> None:
    """It is part of the execution that its trigger started, and only that one's end counts."""
    loops = """
id: loops
namespace: t
tasks:
  - id: each
    type: core.flow.Loop
    values: [1, 2]
    tasks: [{id: r, type: core.debug.Return, format: "{{ item.value }}"}]
  - {id: pause, type: core.flow.Pause}
triggers: [{id: on, type: core.trigger.Event, topic: loops, stopAfter: [SUCCESS]}]
"""
    async with node_with(MemoryStore(), {"loops.yaml": loops}, tmp_path) as node:
        await listening(node)
        (one,) = await started(node, "loops")
        at = 0
        while (await node.engine.load(one)).state is not State.PAUSED:
            await node.store.wait_journal(at)
            at = await node.store.journal_end()
        assert not node.triggers.disabled("t.loops.on")
