"""What a task gives becomes what rows may hold."""

import asyncio
from pathlib import Path

from onbeat.core.evolve import create
from onbeat.core.execution import Head
from onbeat.core.refs import REF_KEY
from onbeat.core.sealed import shown
from onbeat.core.signals import Facts
from onbeat.engine.keeping import Keeping
from onbeat.engine.masking import MASK, Hidden, Mask
from onbeat.engine.payloads import Payloads
from onbeat.engine.storage import LocalStorage
from onbeat.errors import Overloaded
from onbeat.ports import Record
from onbeat.testing import ManualClock, settle

EXECUTION = create(Head(id="e", namespace="t", flow="f", revision=1, created=0, correlation_id="e"))
SECRET = "s3cret-value"


async def test_secrets_are_sealed_and_labels_masked(tmp_path: Path) -> None:
    """Rule 1; what is large is an address."""
    payloads, hidden = Payloads(LocalStorage(tmp_path)), Hidden(Mask([SECRET]))
    keeping = Keeping(payloads, ManualClock())
    kept = await keeping.values(EXECUTION, "tasks/1/1", {"a": SECRET, "b": "x" * 100_000, "c": 1}, hidden)
    assert kept is not None
    assert (shown(kept["a"]), kept["c"]) == (MASK, 1)
    assert await payloads.bring(kept["a"][REF_KEY]) == SECRET
    assert kept["b"][REF_KEY].startswith("kestra:///")
    facts = await keeping.facts(EXECUTION, "1/1", Facts(labels={"l": SECRET}, variables={"v": SECRET}), hidden)
    assert facts is not None
    assert (facts.labels, shown(facts.variables)) == ({"l": MASK}, {"v": MASK})
    record = await keeping.record(Record(topic="t", id="1", data={"d": SECRET}, time=0), hidden)
    assert shown(record.data) == {"d": MASK}
    assert SECRET not in repr([kept, facts, record])
    assert (await keeping.values(EXECUTION, "x", None, hidden), await keeping.facts(EXECUTION, "1/1", None, hidden)) == (None, None)


async def test_a_full_disk_is_waited_for(tmp_path: Path) -> None:
    """Rule 2."""
    clock, payloads = ManualClock(), Payloads(LocalStorage(tmp_path))
    put, full = payloads.storage.put, [True]

    async def maybe(path: str, data: bytes) -> str:
        if full:
            raise Overloaded("the disk is full")
        return await put(path, data)

    payloads.storage.put = maybe  # type: ignore[method-assign]  # a disk that is full at first

    async with asyncio.TaskGroup() as group:
        kept = group.create_task(Keeping(payloads, clock).values(EXECUTION, "x", {"b": "x" * 100_000}, Hidden()))
        await settle()
        assert not kept.done()
        full.clear()
        await clock.advance(2)
    assert REF_KEY in (kept.result() or {})["b"]
