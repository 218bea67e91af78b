"""Show onbeat at work: start a daemon on the example flows, let an event, a request and a file each start one, and tail what they do.

Rules
1. Nothing is played: it is `onbeat serve` as a process of its own, the public API, and the real stream of state events.
2. Each step shows the command that a person would type.
3. A step that does not end in SUCCESS within 30 seconds fails the demo.

Called by: app.py; `make demo`.
"""

import os
import queue
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

import typer

from onbeat.cli import show
from onbeat.cli.client import API, Client
from onbeat.cli.errors import Exit, complain
from onbeat.cli.follow import event_line
from onbeat.cli.init import INBOX, write
from onbeat.client import ENDED
from onbeat.client.place import DATA, EVENTS_TOPIC, Place, find
from onbeat.errors import OnbeatError, OutsideError, UserError
from onbeat.settings import CONFIG_FILE

FOLDER = Path("onbeat-demo")
PATIENCE = 30.0
"""Seconds in which each step must have ended."""
USUAL_PORT = 8080
_TURN = 0.05
_KEY = re.compile(r"^\s+key:\s*(\S+)", re.MULTILINE)


def demo(once: bool, keep: bool, port: int | None) -> int:
    """The tour; returns the exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    with ExitStack() as stack:
        folder = FOLDER if keep else Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="onbeat-demo-")))
        if not (folder / CONFIG_FILE).exists():
            write(folder, force=False)
        say(f"Example flows and triggers are in {folder}", "onbeat init " + shlex.quote(str(folder)))
        client = stack.enter_context(serving(folder, free_port() if port is None else port))
        tail = Tail(client)
        steps = [step(client, folder, tail) for step in (an_event, a_webhook, a_file)]
        good = all(steps)
        with suppress(KeyboardInterrupt):
            _where_next(client.place, folder, good)
            for event in () if once else tail.forever():
                show.out("  " + event_line(event))
        tail.stopped = True
        if not once:
            show.out("stopping")
        return Exit.SUCCESS if good else Exit.FAILED


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def say(what: str, command: str | None = None) -> None:
    """What happens now, and what a person would type for it."""
    show.out()
    show.out(typer.style(what, bold=True))
    if command is not None:
        show.out(typer.style(f"  $ {command}", fg="cyan"))


def free_port() -> int:
    """The usual port where it is free, else any."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", USUAL_PORT))
        except OSError:
            return 0
    return USUAL_PORT


