"""Room for values: bounded by bytes, together where the quota is together."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from onbeat.core.states import State
from onbeat.engine.quotas import Quotas
from onbeat.engine.values import KeptValues
from onbeat.errors import OverQuota
from onbeat.settings import Quota
from onbeat.stores.memory import MemoryStore
from onbeat.testing import ManualClock
from tests.engine.harness import node_with


@pytest.fixture
async def values(clock: ManualClock) -> AsyncIterator[KeptValues]:
    """Values with a quota for `a`, and one for `a.own`."""
    store = MemoryStore()
    await store.open()
    values = KeptValues(store, clock)
    values.room.quotas = Quotas([Quota(namespace="a", kv_bytes=2_000), Quota(namespace="a.own", kv_bytes=10_000)], clock)
    yield values
    await store.close()


async def test_past_the_limit_nothing_more_is_kept(values: KeptValues) -> None:
    """Those below share it, unless they have their own; what is there stays as it is; without a quota all is as ever."""
    await values.put("a", "k", "x" * 700)
    await values.put("a.b", "k", "x" * 700)
    with pytest.raises(OverQuota, match="quota: the values of `a` have at most 2,000 bytes"):
        await values.put("a.c", "k", "x" * 700)
    assert await values.get("a.c", "k") is None
    await values.put("a.own", "k", "x" * 5_000)
    await values.put("other", "k", "x" * 5_000)


async def test_what_is_replaced_or_removed_makes_room(values: KeptValues) -> None:
    """A smaller value in the place of a larger one; one that was deleted, or purged."""
    await values.put("a", "k", "x" * 1_700)
    with pytest.raises(OverQuota):
        await values.put("a", "more", "x" * 700)
    await values.put("a", "k", "x" * 1_000)
    await values.put("a", "more", "x" * 100)
    with pytest.raises(OverQuota):
        await values.put("a", "third", "x" * 700)
    await values.delete("a", "k")
    await values.put("a", "third", "x" * 700)


async def test_what_has_expired_makes_room(values: KeptValues, clock: ManualClock) -> None:
    """At the latest a moment after housekeeping has seen it."""
    await values.put("a", "k", "x" * 1_500, ttl=60)
    with pytest.raises(OverQuota):
        await values.put("a", "more", "x" * 700)
    await clock.advance(61)
    await values.purge_all()
    await values.put("a", "more", "x" * 700)


async def test_who_tries_without_end_reads_nothing(values: KeptValues, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of puts past the limit looks once in a while."""
    looks: list[str] = []
    look = values.room._size

    async def counted(namespace: str) -> int:
        looks.append(namespace)
        return await look(namespace)

    monkeypatch.setattr(values.room, "_size", counted)
    await values.put("a", "k", "x" * 1_500)
    for _ in range(100):
        with pytest.raises(OverQuota):
            await values.put("a", "more", "x" * 700)
    before = len(looks)
    assert before <= 1
    await clock.advance(11)
    with pytest.raises(OverQuota):
        await values.put("a", "more", "x" * 700)
    assert len(looks) == before + 1


async def test_a_task_that_puts_too_much_fails(tmp_path: Path) -> None:
    """With the sentence; and what there is is known after a restart."""
    puts = """
id: puts
namespace: a
inputs: [{id: text, type: STRING}]
tasks: [{id: t, type: core.kv.Set, key: "k{{ inputs.text | length }}", value: "{{ inputs.text }}"}]
"""
    store, quotas = MemoryStore(), [Quota(namespace="a", kv_bytes=2_000)]
    async with node_with(store, {"p.yaml": puts}, tmp_path, quotas=quotas) as node:
        assert (await node.engine.ended((await node.start("a", "puts", {"text": "x" * 1_500})).id)).state is State.SUCCESS
        ended = await node.engine.ended((await node.start("a", "puts", {"text": "x" * 1_000})).id)
        assert ended.state is State.FAILED
        assert any("quota: the values of `a`" in line.message for line in await node.queries.logs(ended.id))
        assert [(use.namespace, use.quota, use.limit) for use in node.quotas()] == [("a", "kv_bytes", 2_000)]
        again = KeptValues(store, node.clock)
        again.room.quotas = node.engine.quotas
        with pytest.raises(OverQuota):
            await again.put("a", "more", "x" * 1_000)
