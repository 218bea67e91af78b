"""Be the daemon: data folder, token, socket, HTTP around a node, signals, exit code.

Rules
1. Access is on: without it, and reachable from outside this machine, nothing starts.
2. One engine a data folder: the second is refused before it takes a port.
3. The first SIGTERM or SIGINT lets running tasks end: /health is 503 and nothing new is taken meanwhile. The second ends at once.
4. `server.json` is there while the daemon takes calls; the CLI finds it by that.
5. When the store breaks the process ends with 1 at once, and recovers from what is on disk at the next start.

Called by: the CLI's `serve`.
"""

import asyncio
import errno
import gc
import importlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import orjson
import structlog
import uvloop

from onbeat import __version__
from onbeat.api import oidc, prometheus
from onbeat.api.access import Access, Permission, admin_token, is_loopback
from onbeat.api.app import build
from onbeat.clock import SystemClock
from onbeat.core.access import Role
from onbeat.core.times import iso
from onbeat.daemon.assemble import drain, running
from onbeat.daemon.http import HttpServer
from onbeat.daemon.logs import configure
from onbeat.engine.accounts import Accounts
from onbeat.engine.node import Node
from onbeat.engine.sessions import Lifetime
from onbeat.errors import OnbeatError, StoreBroken, UserError
from onbeat.ports import Clock
from onbeat.settings import Settings
from onbeat.stores.sqlite import SqliteStore

_log = structlog.get_logger("onbeat.daemon")
SERVER_FILE = "server.json"
_BACKLOG = 2048
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_GARBAGE = (20_000, 20, 20)
"""After how many new objects cycles are looked for; executions hardly make any, and Python's 700 took an eighth of the loop's time."""


@dataclass(frozen=True)
class Serving:
    """What a daemon that is ready says of itself. token: None when everybody is let in."""

    url: str
    data: Path
    token: str | None
    node: Node


def serve(settings: Settings, announce: Callable[[Serving], None]) -> int:
    """Serve until a signal; returns the exit code. Raises UserError for wrong settings, Refused for a second engine."""
    refuse_open_doors(settings)
    make_home(settings.data)
    configure(settings.log_format, settings.log_level)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop if settings.loop == "uvloop" else None) as runner:
        try:
            runner.run(_serve(settings, announce))
        except BaseExceptionGroup as group:
            return _explain(group)
        except StoreBroken as broken:
            _log.critical("the store broke; start again to recover from what is on disk", problem=str(broken))
            return 1
    return 0


def _explain(group: BaseExceptionGroup[BaseException]) -> int:
    """The exit code of what went wrong inside the node; raises what the user must act on."""
    broken, other = group.split(StoreBroken)
    if broken is not None:
        _log.critical("the store broke; start again to recover from what is on disk", problem=str(_first(broken)))
        return 1
    first = _first(group)
    if isinstance(first, OnbeatError):
        raise first
    _log.critical("the daemon crashed; this is a bug", exc_info=other)
    return 1


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner


def refuse_open_doors(settings: Settings) -> None:
    """Raises UserError when the daemon would let everybody on the network in."""
    if settings.auth == "none" and not is_loopback(settings.host) and not settings.allow_unauthenticated_remote:
        raise UserError(
            f"ONBEAT_AUTH=none would let everybody who reaches {settings.host} run code here: keep the token, bind to 127.0.0.1, "
            "or set ONBEAT_ALLOW_UNAUTHENTICATED_REMOTE=true if something in front of onbeat checks who comes"
        )


def make_home(data: Path) -> None:
    """The data folder: only for its owner, and never committed by accident. Raises UserError."""
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        ignore = data / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n")
    except OSError as problem:
        raise UserError(f"the data folder {data} cannot be used ({problem.strerror}); choose another with --data") from None


def missing_folders(settings: Settings) -> list[Path]:
    """The folders of flows, and of triggers where they were named, that are not there."""
    named = settings.triggers if "triggers" in settings.model_fields_set else []
    return [folder for folder in (*settings.flows, *named) if not folder.is_dir()]


async def _serve(settings: Settings, announce: Callable[[Serving], None]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, _on_signal, number, stop)
    store = SqliteStore(settings.data)
    await store.open()
    try:
        listener = listen(settings.host, settings.port)
    except BaseException:
        await store.close()
        raise
    for folder in missing_folders(settings):
        _log.warning("a folder is not there, and is looked for again at the next start", folder=str(folder))
    with listener:
        async with running(settings, store) as node, _http(settings, node, listener) as serving:
            gc.collect()
            gc.freeze()
            gc.set_threshold(*_GARBAGE)
            gc.enable()
            announce(serving)
            await stop.wait()
            _log.info("stopping", running=len(node.runner), patience=settings.drain)
            await drain(node, settings.drain)
    _log.info("stopped")


