"""Environments for `dependencies`: made once, whole or not at all."""

import asyncio
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from onbeat.errors import UserError
from onbeat.plugins.scripts.environment import Wish, environment
from onbeat.ports import ProcessEnd, TaskFailed
from tests.plugins.context import FakeProcesses
from tests.plugins.scripts.conftest import Worked
from tests.plugins.scripts.wheels import make_wheel

UV = "/usr/bin/uv"


@pytest.fixture
def kept(fake: Worked, tmp_path: Path) -> Path:
    """Where environments are kept."""
    found = tmp_path / "environments"
    fake.settings["environments"] = str(found)
    return found


@pytest.fixture
def uv(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with uv."""
    monkeypatch.setattr(shutil, "which", lambda name, path=None: UV)


@pytest.fixture
def no_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without it."""
    monkeypatch.setattr(shutil, "which", lambda name, path=None: None)


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


class Making(FakeProcesses):
    """Makes the directory that an environment would be; fails as often as it is told to."""

    def __init__(self, place: Path, failures: int = 0) -> None:
        super().__init__()
        self.place = place
        self.failures = failures

    async def run(self, argv: Any, **facts: Any) -> ProcessEnd:
        self.place.mkdir(parents=True, exist_ok=True)
        await super().run(argv, **facts)
        facts["log"]("ERROR", "what it says")
        self.failures -= 1
        return ProcessEnd(code=int(self.failures >= 0))


async def ask(fake: Worked, wish: Wish, env: dict[str, str] | None = None) -> Path:
    """Where the environment of that wish is."""
    return await environment(wish, fake.folder.with_name("thrown"), fake.context(directory=fake.folder), env or {})


async def test_the_same_list_is_one_environment(fake: Worked, kept: Path, uv: None) -> None:
    """In any order; another list, and another version of Python, are others."""
    fake.processes = Making(kept / Wish(("a", "b")).name)
    assert await ask(fake, Wish(("a", "b"))) == await ask(fake, Wish(("b", "a"))) == kept / Wish(("a", "b")).name
    assert [asked["argv"][1] for asked in fake.processes.asked] == ["venv", "pip"]
    assert len({Wish(("a",)).name, Wish(("b",)).name, Wish(("a",), version="3.12").name}) == 3


async def test_several_that_want_the_same_wait_for_one(fake: Worked, kept: Path, uv: None) -> None:
    """Two at once in one directory would leave half of each."""
    fake.processes = Making(kept / Wish(("a",)).name)
    await asyncio.gather(*(ask(fake, Wish(("a",))) for _ in range(5)))
    assert len(fake.processes.asked) == 2


async def test_one_that_was_not_finished_is_made_anew(fake: Worked, kept: Path, uv: None) -> None:
    """After a failure of the installer: the task fails with what it said, the next one begins from nothing."""
    place = kept / Wish(("a",)).name
    fake.processes = Making(place, failures=1)
    with pytest.raises(TaskFailed, match="the dependencies could not be installed: uv ended with exit code 1"):
        await ask(fake, Wish(("a",)))
    assert ("ERROR", "what it says") in fake.log.lines
    (place / "half").touch()
    await ask(fake, Wish(("a",)))
    assert names(place) == [".finished"]


async def test_those_that_nobody_uses_go(fake: Worked, kept: Path, uv: None) -> None:
    """When another one is made; one that is used now and then stays, and one that is being made."""
    for name, days in {"old": 31, "used": 29}.items():
        (kept / name).mkdir(parents=True)
        (kept / name / ".finished").touch()
        long_ago = (kept / name / ".finished").stat().st_mtime - days * 86_400
        os.utime(kept / name / ".finished", (long_ago, long_ago))
    (kept / "half").mkdir()
    fake.processes = Making(kept / Wish(("a",)).name)
    await ask(fake, Wish(("a",)))
    assert names(kept) == sorted([Wish(("a",)).name, "used"])


async def test_one_that_is_taken_counts_as_used(fake: Worked, kept: Path, uv: None) -> None:
    """Whoever takes it, it is not made again."""
    place = kept / Wish(("a",)).name
    place.mkdir(parents=True)
    (place / ".finished").touch()
    os.utime(place / ".finished", (0, 0))
    await ask(fake, Wish(("a",)))
    assert (place / ".finished").stat().st_mtime > 0
    assert fake.processes.asked == []


async def test_without_uv_the_interpreter_does_it(fake: Worked, kept: Path, no_uv: None) -> None:
    """It takes longer."""
    place = kept / Wish(("a",)).name
    fake.processes = Making(place)
    await ask(fake, Wish(("a",)))
    first, second = (asked["argv"] for asked in fake.processes.asked)
    assert first == [sys.executable, "-m", "venv", str(place)]
    assert second[:4] == [str(place / "bin" / "python"), "-m", "pip", "install"]
    assert second[-2:] == ["--", "a"]


@pytest.mark.parametrize("wish", [Wish((), version="3.12"), Wish(("a",), "UV")])
async def test_what_only_uv_can_is_said(fake: Worked, kept: Path, no_uv: None, wish: Wish) -> None:
    """With the cure."""
    with pytest.raises(UserError, match="need the program `uv`"):
        await ask(fake, wish)


async def test_a_dependency_is_no_option(fake: Worked, kept: Path, uv: None) -> None:
    """It may come from an event."""
    with pytest.raises(UserError, match="is an option, not the name of a package"):
        await ask(fake, Wish(("--index=http://evil",)))
    assert fake.processes.asked == []


async def test_the_installer_hears_of_the_index(fake: Worked, kept: Path, uv: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What this machine says of indexes and proxies counts, and what the flow says more; nothing else of the engine's is passed on."""
    monkeypatch.setenv("PIP_INDEX_URL", "http://mirror")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    monkeypatch.setenv("SECRET_X", "no")
    fake.processes = Making(kept / Wish(("a",)).name)
    await ask(fake, Wish(("a",)), {"PIP_INDEX_URL": "http://flow"})
    env = fake.processes.asked[0]["env"]
    assert (env["PIP_INDEX_URL"], env["HTTPS_PROXY"]) == ("http://flow", "http://proxy")
    assert "SECRET_X" not in env


async def test_pip_makes_one_that_works(world: Worked, tmp_path: Path) -> None:
    """The real one, without a network."""
    wheel = make_wheel(tmp_path, "needed", "WORD = 'here'")
    wish = Wish((f"needed @ file://{wheel}",), "PIP")
    place = await environment(wish, tmp_path / "made", world.context(directory=world.folder), {"PIP_NO_INDEX": "1"})
    end = await world.processes.run(
        [str(place / "bin/python"), "-c", "import needed; print(needed.WORD)"], env={}, cwd=tmp_path, log=world.log
    )
    assert end.code == 0
    assert world.log.lines[-1] == ("INFO", "here")
