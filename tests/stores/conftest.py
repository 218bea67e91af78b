"""Every store there is, for the suite that all of them pass."""

import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from onbeat.stores.memory import MemoryStore
from onbeat.stores.sqlite import SqliteStore

AnyStore = MemoryStore | SqliteStore


class Home:
    """Where a store's data stay while the store is closed, broken and opened again."""

    def __init__(self, kind: str, data: Path) -> None:
        self._kind, self._data = kind, data
        self.on_write: Callable[[str], None] = lambda moment: None
        self.store = self._make()

    def _make(self) -> AnyStore:
        if self._kind == "memory":
            return MemoryStore(on_write=lambda moment: self.on_write(moment))
        return SqliteStore(self._data, on_write=lambda moment: self.on_write(moment))

    async def restart(self) -> AnyStore:
        """Close the store and open its data again, as the next process would."""
        await self.store.close()
        if self._kind != "memory":
            self.store = self._make()
        await self.store.open()
        return self.store

    async def clear(self) -> None:
        """Go on with an empty store."""
        await self.store.close()
        shutil.rmtree(self._data, ignore_errors=True)
        self.store = self._make()
        await self.store.open()


@pytest.fixture(params=["memory", "sqlite"])
async def home(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Home]:
    """A place with an open store."""
    home = Home(request.param, tmp_path / "data")
    await home.store.open()
    yield home
    await home.store.close()


@pytest.fixture
def store(home: Home) -> AnyStore:
    """An open store."""
    return home.store
