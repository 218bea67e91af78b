"""Show what is in force and where it comes from, what this machine is, and what is wrong.

Rules
1. Every setting is listed with its value and its source; a token or a password never is.
2. What is wrong is said in a sentence with its cure, and is exit code 1. What is only good to know is a note; that no daemon runs, too.

Called by: app.py.
"""

import os
import platform
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import SecretStr

from onbeat import __version__
from onbeat.cli import show
from onbeat.cli.client import Client
from onbeat.cli.configured import load_settings
from onbeat.cli.errors import Exit
from onbeat.core.names import did_you_mean
from onbeat.errors import OnbeatError, OutsideError
from onbeat.settings import CONFIG_FILE, Settings, misspelt

_SAFE_SQLITE = (3, 51, 3)
_PASSWORD = re.compile(r"(://[^/@:]*:)[^/@]*@")
MASK = "***"


def doctor(server: str | None, data: Path | None, as_json: bool) -> int:
    """Print the state of things; returns the exit code."""
    settings = load_settings({"data": data})
    rows = list(setting_rows(settings, {"data"} if data is not None else set()))
    machine = machine_rows(settings)
    problems, notes = local_problems(settings), local_notes()
    daemon: dict[str, Any] | None = None
    try:
        client = Client.of(server, data)
        daemon = client.status().raw
        machine["daemon"] = f"{client.place.url}, onbeat {daemon['version']} (by {client.place.how})"
        machine |= quota_rows(daemon)
        problems += [str(trouble) for trouble in daemon["trouble"]]
    except OutsideError as away:
        machine["daemon"] = str(away)
    except OnbeatError as refused:
        machine["daemon"] = "it is there and does not answer us"
        problems.append(str(refused))
    if as_json:
        shown = [{"name": name, "value": value, "source": source} for name, value, source in rows]
        show.put_json({"settings": shown, "machine": machine, "daemon": daemon, "problems": problems, "notes": notes})
    else:
        show.table(("SETTING", "VALUE", "FROM"), rows, "no settings")
        show.out()
        show.table(("", ""), list(machine.items()), "")
        show.out()
        for note in notes:
            show.out(f"note   {note}")
        for problem in problems:
            show.out(f"{show.state('ERROR')}  {show.plain(problem)}")
        if not problems:
            show.out("nothing is wrong")
    return Exit.FAILED if problems else Exit.SUCCESS


def setting_rows(settings: Settings, given: set[str]) -> Iterator[tuple[str, str, str]]:
    """Each setting, its value and where it comes from. given: those of the command line."""
    written = _written()
    for name in Settings.model_fields:
        variable = f"ONBEAT_{name.upper()}"
        source = "default"
        if name in given:
            source = "command line"
        elif variable in os.environ:
            source = variable
        elif name in written:
            source = CONFIG_FILE
        yield name, shown(getattr(settings, name)), source


def shown(value: Any) -> str:
    """A setting's value for people, without secrets."""
    if isinstance(value, SecretStr):
        return MASK
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else _PASSWORD.sub(rf"\1{MASK}@", str(value))


def _written() -> dict[str, Any]:
    path = Path(CONFIG_FILE)
    content = yaml.safe_load(path.read_bytes()) if path.is_file() else None
    return content if isinstance(content, dict) else {}


def machine_rows(settings: Settings) -> dict[str, str]:
    """What onbeat runs on."""
    return {
        "onbeat": __version__,
        "python": f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        "sqlite": sqlite3.sqlite_version,
        "loop": settings.loop,
        "data": f"{settings.data.absolute()}, {_size(settings.data):,} bytes",
    }


def quota_rows(daemon: dict[str, Any]) -> dict[str, str]:
    """How full the quotas of a daemon are."""
    quotas = daemon.get("figures", {}).get("quotas", [])
    return {f"quota {each['namespace']} {each['quota']}": f"{each['used']:,g} of {each['limit']:,}" for each in quotas}


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def local_notes() -> list[str]:
    """What is good to know about this machine."""
    if sqlite3.sqlite_version_info >= _SAFE_SQLITE:
        return []
    return [
        f"SQLite {sqlite3.sqlite_version} is older than 3.51.3, which mends a rare corruption when two connections write: "
        "onbeat writes with one, so let no other program write to its store"
    ]


def local_problems(settings: Settings) -> list[str]:
    """What is wrong on this machine, without asking a daemon."""
    found = []
    if settings.data.is_dir() and settings.data.stat().st_mode & 0o077:
        found.append(f"others on this machine can look into {settings.data}: chmod 700 {settings.data}")
    found += [f"{CONFIG_FILE}: `{name}` is not a setting of onbeat{did_you_mean(name, Settings.model_fields)}" for name in misspelt()]
    found += [
        f"the flows folder {folder} is not there: make it, or name others with ONBEAT_FLOWS"
        for folder in settings.flows
        if not folder.is_dir()
    ]
    return found
