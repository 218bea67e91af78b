"""Say where the daemon is and with which token to talk to it.

A command that asks a daemon something must answer at once, so it does not load the settings (a third of a second): it reads the four
it needs, as they would.

Rules
1. `--server`, then ONBEAT_SERVER or `server:` in onbeat.yaml, then DATA/server.json.
2. The token is the one that is given, ONBEAT_TOKEN, else DATA/admin-token; that file's token goes to this machine only.

Called by: the client, and the commands that need to know.
"""

import ipaddress
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from onbeat.errors import OutsideError, UserError

CONFIG_FILE = "onbeat.yaml"
DATA = ".onbeat"
EVENTS_TOPIC = "onbeat.executions"


@dataclass(frozen=True)
class Place:
    """A daemon's address, the token for it, and where we know it from."""

    url: str
    token: str | None
    how: str


def setting(name: str, default: str) -> str:
    """One setting as the daemon reads it: ONBEAT_NAME, else onbeat.yaml. Raises UserError when that file cannot be read."""
    found = os.environ.get(f"ONBEAT_{name.upper()}")
    if found is not None:
        return found
    value = _file().get(name)
    return default if value is None else str(value)


def data_folder(given: Path | None) -> Path:
    """The data folder."""
    return given if given is not None else Path(setting("data", DATA))


def find(server: str | None = None, data: Path | None = None, token: str | None = None) -> Place:
    """The daemon. Raises OutsideError (it does not run here), UserError (no address)."""
    folder = data_folder(data)
    token = token or setting("token", "") or None
    named = server or (None if data is not None else setting("server", "") or None)
    if named:
        url = named.rstrip("/")
        host = _host(url)
        if host is None:
            raise UserError(f"`{named}` is not a server's address; write it as http://host:8080")
        if token is None and is_here(host):
            token = _read(folder / "admin-token")
        return Place(url, token, "--server" if server else "ONBEAT_SERVER")
    text = _read(folder / "server.json")
    if text is None:
        raise OutsideError(f"no daemon serves {folder}: start one with `onbeat serve`, or name one with --server http://host:8080")
    try:
        url = str(json.loads(text)["url"])
    except (ValueError, KeyError, TypeError):
        raise OutsideError(f"{folder / 'server.json'} cannot be read: start `onbeat serve` again") from None
    return Place(url, token or _read(folder / "admin-token"), str(folder / "server.json"))


def _host(url: str) -> str | None:
    """The host of an address that can be a server's."""
    try:
        parts = urlsplit(url)
        return parts.hostname if parts.scheme in ("http", "https") and parts.port != 0 else None
    except ValueError:
        return None


def is_here(host: str) -> bool:
    """Whether a host name or address is this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _read(path: Path) -> str | None:
    try:
        return path.read_text().strip() or None
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise UserError(f"{path} cannot be read ({problem.strerror}): ask as the user who runs the daemon, or set ONBEAT_TOKEN") from None


def _file() -> dict[str, Any]:
    """What onbeat.yaml says."""
    path = Path(CONFIG_FILE)
    if not path.is_file():
        return {}
    import yaml

    try:
        content = yaml.safe_load(path.read_bytes())
    except yaml.YAMLError as wrong:
        raise UserError(f"{CONFIG_FILE} is not YAML: {wrong}") from None
    return content if isinstance(content, dict) else {}
