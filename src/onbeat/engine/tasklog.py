"""Take what tasks log: bounded, batched, on disk before their attempt's end.

Log lines are not changes: they have no order with them and no state event, and a task that prints for ever must not grow the store.
The lines of a short attempt ride in the transaction that ends it; those of a long one are written twice a second.

Called by: runner gives each attempt its log; the daemon runs `serve`.
"""

import asyncio

from onbeat.ports import Clock, LogLine, Store, Work

LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR")
MOST_LINES = 20_000
"""Lines of an attempt that are kept."""
LONGEST_LINE = 65_536
_FLUSH_SECONDS = 0.5


class AttemptLog:
    """The log of one attempt. least: lines below this level are dropped."""

    def __init__(self, logs: "TaskLogs", execution: str, run: int, task: str, attempt: int, least: str | None) -> None:
        self._logs = logs
        self._facts = (execution, run, task, attempt)
        self._least = LEVELS.index(least) if least else 0
        self._count = 0
        self.lines: list[LogLine] = []

    def __call__(self, level: str, message: str) -> None:
        """Log one line."""
        level = level if level in LEVELS else "INFO"
        if LEVELS.index(level) < self._least or self._count > MOST_LINES:
            return
        if self._count == MOST_LINES:
            level, message = "WARN", f"more than {MOST_LINES} lines: the rest of this attempt's log is not kept"
        self._count += 1
        execution, run, task, attempt = self._facts
        if len(message) > LONGEST_LINE:
            message = message[:LONGEST_LINE] + " … (cut)"
        line = LogLine(execution=execution, at=self._logs.now(), level=level, message=message, run=run, task=task, attempt=attempt)
        self.lines.append(line)
        self._logs.note(self)

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
        self._wake = asyncio.Event()

    def now(self) -> int:
        """The instant of a line."""
        return self._clock.now()

    def open(self, execution: str, run: int, task: str, attempt: int, least: str | None) -> AttemptLog:
        """A log for an attempt."""
        return AttemptLog(self, execution, run, task, attempt, least)

    def note(self, log: AttemptLog) -> None:
        """The log has lines that are not written."""
        if not self._dirty:
            self._wake.set()
        self._dirty[log] = None

    def close(self, log: AttemptLog) -> tuple[LogLine, ...]:
        """The attempt is over: its last lines, to be written with its end."""
        self._dirty.pop(log, None)
        return log.take()

    async def serve(self) -> None:
        """Write until cancelled; asleep while nobody logs."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._dirty:
                await self._clock.sleep(_FLUSH_SECONDS)
                await self.flush()

    async def flush(self) -> None:
        """Write what waits."""
        dirty, self._dirty = self._dirty, {}
        lines = tuple(line for log in dirty for line in log.take())
        if lines:
            await self._store.write(Work(logs=lines))
