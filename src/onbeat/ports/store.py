"""Keep executions: the one durable step."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from onbeat.core.event import Micros
from onbeat.core.execution import Execution
from onbeat.ports.work import Delivery, JournalRow, Key, OpenExecution, Purged, Record, StoredFlow, Work, Written


class Store(Protocol):
    """Keeps executions: journal, snapshot and all that must happen with them in one transaction. One writer process.

    Raises StoreBroken when the disk fails (the process stops), Refused for a store that is locked, newer or corrupt.
    """

    async def open(self) -> None:
        """Lock, check, migrate. Idempotent."""

    async def close(self) -> None:
        """Release everything; safe when never opened, and twice."""

    def watch(self, commit: Callable[[int, float], None]) -> None:
        """Tell it of each transaction to disk: how many writes shared it, and its seconds."""

    async def write(self, work: Work) -> Written:
        """Make it durable, whole or not at all. Raises Conflict when an expected version is not the stored one (nothing is written then),
        Overloaded when the disk is full. Callers that are cancelled do not cancel the write."""

    async def load(self, execution: str) -> Execution | None:
        """The execution as its journal gives it."""

    async def inbox(self, execution: str) -> list[Delivery]:
        """The signals that wait for it, in order."""

    async def claim(self, owner: str, limit: int) -> list[OpenExecution]:
        """Take over up to `limit` executions that have not ended and that no present owner has; empty when there are none left."""

    async def journal(self, after: int, limit: int) -> list[JournalRow]:
        """Rows with a larger seq, in order: commit order is seq order."""

    async def touched(self, after: int, limit: int) -> list[tuple[int, str]]:
        """Which executions the next `limit` rows with a larger seq are of, each once with its largest seq there, in the order of those."""

    async def journal_end(self) -> int:
        """The largest seq; 0 when there is none."""

    async def wait_journal(self, after: int) -> None:
        """Returns when there is a row with a larger seq. A wake-up, not a poll."""

    async def records(self, topic: str, after: int, limit: int) -> list[Record]:
        """Records of a topic with a larger seq, in order. The topic of state events is the journal itself and not kept here."""

    async def record(self, topic: str, id_: str) -> Record | None:
        """One record of a topic."""

    async def records_since(self, topic: str, time: Micros) -> int:
        """The seq after which a topic's records are from `time` or later."""

    async def records_end(self, topic: str) -> int:
        """The largest seq of a topic; 0 when it has none."""

    async def wait_records(self, topic: str, after: int) -> None:
        """Returns when the topic has a record with a larger seq."""

    async def topics(self) -> dict[str, int]:
        """The embedded bus's topics and how many records each holds."""

    async def positions(self, reader: str) -> dict[str, str]:
        """part -> value of a reader."""

    async def forget_reader(self, reader: str) -> None:
        """Remove a reader's positions."""

    async def ledger(self, ledger: str, keys: Sequence[str] | None = None) -> dict[str, str]:
        """The rows of a ledger (all, or those keys)."""

    async def find_key(self, key: Key) -> str | None:
        """The execution that a key started."""

    async def keep_flow(self, namespace: str, flow: str, source: str, hash_: str, at: Micros, path: str | None) -> StoredFlow:
        """Keep a revision before its first use: the present one when the hash is the same, else the next number."""

    async def flow(self, namespace: str, flow: str, revision: int | None = None) -> StoredFlow | None:
        """A revision's source; None: the newest."""

    async def flow_revisions(self, namespace: str, flow: str) -> list[int]:
        """The numbers of the revisions that are kept of a flow, the newest first."""

    async def purge(self, before: Micros, limit: int) -> int:
        """Remove up to `limit` executions that ended before, behind every reader of the journal; their keys stay. Returns how many."""

    async def purge_executions(self, ids: Sequence[str], *, records: bool, logs: bool, metrics: bool) -> Purged:
        """Remove of these executions what is named, if they have ended; records: the executions themselves, by the rules of `purge`."""

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
        """Remove log lines written within [start, end); how many. A namespace without a flow means those below it too."""

    async def purge_flows(
        self, *, namespace: str | None = None, flow: str | None = None, keep: int = 1, before: Micros | None = None
    ) -> int:
        """Remove revisions of flows kept before an instant, but for the newest `keep` of each and those that executions here have; how
        many. A namespace without a flow means those below it too."""

    async def purge_revisions(self, namespace: str, flow: str, revisions: Sequence[int]) -> int:
        """Remove these revisions of a flow, but for the newest one and those that executions here have; how many."""

    async def purge_records(self, before: Micros, max_bytes: int) -> int:
        """Remove bus records older than that, and the oldest ones above the size. Returns how many."""

    async def backup(self, target: Path) -> None:
        """A consistent copy, while running."""

    async def check(self) -> list[str]:
        """Fold every journal and compare with what is kept beside it; what differs, in sentences."""
