"""Talk to a running daemon as commands do: what it says is said at once, to who sits before the terminal.

Rules
1. Nothing is sent twice: who typed the command sees what is wrong, and decides.
2. A stream that is lost is said to be, on stderr.

Called by: the commands that talk to a daemon.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from onbeat.cli.errors import complain
from onbeat.client import Client as PythonClient
from onbeat.client.place import Place, find
from onbeat.client.wire import API, PATIENCE, part

__all__ = ["API", "Client", "listed", "part"]


class Client(PythonClient):
    """A daemon to ask."""

    def __init__(self, place: Place) -> None:
        self._open(place, PATIENCE, tries=1, on_lost=complain)

    @classmethod
    def of(cls, server: str | None, data: Path | None) -> "Client":
        """The client of the daemon that the options and the environment mean."""
        return cls(find(server, data))

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """What the API says at a path below /api/v1/main."""
        return self._connection.get(path, query)


def listed(found: Any) -> Sequence[dict[str, Any]]:
    """The rows of an answer that is a page."""
    rows: Sequence[dict[str, Any]] = found["results"]
    return rows
