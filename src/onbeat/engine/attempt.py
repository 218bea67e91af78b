"""Hold an attempt that is under way, and say how its end is told.

Called by: runner.
"""

import asyncio
from typing import Protocol

from onbeat.core.signals import Signal
from onbeat.engine.places import Kind
from onbeat.ports import LogLine, MetricRow, Record


class TellEnd(Protocol):
    """Tells the engine how an attempt ended, with what is to be written in the same transaction."""

    def __call__(
        self,
        execution: str,
        signal: Signal,
        *,
        records: tuple[Record, ...] = (),
        logs: tuple[LogLine, ...] = (),
        metrics: tuple[MetricRow, ...] = (),
    ) -> None: ...


class Running:
    """An attempt under way. stopped: somebody asked it to end; silent: nobody is to hear of it. place: what it gives back at its end."""

    __slots__ = ("begun", "place", "silent", "stopped", "work")

    def __init__(self, place: Kind) -> None:
        self.place = place
        self.begun = False
        self.stopped = False
        self.silent = False
        self.work: asyncio.Task[None] | None = None

    def stop(self) -> None:
        """Cancel it; one that has not begun must begin, or it would never say that it ended."""
        if not self.stopped and self.begun and self.work is not None:
            self.work.cancel()
        self.stopped = True
