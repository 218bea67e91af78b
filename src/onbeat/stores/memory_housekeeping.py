"""Hold what the store in memory holds beside executions, and forget what is past its time.

Apart from the store's own file because forgetting has rules of its own: who may still want to read what is to go.

Rules
1. A purge takes whole ended executions, and only those that every reader of the journal (`journal:…`) is past; keys stay.
2. Log lines and metrics that a purge left behind, because it was told to, go when their execution would have.

Called by: memory.py, which fills what is forgotten here.
"""

from collections.abc import Collection, Sequence

import msgspec

from onbeat.core.event import Micros
from onbeat.core.ids import make_id
from onbeat.errors import Refused, StoreBroken
from onbeat.ports import Delivery, JournalRow, LedgerRow, LogLine, Purged, Record, StoredFlow
from onbeat.stores.memory_queries import Kept, MemoryQueries
from onbeat.stores.memory_search import within
from onbeat.stores.memory_slots import MemoryLines


class MemoryHousekeeping(MemoryQueries):
    """The purges of ports.Store."""

    def __init__(self) -> None:
        super().__init__()
        self._is_open = False
        self._broken: StoreBroken | None = None
        self._journal: list[JournalRow] = []
        self._inbox: list[Delivery] = []
        self._lines = MemoryLines()
        self._positions: dict[tuple[str, str], str] = {}
        self._ledger: dict[tuple[str, str], LedgerRow] = {}
        self._records: list[Record] = []
        self._flows: dict[tuple[str, str], list[StoredFlow]] = {}
        self._seqs = {"journal": 0, "inbox": 0, "record": 0, "log": 0, "metric": 0, "audit": 0}

    def _check_open(self) -> None:
        if self._broken is not None:
            raise self._broken
        if not self._is_open:
            raise Refused("the store is not open")

    async def purge(self, before: Micros, limit: int) -> int:
        self._check_open()
        ended = [kept for kept in self._ended() if kept.execution.history[-1][1] < before]
        ended.sort(key=lambda kept: kept.execution.history[-1][1])
        gone = {kept.execution.id for kept in ended[:limit]}
        self._forget(gone)
        oldest = make_id(max(before, 0), 0)
        beside = {line.execution for line in self._logs} | {row.execution for row in self._metrics}
        left = {id_ for id_ in beside - self._executions.keys() if id_ < oldest}
        self._forget_logs(gone | left)
        self._forget_metrics(gone | left)
        self._ledger = {place: row for place, row in self._ledger.items() if row.until is None or row.until >= before}
        return len(gone)

    async def purge_executions(self, ids: Sequence[str], *, records: bool, logs: bool, metrics: bool) -> Purged:
        self._check_open()
        heads = {kept.execution.id: kept.execution.head for kept in self._ended(whole=records)}
        gone = set(ids) & heads.keys()
        if records:
            self._forget(gone)
        return Purged(
            executions=tuple((id_, heads[id_].namespace, heads[id_].flow) for id_ in sorted(gone)),
            logs=self._forget_logs(gone) if logs else 0,
            metrics=self._forget_metrics(gone) if metrics else 0,
        )

    async def purge_logs(
        self,
        *,
        namespace: str | None = None,
        flow: str | None = None,
        execution: str | None = None,
        levels: Sequence[str] = (),
        start: Micros | None = None,
        end: Micros | None = None,
    ) -> int:
        self._check_open()
        heads = [kept.execution.head for kept in self._executions.values()]
        of = {head.id for head in heads if _is_meant(head.namespace, head.flow, namespace, flow)}

        def goes(line: LogLine) -> bool:
            return (
                ((namespace is None and flow is None) or line.execution in of)
                and execution in (None, line.execution)
                and (not levels or line.level in levels)
                and within(line.at, start, end)
            )

        before = len(self._logs)
        self._logs = [line for line in self._logs if not goes(line)]
        return before - len(self._logs)

    async def purge_revisions(self, namespace: str, flow: str, revisions: Sequence[int]) -> int:
        self._check_open()
        before = self._flows.get((namespace, flow), [])
        heads = [kept.execution.head for kept in self._executions.values()]
        used = {head.revision for head in heads if (head.namespace, head.flow) == (namespace, flow)}
        left = [each for each in before if each is before[-1] or each.revision in used or each.revision not in revisions]
        if before:
            self._flows[namespace, flow] = left
        return len(before) - len(left)

    async def purge_flows(
        self, *, namespace: str | None = None, flow: str | None = None, keep: int = 1, before: Micros | None = None
    ) -> int:
        self._check_open()
        heads = [kept.execution.head for kept in self._executions.values()]
        used = {(head.namespace, head.flow, head.revision) for head in heads}
        gone = 0
        for (place, id_), revisions in self._flows.items():
            if _is_meant(place, id_, namespace, flow):
                newest = revisions[-1].revision
                left = [
                    each
                    for each in revisions
                    if each.revision > newest - keep or not within(each.created, None, before) or (place, id_, each.revision) in used
                ]
                gone += len(revisions) - len(left)
                self._flows[place, id_] = left
        return gone

    async def purge_records(self, before: Micros, max_bytes: int) -> int:
        self._check_open()
        kept = [record for record in self._records if record.time >= before]
        size = sum(map(bytes_of, kept))
        while size > max_bytes:
            size -= bytes_of(kept.pop(0))
        gone = len(self._records) - len(kept)
        self._records = kept
        return gone

    def _ended(self, *, whole: bool = True) -> list[Kept]:
        """The executions that have ended; whole: only those that every reader of the journal is past."""
        readers = [int(value) for (reader, part), value in self._positions.items() if reader.startswith("journal:") and part == "seq"]
        behind = min(readers, default=self._seqs["journal"])
        return [kept for kept in self._executions.values() if kept.execution.ended and (not whole or kept.rows[-1].seq <= behind)]

    def _forget(self, gone: Collection[str]) -> None:
        """The executions, without their log lines and metrics."""
        self._executions = {id_: kept for id_, kept in self._executions.items() if id_ not in gone}
        self._journal = [row for row in self._journal if row.execution not in gone]
        self._inbox = [delivery for delivery in self._inbox if delivery.execution not in gone]
        for id_ in gone:
            self._lines.leave(id_)

    def _forget_logs(self, gone: Collection[str]) -> int:
        before = len(self._logs)
        self._logs = [line for line in self._logs if line.execution not in gone]
        return before - len(self._logs)

    def _forget_metrics(self, gone: Collection[str]) -> int:
        before = len(self._metrics)
        self._metrics = [row for row in self._metrics if row.execution not in gone]
        return before - len(self._metrics)


def _is_meant(place: str, id_: str, namespace: str | None, flow: str | None) -> bool:
    """Whether a flow of that namespace and id is the wanted one, or where none is wanted of the namespace or one below it."""
    below = flow is None and namespace is not None and place.startswith(f"{namespace}.")
    return (namespace in (None, place) or below) and flow in (None, id_)


def bytes_of(record: Record) -> int:
    """What a record counts for on its topic."""
    return len(msgspec.json.encode(record))
