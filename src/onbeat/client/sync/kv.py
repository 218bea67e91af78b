# Made from onbeat/client/aio/kv.py by `python -m tests.client.test_sync`: edit that one.
"""Values that namespaces keep.

Called by: client.
"""

import json
from collections.abc import Generator
from datetime import timedelta
from typing import Any

from onbeat.client.answers import Entry, Value, read, read_all
from onbeat.client.sync.connection import Connection
from onbeat.client.wire import API, part
from onbeat.errors import NotFound


class Values:
    """`client.kv`: the values of namespaces."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, namespace: str, key: str, default: Any = None) -> Any:
        """A value, or the default where there is none.

        Example:
            client.kv.set("shop", "rate", 1.08)
            assert client.kv.get("shop", "rate") == 1.08
        """
        try:
            return (self.value(namespace, key)).value
        except NotFound:
            return default

    def value(self, namespace: str, key: str) -> Value:
        """A value with its type and description.

        Example:
            client.kv.set("shop", "rate", 1.08, description="EUR in USD")
            print((client.kv.value("shop", "rate")).type)

        Raises NotFound.
        """
        return read(Value, self._connection.get(_path(namespace, key)))

    def set(self, namespace: str, key: str, value: Any, *, ttl: timedelta | str | None = None, description: str | None = None) -> Entry:
        """Keep a value under a key; one that is there is replaced. ttl: after that time it is gone, as a timedelta or as `PT1H`.

        Example:
            client.kv.set("shop", "session", {"user": "ada"}, ttl="PT1H")

        Raises UserError.
        """
        span = f"PT{ttl.total_seconds():.6f}S" if isinstance(ttl, timedelta) else ttl
        headers = {"ttl": span, "description": description}
        body = json.dumps(value, allow_nan=False).encode()
        return read(Entry, self._connection.call("PUT", API + _path(namespace, key), body, headers=headers, again=True))

    def delete(self, namespace: str, key: str) -> bool:
        """Remove a value; says whether there was one.

        Example:
            client.kv.set("shop", "gone", 1)
            assert client.kv.delete("shop", "gone")
        """
        return bool(self._connection.call("DELETE", API + _path(namespace, key)))

    def list(self, namespace: str, prefix: str | None = None) -> Generator[Entry, None, None]:
        """The keys of a namespace, with their types and times. prefix: how they begin.

        Example:
            for entry in client.kv.list("shop"):
                print(entry.key, entry.type, entry.updated)
        """
        for entry in read_all(Entry, self._connection.get(f"/namespaces/{part(namespace)}/kv", {"prefix": prefix})):
            yield entry


def _path(namespace: str, key: str) -> str:
    return f"/namespaces/{part(namespace)}/kv/{part(key)}"
