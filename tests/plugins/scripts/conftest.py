"""What tests of scripts share: a world with real processes, one with fake ones, and a directory."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from onbeat.engine.guard import Guard
from onbeat.engine.process import LocalProcesses
from onbeat.ports import Outcome, TaskOptions
from tests.plugins.context import FakeWorld


@dataclass
class Worked(FakeWorld):
    """Whose tasks work in `folder`."""

    folder: Path = Path()

    async def run(self, kind: type[TaskOptions], options: dict[str, Any], **facts: Any) -> Outcome:
        return await super().run(kind, options, **{"directory": self.folder, **facts})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The directory of the attempt."""
    found = tmp_path / "work"
    found.mkdir()
    return found


@pytest.fixture
async def world(folder: Path) -> AsyncIterator[Worked]:
    """With real processes."""
    guard = Guard()
    yield Worked(processes=LocalProcesses(guard), folder=folder)
    await guard.close()


@pytest.fixture
def fake(folder: Path) -> Worked:
    """With processes that only remember."""
    return Worked(folder=folder)
