# Made from onbeat/client/aio/client.py by `python -m tests.client.test_sync`: edit that one.
"""Talk to an onbeat daemon from a program.

Called by: programs, and the commands that talk to a daemon.
"""

from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from onbeat.client.answers import Health, Status, read
from onbeat.client.frames import Frame
from onbeat.client.place import Place, find
from onbeat.client.sync.connection import Connection
from onbeat.client.sync.events import Events
from onbeat.client.sync.flows import Flows
from onbeat.client.sync.kv import Values
from onbeat.client.sync.triggers import Triggers
from onbeat.client.wire import PATIENCE

S = TypeVar("S", bound="Client")


def _silent(said: str) -> None:
    """What a stream says of a lost connection interests nobody, unless somebody says so."""


class Client(Events, Flows):
    """A daemon to talk to.

    It is found as the commands find it: `server`, else ONBEAT_SERVER or `server:` in onbeat.yaml, else the daemon that serves the data
    folder here. The token is `token`, else ONBEAT_TOKEN, else, on this machine only, that of the data folder.

    timeout: seconds in which an answer must begin, and go on. tries: how often something is sent that may be sent again, counting the
    first. on_lost: is told when a stream broke off and is asked for again.

    Errors are those of onbeat.errors: UserError (NotFound, Refused, Unauthorized) where the caller must act, OutsideError where the daemon
    is not reached, Overloaded where it takes nothing now.

    Example:
        with Client(server) as client:
            execution = client.start("shop", "greet", {"name": "Ada"}, wait=True)
            print(execution.outputs)
    """

    def __init__(
        self,
        server: str | None = None,
        token: str | None = None,
        *,
        data: str | Path | None = None,
        timeout: float = PATIENCE,
        tries: int = 4,
        on_lost: Callable[[str], None] = _silent,
    ) -> None:
        self._open(find(server, None if data is None else Path(data), token), timeout, tries, on_lost)

    def _open(self, place: Place, timeout: float, tries: int, on_lost: Callable[[str], None]) -> None:
        self._connection = Connection(place, timeout, tries, on_lost)
        self.kv = Values(self._connection)
        self.triggers = Triggers(self._connection)

    @property
    def place(self) -> Place:
        """Where the daemon is, and how we know."""
        return self._connection.place

    def health(self) -> Health:
        """That a start would be taken now. It is asked once: an error is an answer, too.

        Example:
            assert (client.health()).status == "UP"

        Raises Overloaded (it is starting, stopping or full), OutsideError (it is not there).
        """
        return read(Health, self._connection.call("GET", "/health", again=False))

    def status(self) -> Status:
        """What is wrong, and how much is at work.

        Example:
            print((client.status()).trouble)
        """
        return read(Status, self._connection.get("/status"))

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str | None] | None = None,
        again: bool | None = None,
    ) -> Any:
        """Anything else that the API has: its answer as plain data. body: bytes, or what is sent as JSON. again: it may be sent twice.

        Example:
            found = client.call("GET", "/api/v1/main/executions/search", query={"size": 1})
            print(found["total"])
        """
        return self._connection.call(method, path, body, query=query, headers=headers, again=again)

    def stream(
        self, path: str, query: Mapping[str, Any] | None = None, on_lost: Callable[[str], None] | None = None
    ) -> Generator[Frame, None, None]:
        """Anything else that the API streams: server-sent events, going on after a lost connection.

        Example:
            for frame in client.stream("/api/v1/main/executions/follow"):
                print(frame.name, frame.data)
                break
        """
        return self._connection.stream(path, query, on_lost)

    def close(self) -> None:
        """Let the connections go; `with` does it."""
        self._connection.wire.close()

    def __enter__(self: S) -> S:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
