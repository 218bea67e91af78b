"""Run `onbeat serve` as a process of its own, the way a user does, and talk to it over HTTP.

What a crash does to the daemon is only seen from outside: the process is killed, its data stays, the next one must go on.

    with Daemon(tmp_path, env={"ONBEAT_BUS": "embedded"}) as daemon:
        daemon.add_flow("hello", FLOW)
        daemon.api("POST", "/api/v1/events/orders", {"id": 1}).json()
        daemon.kill(); daemon.start()

Rules
1. It gets nothing of our environment's ONBEAT_ settings: only what the test gives.
2. `start` returns when GET /health is 200: a start would be taken now.
3. Calls carry the admin token that the daemon wrote into its data folder.
4. Every failure shows the end of the daemon's log.
"""

import http.client
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from tests.services.ports import HOST, free_port
from tests.services.process import Process, ServiceFailed, wait_until

T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """What the daemon answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as plain data."""
        return json.loads(self.body)


class Daemon:
    """One daemon with its own data, flows and triggers below `folder`; it can be killed and started again."""

    def __init__(self, folder: Path, env: Mapping[str, str] | None = None, arguments: Sequence[str] = (), port: int = 0) -> None:
        self.port = port or free_port()
        self.url = f"http://{HOST}:{self.port}"
        self.data, self.flows, self.triggers = folder / "data", folder / "flows", folder / "triggers"
        for place in (self.data, self.flows, self.triggers):
            place.mkdir(parents=True, exist_ok=True)
        places = ["--data", str(self.data), "--flows", str(self.flows), "--triggers", str(self.triggers)]
        command = [sys.executable, "-m", "onbeat", "serve", "--host", HOST, "--port", str(self.port), *places, *arguments]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("ONBEAT_")}
        self.process = Process("onbeat serve", command, folder / "daemon.log", {**clean, **(env or {})}, folder)

    def add_flow(self, name: str, text: str) -> Path:
        """Put a flow into the flows folder; a running daemon picks it up."""
        path = self.flows / f"{name}.yaml"
        path.write_text(text)
        return path

    def add_trigger(self, name: str, text: str) -> Path:
        """Put a stand-alone trigger into the triggers folder."""
        path = self.triggers / f"{name}.yaml"
        path.write_text(text)
        return path

    def start(self, seconds: float = 60) -> "Daemon":
        """Start on the data that is there and return when the daemon takes work."""
        self.process.start()
        self.process.wait_ready(self.healthy, seconds)
        return self

    def healthy(self) -> bool:
        """Would a start be taken now?"""
        try:
            return self.request("GET", "/health").status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False

    def stop(self, seconds: float = 60) -> int:
        """End the daemon in order, by SIGTERM, and return its exit code."""
        return self.process.stop(seconds)

    def kill(self) -> None:
        """SIGKILL the daemon, as a crash would."""
        self.process.kill()

    def close(self) -> None:
        """Kill the daemon and all it started; its data belongs to the test's folder."""
        self.process.close()

    def api(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
        """One call with the admin token; `body` is sent as JSON, text and bytes as they are. A 5xx fails the test."""
        answer = self.request(method, path, body, {"Authorization": f"Bearer {self.token}", **(headers or {})})
        if answer.status >= http.client.INTERNAL_SERVER_ERROR:
            said = answer.body.decode("utf-8", "replace")
            raise ServiceFailed(f"{method} {path} answered {answer.status}: {said}\n{self.process.tail()}")
        return answer

    def request(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
        """One call exactly as given, without the token."""
        content, kind = _encode(body)
        connection = http.client.HTTPConnection(HOST, self.port, timeout=30)
        try:
            connection.request(method, path, content, {**kind, **(headers or {})})
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    @property
    def token(self) -> str:
        """The admin token that the daemon made at its first start."""
        return (self.data / "admin-token").read_text().strip()

    def until(self, ask: Callable[[], T], what: str, seconds: float = 30) -> T:
        """Ask the world until the answer is true, and return it."""
        return wait_until(ask, seconds, what, self.process.tail)

    def __enter__(self) -> "Daemon":
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _encode(body: Any) -> tuple[bytes | None, dict[str, str]]:
    if body is None:
        return None, {}
    if isinstance(body, bytes):
        return body, {}
    if isinstance(body, str):
        return body.encode(), {}
    return json.dumps(body).encode(), {"Content-Type": "application/json"}
