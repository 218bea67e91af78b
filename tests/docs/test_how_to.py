"""The flows of the how-to pages do what the pages say of them.

A page shows a flow and says how it ends. tests/docs/how_to/PAGE.yaml has flow tests for each flow of a page, by its id; here the flows are
taken from the page word for word and their tests played.

Rules
1. A page that has such a file has tests for all of its flows, and for no other.
"""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import yaml

from onbeat.daemon import running
from onbeat.settings import Settings
from onbeat.testing.case import Player
from onbeat.testing.library import Library
from onbeat.testing.read import read_tests
from onbeat.testing.virtual import VirtualLoop
from tests.docs.markdown import blocks

HERE = Path(__file__).resolve().parent
HOW_TO = HERE.parents[1] / "docs" / "how-to"
PLAYED = {path.stem: yaml.safe_load(path.read_text()) for path in sorted((HERE / "how_to").glob("*.yaml"))}
"""The tests of the flows of each page, by their ids."""
CASES = [
    pytest.param(page, flow, case["id"], id=f"{page}-{flow}-{case['id']}")
    for page in PLAYED
    for flow, tests in PLAYED[page].items()
    for case in tests["tests"]
]


def flows_of(page: Path) -> dict[str, str]:
    """The whole flows of a page by their ids."""
    found: dict[str, str] = {}
    for block in blocks(page, "yaml"):
        given = yaml.safe_load(block.text)
        if isinstance(given, dict) and {"id", "namespace", "tasks"} <= given.keys():
            assert given["id"] not in found, f"{given['id']} is twice on {page.name}"
            found[given["id"]] = block.text
    return found


@pytest.mark.parametrize("page", PLAYED)
def test_every_flow_of_a_page_has_tests(page: str) -> None:
    """And each of them is on it."""
    assert PLAYED[page].keys() == flows_of(HOW_TO / f"{page}.md").keys()


@pytest.mark.parametrize(("page", "flow", "case"), CASES)
def test_a_flow_does_what_its_page_says(page: str, flow: str, case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Played beside all flows of the page."""
    for name, text in flows_of(HOW_TO / f"{page}.md").items():
        (tmp_path / f"{name}.yaml").write_text(text)
    given: dict[str, Any] = {"flow": f"{flow}.yaml", **PLAYED[page][flow]}
    path = tmp_path / f"{flow}.test.yaml"
    path.write_text(yaml.safe_dump(given))
    tests = read_tests(path)
    (played,) = [each for each in tests.cases if each.case.id == case]
    monkeypatch.chdir(tmp_path)
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        result = runner.run(Player(running, Settings(), Library([tmp_path])).play(tests, played))
    assert result.failures == ()
