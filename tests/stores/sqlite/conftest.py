"""A store in which every condition of a search has something."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from onbeat.core.execution import Trigger
from onbeat.ports import LogLine
from onbeat.stores.sqlite import SqliteStore
from tests.stores.build import AT, creation, id_of, work


@pytest.fixture
async def full(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """A store in which every condition has something."""
    store = SqliteStore(tmp_path)
    await store.open()
    trigger = Trigger(id="orders", type="x")
    for n in range(1, 9):
        new = creation(
            n, namespace="shop" if n % 2 else "shop.eu", parent=id_of(1) if n > 6 else None, trigger=trigger, labels={"a": f"b{n}"}
        )
        line = LogLine(execution=id_of(n), at=AT + n, level="INFO" if n % 2 else "WARN", message="done")
        await store.write(work(new, logs=(line,)))
    yield store
    await store.close()
