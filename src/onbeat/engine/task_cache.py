"""Take the outputs of an earlier run of a task instead of running it again, where its flow says `taskCache`.

Rules
1. The same task with the same properties, rendered, gives the same outputs; what the name of its directory is does not count.
2. Of the properties only a hash is kept: a secret may be among them.
3. Only a success is kept, and only one that is nothing but its outputs: what publishes an event or sets a label runs each time.
4. Outputs that name a file that is gone are not taken.

Called by: runner.
"""

from hashlib import sha256

import orjson

from onbeat.core.addresses import namespace_folder
from onbeat.core.event import Json
from onbeat.core.execution import Head
from onbeat.core.flow import RunnableTask
from onbeat.core.states import State
from onbeat.core.times import iso
from onbeat.core.values import normalise
from onbeat.core.workspace import addresses
from onbeat.engine.cache import Cache
from onbeat.errors import NotFound, OutsideError
from onbeat.ports import Clock, Outcome, Storage, TaskLog

LARGEST = 10 * 1024 * 1024
MOST = 1_000
"""Entries of one task."""
MOST_ADDRESSES = 100
"""Files named in outputs up to which they are looked for; outputs with more are not kept."""


class TaskCache:
    """What tasks gave."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._cache = Cache(storage, clock)

    async def find(self, head: Head, spec: RunnableTask, options: Json, log: TaskLog) -> Outcome | None:
        """What an earlier run with these properties gave; None when there is none that is fresh and whole."""
        ttl = spec.task_cache.ttl if spec.task_cache else None
        try:
            kept = await self._cache.find(_group(head, spec), _key(spec, options), ttl)
            if kept is None:
                return None
            outputs: dict[str, Json] = orjson.loads(await self._storage.get(kept.uri))
            for uri in addresses(outputs):
                await self._storage.size(uri)
        except NotFound:
            return None
        except OutsideError as problem:
            log("WARN", f"`taskCache` could not be looked at: {problem}")
            return None
        log("INFO", f"`taskCache`: the outputs are those of {iso(kept.at)}; the task is not run")
        return Outcome(outputs=outputs)

    async def keep(self, head: Head, spec: RunnableTask, options: Json, outcome: Outcome, log: TaskLog) -> None:
        """Keep what a run gave, if it is to be kept."""
        outputs = normalise(outcome.outputs or {})
        if outcome.state is not State.SUCCESS or outcome.records or outcome.facts or len(addresses(outputs)) > MOST_ADDRESSES:
            return
        data = orjson.dumps(outputs)
        if len(data) > LARGEST:
            return
        group = _group(head, spec)
        try:
            await self._storage.put(self._cache.path(group, _key(spec, options)), data)
            await self._cache.settle(group, MOST)
        except OutsideError as problem:
            log("WARN", f"`taskCache`: the outputs could not be kept: {problem}")


def _group(head: Head, spec: RunnableTask) -> str:
    return f"{namespace_folder(head.namespace)}/{head.flow}/_cache/tasks/{spec.id}"


def _key(spec: RunnableTask, options: Json) -> str:
    """Rule 2."""
    return sha256(orjson.dumps({"type": spec.type, "options": options}, option=orjson.OPT_SORT_KEYS)).hexdigest()
