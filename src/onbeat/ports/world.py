"""Tell time, and keep bytes."""

from typing import Protocol

from onbeat.core.event import Micros


class Clock(Protocol):
    """The only place that tells time or sleeps; tests bring their own."""

    def now(self) -> Micros:
        """Wall time, microseconds since 1970 UTC."""

    def monotonic(self) -> float:
        """Seconds that never go back; for deadlines."""

    async def sleep(self, seconds: float) -> None:
        """Returns after so many seconds."""


class Storage(Protocol):
    """Keeps bytes under `kestra:///…` addresses; a value is on disk when `put` returns.

    Raises Overloaded while the disk is full, OutsideError when it cannot be used otherwise.
    """

    async def put(self, path: str, data: bytes) -> str:
        """Keep `data` under a relative path such as `ns/flow/executions/id/x.json`; returns its address. Same path: replaced."""

    async def get(self, uri: str) -> bytes:
        """The bytes of an address. Raises NotFound."""

    async def size(self, uri: str) -> int:
        """How many bytes are at an address. Raises NotFound."""

    async def delete(self, prefix: str) -> int:
        """Remove everything under a relative path; returns how many files."""
