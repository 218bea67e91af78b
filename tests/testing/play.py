"""Play flow tests that are written in a test: `play(folder, {"a.yaml": flow}, tests)` gives the results by id."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from onbeat.daemon import running
from onbeat.settings import Settings
from onbeat.testing.case import Player, Result
from onbeat.testing.library import Library
from onbeat.testing.read import parse_tests
from onbeat.testing.virtual import VirtualLoop


def play(folder: Path, files: Mapping[str, str], tests: str, **more: Any) -> dict[str, Result]:
    """The results of the tests, by id."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    parsed = parse_tests(tests, folder / "flows.test.yaml")
    player = Player(running, Settings(), Library(), **more)

    async def main() -> dict[str, Result]:
        return {case.case.id: await player.play(parsed, case) for case in parsed.cases}

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main())


def failures(results: Mapping[str, Result]) -> dict[str, list[str]]:
    """Per test what is wrong with it, without the folder's path."""
    return {name: [failure[failure.index("flows.test.yaml:") :] for failure in result.failures] for name, result in results.items()}


def passed(results: Mapping[str, Result]) -> None:
    """All of them passed."""
    wrong = {name: found for name, found in failures(results).items() if found}
    assert not wrong, wrong
