"""What is the memory store's own; the contract is tested in test_store.py and its neighbours."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from onbeat.core.states import State
from onbeat.errors import Refused
from onbeat.stores.memory import MemoryStore
from tests.stores.build import creation, id_of, move, work


async def test_a_backup_is_refused(tmp_path: Path):
    """There is nothing that could be kept; the cure is named."""
    with pytest.raises(Refused, match="serve with --data"):
        await MemoryStore().backup(tmp_path / "copy")


async def test_check_names_an_execution_that_its_journal_does_not_give():
    """The engine wrote an execution that its changes do not make: a bug, and found."""
    store = MemoryStore()
    await store.open()
    run = move(creation().execution, State.RUNNING)
    await store.write(work(creation(), replace(run, execution=replace(run.execution, error="from nowhere"))))
    assert await store.check() == [f"execution {id_of(1)}: the journal does not give what is kept"]
