"""Run flow tests here and now: each case on a throw-away node, without a broker, a network or the passing of time.

Rules
1. One line a case; what was not as expected with file, line and column below it.
2. Exit code 0: all passed; 1: one did not; 2: a test file is wrong, or there are none. What is wrong with a file stops no other file.
3. Only the flows folders of the settings are looked at when no path is given.

Called by: app.py.
"""

import asyncio
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from onbeat.cli import show
from onbeat.cli.configured import load_settings
from onbeat.cli.errors import Exit, complain
from onbeat.core.plugin_defaults import server_defaults
from onbeat.daemon import running
from onbeat.daemon.logs import configure
from onbeat.errors import InvalidFile, OnbeatError, UserError
from onbeat.settings import Settings
from onbeat.testing.case import Player, Result
from onbeat.testing.junit import write_junit
from onbeat.testing.library import Library, files_of_tests
from onbeat.testing.model import Played
from onbeat.testing.read import TestFile, read_tests
from onbeat.testing.virtual import VirtualLoop


def test(
    paths: Sequence[Path], names: str | None, junit: Path | None, as_json: bool, stop: bool, verbose: bool, real: bool, seconds: float
) -> int:
    """Run the tests that the paths hold; returns the exit code. Raises UserError when there are none."""
    settings = load_settings({})
    configure("pretty", "critical")
    files, wrong = _read(paths or [folder for folder in settings.flows if folder.is_dir()])
    chosen = [(file, case) for file in files for case in file.cases if _fits(names, f"{file.path}::{case.case.id}")]
    if not chosen and not wrong:
        raise UserError("there is no such test" if files else "there are no flow tests: name files or folders with *.test.yaml in them")
    for problem in wrong:
        complain(show.plain(problem))
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        results = runner.run(_play(_player(settings, real, seconds), chosen, as_json, stop, verbose))
    if junit is not None:
        _write(junit, results, wrong)
    if as_json:
        show.put_json({"tests": [_json(result) for result in results], "problems": [str(problem) for problem in wrong]})
    else:
        _conclude(results, len(chosen), len(wrong))
    failed = any(result.failures for result in results)
    return Exit.USAGE if wrong else Exit.FAILED if failed else Exit.SUCCESS


def _player(settings: Settings, real: bool, seconds: float) -> Player:
    library = Library(settings.flows, settings.triggers, server_defaults(settings.plugin_defaults))
    return Player(running, settings, library, real=real, patience=seconds)


def _read(paths: Sequence[Path]) -> tuple[list[TestFile], list[OnbeatError]]:
    """The files, and what is wrong with others."""
    files: list[TestFile] = []
    wrong: list[OnbeatError] = []
    for path in dict.fromkeys(files_of_tests(paths)):
        try:
            files.append(read_tests(path))
        except InvalidFile as problem:
            wrong.append(problem)
    return files, wrong


def _fits(names: str | None, name: str) -> bool:
    """Whether a test is one of those that -k asks for: words with and, or, not, as pytest has it."""
    if names is None:
        return True
    words = re.split(r"\s+or\s+", names.strip())
    return any(all(_has(part, name) for part in re.split(r"\s+and\s+", each)) for each in words)


def _has(part: str, name: str) -> bool:
    negated = part.startswith("not ")
    word = part.removeprefix("not ").strip()
    return (word.casefold() in name.casefold()) is not negated


async def _play(player: Player, chosen: Sequence[tuple[TestFile, Played]], quiet: bool, stop: bool, verbose: bool) -> list[Result]:
    results = []
    for file, case in chosen:
        result = await player.play(file, case)
        results.append(result)
        if not quiet:
            for line in _lines(result, verbose):
                show.out(line)
            sys.stdout.flush()
        if stop and result.failures:
            break
    return results


def _lines(result: Result, verbose: bool) -> Iterator[str]:
    word, colour = ("SKIPPED", "WARNING") if result.skipped else ("FAILED", "FAILED") if result.failures else ("passed", "SUCCESS")
    took = f" in {result.took}" if result.took not in ("", "PT0S") else ""
    yield f"{_coloured(word, colour)}  {show.plain(result.name)}{took}  {show.dim(show.seconds(result.seconds))}"
    for failure in result.failures:
        yield from (f"    {show.plain(line)}" for line in failure.splitlines())
    if result.failures or verbose:
        yield from (show.dim(f"      {show.plain(note)}") for note in result.notes)


def _coloured(word: str, as_: str) -> str:
    return show.state(as_, 0).replace(as_, word)


def _conclude(results: Sequence[Result], chosen: int, wrong: int) -> None:
    failed = sum(bool(result.failures) for result in results)
    skipped = sum(result.skipped for result in results)
    parts = [f"{len(results) - failed - skipped} passed"]
    parts += [f"{count} {word}" for count, word in ((failed, "failed"), (skipped, "skipped"), (chosen - len(results), "not run")) if count]
    if wrong:
        parts.append(f"{wrong} file(s) wrong")
    show.out(f"{', '.join(parts)} in {show.seconds(sum(result.seconds for result in results))}")


def _write(path: Path, results: Sequence[Result], wrong: Sequence[OnbeatError]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(write_junit(results, [str(problem) for problem in wrong]))
    except OSError as problem:
        raise UserError(f"{path} cannot be written: {problem.strerror}") from None


def _json(result: Result) -> dict[str, object]:
    return {
        "file": str(result.file),
        "test": result.id,
        "result": "skipped" if result.skipped else "failed" if result.failures else "passed",
        "failures": list(result.failures),
        "seconds": round(result.seconds, 4),
        "virtual": result.took,
        "ran": list(result.notes),
    }
