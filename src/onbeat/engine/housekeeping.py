"""Forget what is past its time: ended executions, their values in storage, bus records, values of namespaces.

Small batches with the loop in between, so that a purge is never felt; a crash in the middle leaves nothing half done.

Rules
1. A value in storage goes when its execution is not in the store any more: after the purge, and also when it was kept for a start that
   was never written.
2. Readers of the journal that nobody has any more are forgotten first (readers.py): they would hold everything back.

Called by: daemon.
"""

import structlog

from onbeat.core.event import Micros
from onbeat.core.ids import make_id
from onbeat.engine.readers import Readers
from onbeat.engine.storage import LocalStorage
from onbeat.engine.values import KeptValues
from onbeat.errors import OnbeatError, StoreBroken
from onbeat.ports import Clock, Store

_log = structlog.get_logger("onbeat.housekeeping")
_EVERY = 3_600.0
_BATCH = 500
_DAY = 86_400_000_000


async def keep_tidy(
    store: Store,
    clock: Clock,
    retention_days: float,
    topic_days: float,
    topic_bytes: int,
    readers: Readers | None = None,
    storage: LocalStorage | None = None,
    values: KeptValues | None = None,
) -> None:
    """Purge now and every hour until cancelled."""
    while True:
        try:
            if readers is not None:
                await readers.look()
            now = clock.now()
            purged = 0
            before = now - int(retention_days * _DAY)
            while batch := await store.purge(before, _BATCH):
                purged += batch
                await clock.sleep(0)
            if storage is not None:
                await sweep(store, storage, before)
            if values is not None:
                await values.purge_all()
            records = await store.purge_records(now - int(topic_days * _DAY), topic_bytes)
            if purged or records:
                _log.info("purged", executions=purged, records=records)
        except StoreBroken:
            raise
        except OnbeatError as problem:
            _log.warning("purge failed; it is tried again in an hour", problem=str(problem))
        await clock.sleep(_EVERY)


async def sweep(store: Store, storage: LocalStorage, before: Micros) -> int:
    """Remove what storage keeps of executions made before, that are not in the store; returns how many executions."""
    oldest_kept = make_id(max(before, 0), 0)
    gone = 0
    for place in await storage.executions():
        execution = place.rpartition("/")[2]
        if execution < oldest_kept and await store.load(execution) is None:
            await storage.delete(place)
            gone += 1
    return gone