@contextmanager
def serving(folder: Path, port: int) -> Iterator[Client]:
    """A daemon on the folder, ready. Raises OutsideError with the end of its log when it does not come up."""
    log = folder / "onbeat.log"
    command = [sys.executable, "-m", "onbeat", "serve", "--port", str(port)]
    say("The daemon starts: engine, API and store in one process", f"onbeat serve --port {port}")
    env = {name: value for name, value in os.environ.items() if not name.startswith("ONBEAT_")}
    with log.open("ab") as output:
        child = subprocess.Popen(
            command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield _ready(child, folder, log)
    finally:
        _stop(child)


def _ready(child: "subprocess.Popen[bytes]", folder: Path, log: Path) -> Client:
    for _ in range(int(PATIENCE / _TURN)):
        with suppress(subprocess.TimeoutExpired):
            child.wait(_TURN)
            break
        with suppress(OnbeatError):
            place = find(None, folder / DATA)
            Client(place).health()
            show.out(f"  ready at {place.url}")
            return Client(place)
    end = "\n".join(log.read_text("utf-8", "replace").splitlines()[-20:])
    raise OutsideError(f"the daemon did not come up; its log says:\n{end}")


def _stop(child: "subprocess.Popen[bytes]") -> None:
    """End the daemon in order; a second Ctrl-C ends it at once."""
    try:
        child.terminate()
        child.wait(PATIENCE)
    except (KeyboardInterrupt, subprocess.TimeoutExpired):
        child.kill()
        child.wait()


class Tail:
    """The state events of all executions, as they come, from a thread of its own: the tour must be able to give up waiting."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._after = client.status().journal
        self._events: queue.Queue[Mapping[str, Any]] = queue.Queue()
        self.stopped = False
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        with suppress(OnbeatError):
            for frame in self._client.stream(f"{API}/events/{EVENTS_TOPIC}/tail", {"after": self._after}, self._lost):
                self._events.put(frame.data)

    def _lost(self, sentence: str) -> None:
        if not self.stopped:
            complain(sentence)

    def forever(self) -> Iterator[Mapping[str, Any]]:
        """What comes from now on."""
        while True:
            yield self._events.get()

    def until_ended(self, flow: str) -> tuple[str, str]:
        """Show what comes until an execution of the flow has ended: its id and state. Raises OutsideError when that takes too long."""
        while True:
            try:
                event = self._events.get(timeout=PATIENCE)
            except queue.Empty:
                raise OutsideError(f"no execution of {flow} ended within {PATIENCE:g} s") from None
            show.out("  " + event_line(event))
            data = event["data"]
            if data["flowId"] == flow and data["state"] in ENDED:
                return str(data["executionId"]), str(data["state"])


def _tried(client: Client, tail: Tail, flow: str, act: Callable[[], object]) -> bool:
    """Do something that starts the flow, show what happens; whether it ended well."""
    try:
        act()
        execution, state = tail.until_ended(flow)
        for line in client.logs(execution):
            show.out(f"  {show.dim(show.clock(line.raw['timestamp']))}  {show.state(line.level, 9)}  {show.plain(line.message)}")
    except OnbeatError as problem:
        complain(str(problem))
        return False
    return state == "SUCCESS"


def an_event(client: Client, folder: Path, tail: Tail) -> bool:
    """An event on a topic starts a flow."""
    data = {"id": 7, "total": 20}
    say("An event on topic `orders` starts the flow order_received", """onbeat publish orders '{"id": 7, "total": 20}'""")
    return _tried(client, tail, "order_received", lambda: client.publish("orders", data))


def a_webhook(client: Client, folder: Path, tail: Tail) -> bool:
    """A request starts a flow."""
    found = _KEY.search((folder / "flows" / "webhook_hello.yaml").read_text())
    if found is None:
        raise UserError(f"there is no webhook key in {folder / 'flows' / 'webhook_hello.yaml'}")
    path = f"{API}/executions/webhook/demo/webhook_hello/{found[1]}"
    say(
        "A request to a webhook starts webhook_hello",
        f"""curl -X POST {client.place.url}{path} -H 'Content-Type: application/json' -d '{{"name": "Ada"}}'""",
    )
    return _tried(client, tail, "webhook_hello", lambda: client.call("POST", path, {"name": "Ada"}))


def a_file(client: Client, folder: Path, tail: Tail) -> bool:
    """A file that is complete starts a flow."""
    path = folder / INBOX / "hello.txt"
    say("A file in ./inbox starts file_arrived, once it is complete", f"echo 'one line' > {INBOX}/hello.txt")

    def drop() -> None:
        with path.open("a") as file:
            file.write("one line\n")

    return _tried(client, tail, "file_arrived", drop)


def _where_next(place: Place, folder: Path, good: bool) -> None:
    say("All three ended in SUCCESS." if good else "Not all ended in SUCCESS: see above, and onbeat.log in that folder.")
    data = shlex.quote(str(folder / DATA))
    show.out(f"  the web UI       {place.url}/   (onbeat login --data {data} prints a link that logs a browser in)")
    show.out(f"  the API          {place.url}   (token in {data}/admin-token)")
    show.out(f"  what ran         onbeat executions list --data {data}")
    show.out(f"  what happens     onbeat tail --data {data}")
    show.out(f'  one more event   onbeat publish orders \'{{"id": 8, "total": 120}}\' --follow --data {data}')
    show.out(f"  the flows        {folder / 'flows'}: change one, it is served at once")
