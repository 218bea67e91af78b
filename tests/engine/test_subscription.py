"""Subscriptions: the triggers of a running source, swapped while it runs."""

import asyncio

from onbeat.core.trigger import FlowRef, TriggerSpec
from onbeat.engine.subscription import LoadedTrigger, Subscription
from onbeat.plugins.bus import PROVIDES
from onbeat.testing import settle


def loaded(id_: str, **more: object) -> LoadedTrigger:
    """A trigger on topic x."""
    spec = TriggerSpec.model_validate({"id": id_, "type": "core.trigger.Event", "topic": "x", **more})
    return LoadedTrigger(spec, PROVIDES[0].model_validate({"topic": "x"}), "f.yaml")


def test_a_listener_says_whose_it_is() -> None:
    """Of a flow's own trigger namespace and flow; of one that stands alone what it names."""
    own = loaded("on")
    own.spec = own.spec.model_copy(update={"flow": FlowRef(namespace="t", id="f"), "namespace": "t"})
    assert (own.listener.trigger, own.listener.namespace, own.listener.flow) == ("t.f.on", "t", "f")
    assert loaded("off", disabled=True).listener.disabled


async def test_who_waits_for_a_change_is_woken_by_the_next_one() -> None:
    """Each swap wakes those who waited before it, and nobody later."""
    subscription = Subscription("s")
    async with asyncio.TaskGroup() as group:
        first = group.create_task(subscription.wait_changed())
        await settle(2)
        subscription.set_triggers({"a": loaded("a")})
        second = group.create_task(subscription.wait_changed())
        await settle(3)
        assert first.done()
        assert not second.done()
        subscription.set_triggers({})
    assert subscription.listeners() == ()
