"""Kestra's own Python clients, unchanged, against a real daemon."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.kestra.calls import CALLS, FLOWS
from tests.kestra.meaning import called, without
from tests.services.daemon import Daemon
from tests.services.kestrapy import CHECKOUT, VERSIONS


@pytest.fixture(scope="module", params=VERSIONS)
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What a client's run says, line by line, against a daemon with the flows of the calls."""
    daemon = Daemon(tmp_path_factory.mktemp("kestra"))
    for name, text in FLOWS.items():
        daemon.add_flow(name, text)
    daemon.start()
    token = (daemon.data / "admin-token").read_text().strip()
    command = [sys.executable, "-W", "ignore", "-m", "tests.kestra.run", request.param, daemon.url, token]
    try:
        done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=300)
    finally:
        daemon.kill()
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_every_method_that_has_a_meaning_works(told: list[dict[str, Any]]) -> None:
    """None fails, none is left out."""
    found = [line for line in told if "call" in line]
    assert {line["call"]: line["wrong"] for line in found if line["wrong"] is not None} == {}
    assert len(found) == len(CALLS)


def test_every_method_is_called_or_has_no_meaning(told: list[dict[str, Any]]) -> None:
    """One or the other, never neither: the table in the documentation is whole."""
    methods = told[0]["methods"]
    assert len(methods) > 200
    assert [each for each in methods if (each in called()) is (without(each) is not None)] == []


def test_nothing_is_said_of_methods_that_are_not_there() -> None:
    """Each that is called, or said to have no meaning, is in one of the versions."""
    assert len(called()) > 150


def test_the_folder_is_kept_apart(tmp_path: Path) -> None:
    """No client can be imported by accident: two versions cannot be in one environment."""
    done = subprocess.run([sys.executable, "-c", "import kestrapy"], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode != 0
