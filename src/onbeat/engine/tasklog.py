"""Take what tasks log and measure: bounded, batched, on disk before their attempt's end.

Log lines are not changes: they have no order with them and no state event, and a task that prints for ever must not grow the store.
The lines of a short attempt ride in the transaction that ends it; those of a long one are written twice a second. While the disk is
full they wait. What a task measured is written with its end. The lines of a task with `logToFile` go into a file (logfile.py).

Called by: runner gives each attempt its log; the daemon runs `serve`.
"""

import asyncio
import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import structlog

from onbeat.core.event import Micros
from onbeat.engine.logfile import LogFile
from onbeat.engine.masking import Hidden, LineMask, Mask
from onbeat.engine.quotas import LOG_REACHED, LogBudget, Quotas
from onbeat.errors import OutsideError
from onbeat.ports import Clock, LogLine, Metric, MetricRow, Store, Work

_log = structlog.get_logger("onbeat.tasklog")
LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR")
MOST_LINES = 20_000
"""Lines of an attempt that are kept."""
LONGEST_LINE = 65_536
MOST_METRICS = 1_000
"""Measurements of an attempt that are kept."""
MOST_LATE = 50_000
"""Lines of all attempts that wait in memory while the disk is full."""
_FLUSH_SECONDS = 0.5


class AttemptLog:
    """The log of one attempt. hidden: what must not be seen in a line, nor in two that follow each other."""

    def __init__(self, logs: "TaskLogs", execution: str, run: int, task: str, attempt: int, hidden: Hidden) -> None:
        self._logs = logs
        self._facts = (execution, run, task, attempt)
        self.hidden = hidden
        self._masked = LineMask(hidden)
        self._least = 0
        self._count = 0
        self.lines: list[LogLine] = []
        self.metrics: list[MetricRow] = []
        self.file: LogFile | None = None
        self.budget: LogBudget | None = None

    def least(self, level: str | None) -> None:
        """Drop lines below this level."""
        self._least = LEVELS.index(level) if level else 0

    def into(self, file: LogFile) -> None:
        """Write the lines into a file, instead of among the execution's."""
        self.file = file

    def __call__(self, level: str, message: str) -> None:
        """Log one line."""
        level = level if level in LEVELS else "INFO"
        if LEVELS.index(level) < self._least or self._count > MOST_LINES:
            return
        if self.budget is not None and self.budget.spent:
            self.budget.take(message)
            return
        if self.file is None:
            if self._count == MOST_LINES:
                level, message = "WARN", f"more than {MOST_LINES} lines: the rest of this attempt's log is not kept"
            self._count += 1
        for (at, of), line in self._masked.feed((self._logs.now(), level), message):
            self._put(at, of, line)

    def end(self) -> None:
        """Nothing more comes: give on what waited for its next line."""
        for (at, level), line in self._masked.end():
            self._put(at, level, line)

    def _put(self, at: Micros, level: str, message: str) -> None:
        if self.budget is not None:
            said = self.budget.spent
            if not self.budget.take(message):
                if said:
                    return
                level, message = "WARN", LOG_REACHED
        if self.file is not None:
            return self.file.write(at, level, message)
        execution, run, task, attempt = self._facts
        if len(message) > LONGEST_LINE:
            message = message[:LONGEST_LINE] + " … (cut)"
        self.lines.append(LogLine(execution=execution, at=at, level=level, message=message, run=run, task=task, attempt=attempt))
        self._logs.note(self)

    def measure(self, metrics: Iterable[Metric]) -> None:
        """Keep what the attempt measured; what is no number is told of and left out."""
        execution, run, task, attempt = self._facts
        mask = self.hidden().mask
        for metric in metrics:
            if len(self.metrics) == MOST_METRICS:
                return self("WARN", f"more than {MOST_METRICS} metrics: the rest of this attempt's is not kept")
            if not math.isfinite(metric.value):
                self("WARN", f"metric `{metric.name}` is not kept: its value is not a finite number")
                continue
            row = MetricRow(
                execution=execution,
                at=self._logs.now(),
                type=metric.type,
                name=mask(metric.name),
                value=metric.value,
                tags={mask(name): mask(value) for name, value in metric.tags.items()},
                run=run,
                task=task,
                attempt=attempt,
            )
            self.metrics.append(row)

    def take(self) -> tuple[LogLine, ...]:
        """The lines that are not written yet; they are the caller's to write."""
        lines, self.lines = tuple(self.lines), []
        return lines


class TaskLogs:
    """Writes the lines of attempts that go on."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._dirty: dict[AttemptLog, None] = {}
        self._late: tuple[LogLine, ...] = ()
        self._wake = asyncio.Event()
        self._readers: dict[str, list[asyncio.Event]] = {}
        self.quotas = Quotas()

    def now(self) -> int:
        """The instant of a line."""
        return self._clock.now()

    def open(
        self,
        execution: str,
        run: int,
        task: str,
        attempt: int,
        least: str | None = None,
        *,
        mask: Mask | None = None,
        namespace: str | None = None,
    ) -> AttemptLog:
        """A log for an attempt. least: lines below this level are dropped. mask: hides secrets in a line. namespace: whose quota counts."""
        log = AttemptLog(self, execution, run, task, attempt, Hidden(mask))
        log.least(least)
        if self.quotas.on and namespace is not None:
            log.budget = self.quotas.log(namespace, execution)
        return log

    def note(self, log: AttemptLog) -> None:
        """The log has lines that are not written."""
        if not self._dirty:
            self._wake.set()
        self._dirty[log] = None

    def close(self, log: AttemptLog) -> tuple[LogLine, ...]:
        """The attempt is over: its last lines, to be written with its end."""
        log.end()
        self._dirty.pop(log, None)
        return log.take()

    @contextmanager
    def read(self, execution: str) -> Iterator[asyncio.Event]:
        """Set whenever lines of an attempt of this execution were written while it goes on; those of its end come with the change."""
        written = asyncio.Event()
        self._readers.setdefault(execution, []).append(written)
        try:
            yield written
        finally:
            self._readers[execution].remove(written)
            if not self._readers[execution]:
                del self._readers[execution]

    async def serve(self) -> None:
        """Write until cancelled; asleep while nobody logs."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._dirty or self._late:
                await self._clock.sleep(_FLUSH_SECONDS)
                await self.flush()

    async def flush(self) -> None:
        """Write what waits. Lines that cannot be written now are kept for the next time, up to MOST_LATE."""
        dirty, self._dirty = self._dirty, {}
        lines = (*self._late, *(line for log in dirty for line in log.take()))
        if not lines:
            return
        self._late = ()
        try:
            await self._store.write(Work(logs=lines))
            for execution in {line.execution for line in lines} & self._readers.keys():
                for written in self._readers[execution]:
                    written.set()
        except OutsideError as full:
            self._late = (*lines, *self._late)
            _log.warning("log lines wait for the store", lines=len(self._late), dropped=len(self._late[MOST_LATE:]), problem=str(full))
            self._late = self._late[:MOST_LATE]
