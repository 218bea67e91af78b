"""The programs of how-to/python-client.md run as they stand there, and a type checker at its strictest has nothing to say."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.markdown import blocks
from tests.services.daemon import Daemon

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "python-client.md"
PROGRAMS = list(blocks(PAGE, "python"))
SAID = (
    ["{'total': 6}"],
    ["started ['", "price SUCCESS", "{'customer': 'Ada', 'count': 5}"],
    ["[{'total': 3}, {'total': 3}, {'total': 3}]", "1 for Ada"],
    ["shop.price 2", "1.08 ['rate']", "shop.price.on_order ready None"],
)
"""What each of them prints, among other things."""


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with the page's flow."""
    made = Daemon(tmp_path_factory.mktemp("python-client"))
    (flow,) = blocks(PAGE, "yaml")
    made.add_flow("price", flow.text)
    with made:
        yield made


@pytest.mark.parametrize("number", range(len(SAID)))
def test_a_program_does_what_the_page_says(number: int, daemon: Daemon):
    """As a program of its own, with the daemon in its environment."""
    assert len(PROGRAMS) == len(SAID)
    program, said = PROGRAMS[number], SAID[number]
    env = {**os.environ, "ONBEAT_SERVER": daemon.url, "ONBEAT_TOKEN": daemon.token}
    done = subprocess.run([sys.executable, "-W", "error", "-c", program.text], env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert [text for text in said if text not in done.stdout] == []


def test_a_type_checker_has_nothing_to_say(tmp_path: Path):
    """mypy --strict, on each of them; it does find what is wrong."""
    for number, program in enumerate(PROGRAMS):
        (tmp_path / f"program_{number}.py").write_text(program.text)
    (tmp_path / "wrong.py").write_text(
        "from onbeat.client import Client\n\nwith Client() as client:\n    client.start('shop').outputs.total\n"
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", os.devnull, "--cache-dir", str(tmp_path / "cache"), str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    found = [line for line in done.stdout.splitlines() if ": error:" in line]
    assert found != []
    assert [line for line in found if "wrong.py" not in line] == []
