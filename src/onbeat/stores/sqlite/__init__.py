"""The store in one SQLite file: `SqliteStore(data)`, and `restore(backup, data)` while no engine runs."""

from onbeat.stores.sqlite.backup import FILE, restore
from onbeat.stores.sqlite.store import SqliteStore

__all__ = ["FILE", "SqliteStore", "restore"]
