"""The tests that are shipped beside the example flows pass, and so does what the page about them shows."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from onbeat.daemon import running
from onbeat.settings import Settings
from onbeat.testing.case import Player
from onbeat.testing.library import Library, files_of_tests
from onbeat.testing.read import read_tests
from onbeat.testing.virtual import VirtualLoop
from tests.docs.markdown import Block, blocks

CHECKOUT = Path(__file__).resolve().parents[2]
FLOWS = CHECKOUT / "flows"
PAGE = CHECKOUT / "docs" / "how-to" / "test-flows.md"
SHIPPED = [(tests, case) for tests in map(read_tests, files_of_tests([FLOWS])) for case in tests.cases]


@pytest.mark.parametrize(("tests", "case"), [pytest.param(*each, id=f"{each[0].path.name}-{each[1].case.id}") for each in SHIPPED])
def test_each_passes(tests, case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """As `onbeat test` plays it, from a folder that is not the checkout."""
    monkeypatch.chdir(tmp_path)
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        result = runner.run(Player(running, Settings(), Library()).play(tests, case))
    assert result.failures == ()


def test_each_example_has_one():
    """Whoever copies an example finds out how it is tested."""
    tested = {path.name.removesuffix(".test.yaml") for path in files_of_tests([FLOWS])}
    assert {path.stem for path in FLOWS.glob("*.yaml") if not path.name.endswith(".test.yaml")} - tested == set()


def named(block: Block) -> str | None:
    """The file that a block says it is: `# flows/x.yaml` in its first line."""
    first = block.text.partition("\n")[0]
    return first.removeprefix("# ").strip() if first.startswith("# ") and first.endswith((".yaml", ".py")) else None


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the files of the page."""
    for block in blocks(PAGE):
        name = named(block)
        if name is not None:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            assert not path.exists(), f"{name} is twice on the page"
            path.write_text(block.text)
    return tmp_path


def test_what_the_page_shows_passes(project: Path):
    """Its flows and tests, word for word, by the command and by pytest."""
    done = subprocess.run([sys.executable, "-m", "onbeat", "test"], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    files = [yaml.safe_load(path.read_bytes()) for path in project.rglob("*.test.yaml")]
    wanted = sum(len(file.get("tests", file.get("testCases"))) for file in files)
    assert done.stdout.splitlines()[-1].startswith(f"{wanted} passed in ")
    plugins = ["-p", "onbeat.cli.pytest_plugin", "-p", "pytest_asyncio.plugin", "-p", "no:cacheprovider"]
    python = sum(path.read_text().count("def test_") for path in project.rglob("test_*.py"))
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, "-q", "-o", "asyncio_mode=auto"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )
    assert f"{wanted + python} passed" in ran.stdout, ran.stdout + ran.stderr


def test_every_yaml_of_the_page_is_a_file_of_it():
    """So that none is there that no test runs."""
    assert [block.line for block in blocks(PAGE, "yaml") if named(block) is None] == []
