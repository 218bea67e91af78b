"""Write what a new project begins with: settings, example flows and triggers, a folder for files.

Rules
1. Nothing that is there is replaced without --force; when something is in the way nothing at all is written.
2. Each webhook key is made anew: an example's key that many share is none.
3. The settings file names every setting with its default, so that nobody needs the documentation to find one.
4. Each flow and trigger begins with the line that tells an editor its schema, and the schemas are there: keys and types are completed
   and checked as they are typed.

Called by: app.py, demo.py.
"""

import json
import re
import secrets
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onbeat
from onbeat.cli import show
from onbeat.engine.schema import What
from onbeat.engine.schema import text as schema_text
from onbeat.errors import Refused, UserError
from onbeat.settings import CONFIG_FILE, Settings

_PLACEHOLDER = re.compile(r"CHANGE-ME[\w-]*")
_PARTS: dict[str, What] = {"flows": "flow", "triggers": "trigger"}
INBOX = "inbox"
SCHEMAS = "schemas"
MODELINE = "# yaml-language-server: $schema={}\n"
_FOR_CLI = ("server", "token")


def init(folder: Path, force: bool) -> None:
    """Write a project into a folder, and say so. Raises Refused when files are in the way."""
    for path in write(folder, force, schemas=True):
        show.out(f"wrote {path}")
    there = "" if folder == Path() else f"cd {shlex.quote(str(folder))} && "
    show.out(f'next: {there}onbeat serve, and in another terminal: {there}onbeat publish orders \'{{"id": 7, "total": 20}}\' --follow')


def write(folder: Path, force: bool, schemas: bool = False) -> list[Path]:
    """Write a project into a folder, with what editors want if asked to; returns its files. Raises Refused when files are in the way."""
    files = {folder / name: text for name, text in project(schemas)}
    present = sorted(str(path) for path in files if path.exists())
    if present and not force:
        raise Refused(f"{', '.join(present)} would be replaced; choose an empty folder, or say --force")
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (folder / INBOX).mkdir(exist_ok=True)
    except OSError as problem:
        raise UserError(f"{problem.filename} cannot be written: {problem.strerror}") from None
    return list(files)


def project(schemas: bool) -> Iterator[tuple[str, str]]:
    """The files of a new project: name and text."""
    yield CONFIG_FILE, settings_text()
    for part, what in _PARTS.items():
        root = examples(part)
        for path in sorted(root.rglob("*.yaml")):
            name = Path(part) / path.relative_to(root)
            described = schemas and not name.name.endswith(".test.yaml")  # a test is no flow
            line = MODELINE.format("/".join([*[".."] * (len(name.parts) - 1), SCHEMAS, f"{what}.json"])) if described else ""
            yield name.as_posix(), line + with_fresh_keys(path.read_text())
        if schemas:
            yield f"{SCHEMAS}/{what}.json", schema_text(what)


def examples(part: str) -> Path:
    """Where the examples are: in the package once it is installed, beside `src` in a checkout."""
    package = Path(onbeat.__file__).parent
    shipped = package / "examples" / part
    return shipped if shipped.is_dir() else package.parents[1] / part


def with_fresh_keys(text: str) -> str:
    """The text with a random key for each placeholder; the same placeholder is the same key."""
    keys: dict[str, str] = {}
    return _PLACEHOLDER.sub(lambda found: keys.setdefault(found[0], secrets.token_urlsafe(24)), text)


def settings_text() -> str:
    """onbeat.yaml: what the project sets, then all else that could be set."""
    lines = [
        "# Settings of `onbeat serve`. The environment (ONBEAT_PORT=8081) and the command line win over this file;",
        "# `onbeat doctor` shows what is in force and where it comes from.",
        "flows: [flows]",
        "triggers: [triggers]",
        "",
    ]
    for name, field in Settings.model_fields.items():
        if name not in (*_PARTS, *_FOR_CLI):
            lines += [f"# {field.description}", f"# {name}: {json.dumps(_plain(field.default))}", ""]
    return "\n".join(lines)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value
