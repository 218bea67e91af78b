"""Files as a source: the universal behaviours, on a real directory with the real watcher."""

import json
from pathlib import Path

import pytest

from onbeat.plugins.files import Watch
from onbeat.ports import Received
from tests.plugins.source_suite import Bench, Features, SourceSuite


class FilesBench(Bench):
    """A directory; a message is a file that was renamed into place. Restarting the broker takes the directory away and brings it back."""

    features = Features(ordered=False)

    def __init__(self, root: Path) -> None:
        self.root = root
        self.root.mkdir()

    def options(self) -> Watch:
        return Watch(directory=str(self.root), read="json", pattern="*.json", stable_for="PT0S", interval="PT1S")

    async def send(self, *texts: str) -> None:
        for text in texts:
            self._place(text, json.dumps({"n": text}))

    async def send_undecodable(self) -> bytes:
        self._place("broken", '{"n": ')
        return b'{"n": '

    def _place(self, name: str, content: str) -> None:
        half = self.root / f".{name}.tmp"
        half.write_text(content)
        half.rename(self.root / f"{name}.json")

    async def restart_broker(self) -> None:
        away = self.root.rename(self.root.with_name("away"))
        away.rename(self.root)

    def text(self, received: Received) -> str:
        assert received.event is not None
        return str(received.event.variables["content"]["n"])


class TestFiles(SourceSuite):
    """The universal behaviours of a source."""

    @pytest.fixture
    async def bench(self, tmp_path: Path) -> FilesBench:
        return FilesBench(tmp_path / "in")
