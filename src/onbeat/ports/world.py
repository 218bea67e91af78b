"""Tell time, and keep bytes and values."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from onbeat.core.event import Json, Micros


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

    async def keep(self, path: str, source: Path) -> str:
        """Keep what a local file holds, of any size, as `put` does."""

    async def get(self, uri: str) -> bytes:
        """The bytes of an address. Raises NotFound."""

    async def fetch(self, uri: str, target: Path) -> None:
        """Copy what is at an address, of any size, into a local file. Raises NotFound."""

    async def size(self, uri: str) -> int:
        """How many bytes are at an address. Raises NotFound."""

    async def delete(self, prefix: str) -> int:
        """Remove everything under a relative path; returns how many files."""

    async def remove(self, uri: str) -> bool:
        """Remove the file at an address; whether it was there, or an earlier attempt of the same task run has removed it."""

    async def files(self, prefix: str) -> Sequence[tuple[str, int]]:
        """The relative paths under a relative path and their sizes in bytes, sorted; empty when there is none."""


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """A value kept under a key of a namespace (Kestra's KV store). until: when it expires. type: its kind, such as STRING."""

    namespace: str
    key: str
    value: Json
    type: str
    description: str | None = None
    created: Micros
    updated: Micros
    until: Micros | None = None


class Values(Protocol):
    """The KV pairs of namespaces. What `put` has returned from is durable."""

    async def get(self, namespace: str, key: str) -> Value | None:
        """The value; None when there is none or it has expired."""

    async def put(
        self,
        namespace: str,
        key: str,
        value: Json,
        *,
        type: str | None = None,
        ttl: float | None = None,
        description: str | None = None,
        overwrite: bool = True,
    ) -> Value:
        """Keep it, for `ttl` seconds when given. type: its kind, when the value does not show it (a DATE is a text).

        Raises UserError for a bad key and a value that is too large, Refused when it is there and overwrite is False.
        """

    async def delete(self, namespace: str, key: str) -> bool:
        """Remove it; whether it was there."""

    async def entries(self, namespace: str, prefix: str = "") -> Sequence[Value]:
        """Those whose key begins with it, by key; expired ones left out."""

    async def purge(self, namespace: str, pattern: str = "*") -> int:
        """Remove the expired ones whose key fits the pattern; how many."""

    async def namespaces(self) -> Sequence[str]:
        """The namespaces that have, or had, a value."""


class NamespaceFiles(Protocol):
    """Files kept for the flows of a namespace; paths are relative, with `/`. Raises UserError for a path that leads out."""

    async def read(self, namespace: str, path: str) -> bytes:
        """A file's bytes. Raises NotFound."""

    async def write(self, namespace: str, path: str, data: bytes) -> None:
        """Keep it; what was there is replaced."""

    async def delete(self, namespace: str, path: str) -> int:
        """Remove a file, or all under a folder; how many."""

    async def namespaces(self) -> Sequence[str]:
        """The namespaces that have files."""

    async def names(self, namespace: str, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> Sequence[str]:
        """Paths that fit one of `include` (all when empty) and none of `exclude`: globs, `**` for any depth."""