@asynccontextmanager
async def _http(settings: Settings, node: Node, listener: socket.socket) -> AsyncIterator[Serving]:
    """The API on that socket."""
    token = admin_token(settings.data) if settings.auth == "token" else None
    lifetime = Lifetime(settings.session_idle_hours * 3_600, settings.session_days * 86_400)
    accounts = Accounts(node.store, node.queries, node.clock, lifetime=lifetime)
    access = Access(token, known_hosts(settings), accounts, settings.public_url)
    app = build(node, access, settings.max_body, settings.max_upload, settings.webhook_wait)
    if settings.oidc_issuer:
        app.router.routes[:0] = oidc.routes()
        app.state.oidc = provider_of(settings, node.clock)
        app.state.oidc_role = None if settings.oidc_role is None else Role(settings.oidc_role)
    if settings.metrics_public:
        app.router.routes[:0] = prometheus.routes(Permission.PUBLIC)
    url = url_of(settings.host, listener.getsockname()[1])
    server = HttpServer(app, settings.trusted_proxies)
    async with asyncio.TaskGroup() as group:
        group.create_task(server.serve(sockets=[listener]))
        try:
            await server.listening.wait()
            place = settings.data / SERVER_FILE
            write_place(place, url)
            try:
                yield Serving(url, settings.data, token, node)
            finally:
                place.unlink(missing_ok=True)
        finally:
            server.end()


def _on_signal(number: int, stop: asyncio.Event) -> None:
    if stop.is_set():
        _leave(number)
    stop.set()


def _leave(number: int) -> NoReturn:
    """End at once: nothing is written only at a stop."""
    with suppress(OSError):
        os.write(sys.stderr.fileno(), b"onbeat: second signal, ending at once\n")
    os._exit(128 + number)


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to that address. Raises UserError with the cure."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except socket.gaierror as problem:
        raise UserError(f"`{host}` is not an address of this machine ({problem.strerror}); choose another with --host") from None
    made = socket.socket(family, kind, protocol)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(_BACKLOG)
        made.setblocking(False)
    except OSError as problem:
        made.close()
        if problem.errno == errno.EADDRINUSE:
            raise UserError(
                f"port {port} on {host} is taken: stop what listens there, or choose another with --port (0: any free one)"
            ) from None
        raise UserError(f"cannot listen on {host}:{port} ({problem.strerror}); choose others with --host and --port") from None
    return made


def url_of(host: str, port: int) -> str:
    """The address for people and programs on this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{host}:{port}"


def known_hosts(settings: Settings) -> list[str]:
    """The Host headers that are ours beside loopback: what is allowed, the public address, the address we listen on."""
    public = urlsplit(settings.public_url).hostname if settings.public_url else None
    return [*settings.allowed_hosts, settings.host, *([public] if public else [])]


def provider_of(settings: Settings, clock: Clock) -> oidc.Provider:
    """The OpenID Connect provider; its library is only loaded for it. Raises UserError."""
    if not settings.oidc_client_id:
        raise UserError("set ONBEAT_OIDC_CLIENT_ID: what the OpenID Connect provider knows us as")
    try:
        kind = importlib.import_module("onbeat.engine.oidc").Oidc
    except ModuleNotFoundError as missing:
        if missing.name is None or not missing.name.startswith("joserfc"):
            raise
        raise UserError("ONBEAT_OIDC_ISSUER needs a library: pip install 'onbeat[oidc]'") from missing
    secret = settings.oidc_client_secret
    made: oidc.Provider = kind(
        settings.oidc_issuer, settings.oidc_client_id, secret.get_secret_value() if secret else None, settings.oidc_claim, clock
    )
    return made


def write_place(path: Path, url: str) -> None:
    """Say where the daemon is; whole or not at all."""
    content = {"url": url, "pid": os.getpid(), "version": __version__, "started": iso(SystemClock().now())}
    half = path.with_name(f"{path.name}.{os.getpid()}")
    half.write_bytes(orjson.dumps(content) + b"\n")
    half.chmod(0o600)
    half.replace(path)
