"""Forget what is past its time: ended executions, bus records.

Small batches with the loop in between, so that a purge is never felt; a crash in the middle leaves nothing half done.

Called by: daemon.
"""

import structlog

from onbeat.engine.readers import Readers
from onbeat.errors import OnbeatError, StoreBroken
from onbeat.ports import Clock, Store

_log = structlog.get_logger("onbeat.housekeeping")
_EVERY = 3_600.0
_BATCH = 500
_DAY = 86_400_000_000


async def keep_tidy(
    store: Store, clock: Clock, retention_days: float, topic_days: float, topic_bytes: int, readers: Readers | None = None
) -> None:
    """Purge now and every hour until cancelled."""
    while True:
        try:
            if readers is not None:
                await readers.look()
            now = clock.now()
            purged = 0
            while batch := await store.purge(now - int(retention_days * _DAY), _BATCH):
                purged += batch
                await clock.sleep(0)
            records = await store.purge_records(now - int(topic_days * _DAY), topic_bytes)
            if purged or records:
                _log.info("purged", executions=purged, records=records)
        except StoreBroken:
            raise
        except OnbeatError as problem:
            _log.warning("purge failed; it is tried again in an hour", problem=str(problem))
        await clock.sleep(_EVERY)
