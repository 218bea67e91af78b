"""Make the Python environments that scripts name by their `dependencies`: once for each list, kept beside the other data.

Installing takes seconds and the network; a flow that is started a thousand times must not install a thousand times. What is asked for is
all that counts: the same list with the same interpreter is the same environment, whatever flow asks.

Rules
1. An environment that was not finished (the installation failed, the engine died) is made anew.
2. One is made once at a time; who wants the same one waits.
3. `uv` does it where it is installed, else the interpreter's own venv and pip. What they are told by variables and files of this machine
   (an index, a proxy) counts.
4. A dependency is a name, never an option of the installer.
5. When one is made, those that nobody has used for 30 days go.

Called by: python.
"""

import asyncio
import os
import shutil
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

from onbeat.errors import UserError
from onbeat.ports import TaskContext, TaskFailed

_DONE = ".finished"
_PASSED = ("PIP_", "UV_", "SSL_CERT_", "REQUESTS_CA_BUNDLE")
_PROXIES = frozenset({"http_proxy", "https_proxy", "no_proxy", "all_proxy"})
_SHOWN = 20
_UNUSED = 30 * 86_400
"""Seconds."""
_making: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


class Wish(NamedTuple):
    """What an environment is to hold. cached: whether it may be shared and kept."""

    dependencies: tuple[str, ...]
    manager: str | None = None
    version: str | None = None
    cached: bool = True

    @property
    def name(self) -> str:
        """What the same wish is always called."""
        facts = (sys.executable, sys.version, self.version or "", *sorted(self.dependencies))
        return sha256("\0".join(facts).encode()).hexdigest()[:32]


async def environment(wish: Wish, throw_away: Path, context: TaskContext, env: Mapping[str, str]) -> Path:
    """Where the environment is. throw_away: where one is that is not kept. Raises UserError, TaskFailed."""
    for dependency in wish.dependencies:
        if dependency.startswith("-"):
            raise UserError(f"`dependencies`: `{dependency[:100]}` is an option, not the name of a package")
    root: Any = context.services.settings.get("environments")
    place = Path(root) / wish.name if root and wish.cached else throw_away
    lock = _making.setdefault(str(place), asyncio.Lock())
    async with lock:
        if not await asyncio.to_thread((place / _DONE).is_file):
            await asyncio.to_thread(shutil.rmtree, place, ignore_errors=True)
            await _make(wish, place, context, {**_passed(), **env})
            await asyncio.to_thread(_finish, place, Path(root) if place is not throw_away else None)
        else:
            await asyncio.to_thread((place / _DONE).touch)
    return place


async def _make(wish: Wish, place: Path, context: TaskContext, env: Mapping[str, str]) -> None:
    uv = (
        None
        if wish.manager == "PIP"
        else shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    )
    if uv is None and (wish.version or wish.manager == "UV"):
        raise UserError("`pythonVersion` and `packageManager: UV` need the program `uv`: install it beside onbeat")
    python = str(place / "bin" / "python")
    if uv is not None:
        steps = [
            [uv, "venv", "--quiet", "--python", wish.version or sys.executable, str(place)],
            [uv, "pip", "install", "--quiet", "--python", python, "--", *wish.dependencies],
        ]
    else:
        steps = [
            [sys.executable, "-m", "venv", str(place)],
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--", *wish.dependencies],
        ]
    context.log("INFO", f"Installing {', '.join(wish.dependencies) or 'Python'}")
    for argv in steps[: None if wish.dependencies else 1]:
        said: list[str] = []
        end = await context.services.processes.run(argv, env=env, cwd=Path("/"), log=lambda _, line, said=said: said.append(line))
        if end.code != 0:
            for line in said[-_SHOWN:]:
                context.log("ERROR", line)
            raise TaskFailed(f"the dependencies could not be installed: {os.path.basename(argv[0])} ended with exit code {end.code}")


def _finish(place: Path, root: Path | None) -> None:
    """Mark it as whole; rule 5 for the others."""
    (place / _DONE).touch()
    oldest = (place / _DONE).stat().st_mtime - _UNUSED
    for other in root.iterdir() if root is not None else ():
        done = other / _DONE
        if str(other) not in _making and (not done.is_file() or done.stat().st_mtime < oldest):
            shutil.rmtree(other, ignore_errors=True)


def _passed() -> dict[str, str]:
    """Rule 3."""
    return {name: value for name, value in os.environ.items() if name.startswith(_PASSED) or name.lower() in _PROXIES}
