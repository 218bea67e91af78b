"""Take away what is kept of executions that have ended: rows, lines, measurements, files.

Rules
1. Files go after the executions they belong to: a crash in between leaves files that housekeeping finds, never an execution without its
   values.

Called by: actions for tasks, the API for people.
"""

from collections.abc import Sequence

import msgspec

from onbeat.core.addresses import EXECUTIONS, execution_folder
from onbeat.ports import Storage, Store


class Taken(msgspec.Struct, frozen=True):
    """What was taken: the executions by id, and how many lines, measurements and files."""

    executions: tuple[str, ...]
    logs: int
    metrics: int
    files: int


async def purge(
    store: Store, storage: Storage, executions: Sequence[str], *, records: bool, logs: bool, metrics: bool, files: bool
) -> Taken:
    """Take what is named of these executions, of those that have ended and that every reader of the journal has passed."""
    purged = await store.purge_executions(executions, records=records, logs=logs, metrics=metrics)
    count = 0
    for id_, namespace, flow in purged.executions if files else ():
        for folder in {execution_folder(namespace, flow, id_), f"{namespace}/{flow}/{EXECUTIONS}/{id_}"}:
            count += await storage.delete(folder)
    return Taken(tuple(id_ for id_, _, _ in purged.executions), purged.logs, purged.metrics, count)
