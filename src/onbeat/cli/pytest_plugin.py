"""pytest: `*.test.yaml` are tests, and the fixture `onbeat` tries flows from Python.

pytest loads this module wherever onbeat is installed, so nothing of onbeat is imported before a flow test is met or the fixture is used,
and a file is only taken when it is a flow test: other tools have `.test.yaml` files, too.

Rules
1. Who does not use it does not notice it.
2. A case is a test of its own, with file and line; what is wrong with a file is an error of its collection.
3. Nothing is shared between tests or workers.

Called by: pytest, by the entry point `onbeat` of the group pytest11.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from onbeat.testing.case import Player
    from onbeat.testing.model import Played
    from onbeat.testing.read import TestFile
    from onbeat.testing.session import Session

_OURS = re.compile(rb"^(flow|flowId|testCases):", re.MULTILINE)
_NAMES = (".test.yaml", ".test.yml")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A file of flow tests."""
    if not file_path.name.endswith(_NAMES) or _OURS.search(file_path.read_bytes()) is None:
        return None
    collected: FlowTests = FlowTests.from_parent(parent, path=file_path)
    return collected


@pytest.fixture
def onbeat(request: pytest.FixtureRequest) -> "Iterator[Session]":
    """Tries flows: `onbeat.run("flows/x.yaml", inputs={…}, mocks={"call": {"body": 1}})`, `onbeat.publish("orders", {…})`.

    Paths are looked for beside the test's file, then from pytest's root.
    """
    from onbeat.daemon import running
    from onbeat.settings import Settings
    from onbeat.testing.session import Session

    session = Session(running, Settings(), [request.path.parent, request.config.rootpath])
    try:
        yield session
    finally:
        session.close()


class FlowTests(pytest.File):
    """A `*.test.yaml`."""

    def collect(self) -> "Iterable[FlowTest]":
        """Its cases."""
        from onbeat.errors import UserError
        from onbeat.testing.read import read_tests

        try:
            tests = read_tests(self.path)
        except UserError as wrong:
            raise self.CollectError(str(wrong)) from None
        player = _player()
        for case in tests.cases:
            item: FlowTest = FlowTest.from_parent(self, name=case.case.id, player=player, tests=tests, played=case)
            yield item


class FlowTest(pytest.Item):
    """One case."""

    def __init__(self, *, player: "Player", tests: "TestFile", played: "Played", **given: Any) -> None:
        super().__init__(**given)
        self._player = player
        self._tests = tests
        self._played = played

    def runtest(self) -> None:
        """Play it."""
        import asyncio

        from onbeat.testing.virtual import VirtualLoop

        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            result = runner.run(self._player.play(self._tests, self._played))
        if result.skipped:
            pytest.skip("it is disabled")
        if result.failures:
            raise FlowTestFailed("\n".join([*result.failures, "", *result.notes]))

    def repr_failure(self, excinfo: "pytest.ExceptionInfo[BaseException]", style: Any = None) -> Any:
        """What was not as expected, without where in onbeat that was found."""
        return str(excinfo.value) if isinstance(excinfo.value, FlowTestFailed) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where it stands."""
        line, _ = self._tests.document.position(self._played.path)
        return self.path, line - 1, self.name


def _player() -> "Player":
    from onbeat.core.plugin_defaults import server_defaults
    from onbeat.daemon import running
    from onbeat.settings import Settings
    from onbeat.testing.case import Player
    from onbeat.testing.library import Library

    settings = Settings()
    return Player(running, settings, Library(settings.flows, settings.triggers, server_defaults(settings.plugin_defaults)))


class FlowTestFailed(AssertionError):
    """A case did not pass."""
