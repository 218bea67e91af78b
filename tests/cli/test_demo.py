"""`onbeat demo`: the tour on a real daemon."""

import os
import signal
import sys
from pathlib import Path

import pytest

from onbeat.cli import demo
from onbeat.errors import OutsideError
from tests.services.process import Process


@pytest.fixture
def started(tmp_path: Path):
    """Starts the demo in a folder of its own; it ends with the test."""
    made: list[Process] = []

    def start(*arguments: str) -> Process:
        command = [sys.executable, "-m", "onbeat", "demo", "--port", "0", *arguments]
        made.append(Process("onbeat demo", command, tmp_path / "log", cwd=tmp_path))
        made[-1].start()
        return made[-1]

    yield start
    for process in made:
        process.close()


def test_once_shows_every_step_and_succeeds(started, tmp_path: Path):
    """Rules 1 and 2: the commands to type, the states of all three executions, exit code 0; nothing is left."""
    process = started("--once")
    assert process.wait(110) == 0, process.tail(200)
    shown = process.tail(200)
    for command in ("onbeat init", "onbeat serve", "onbeat publish orders", "curl -X POST http://127.0.0.1:", "> inbox/hello.txt"):
        assert f"  $ {command}" in shown or command in shown
    for flow in ("order_received", "webhook_hello", "file_arrived"):
        for state in ("CREATED", "RUNNING", "SUCCESS"):
            assert f"{state:9}  demo.{flow}" in shown
    assert "All three ended in SUCCESS." in shown
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_it_keeps_serving_until_it_is_stopped(started, tmp_path: Path):
    """With --keep its folder stays, and can be shown again; SIGTERM stops the daemon too."""
    process = started("--keep")
    process.wait_ready(lambda: "All three ended in SUCCESS." in process.tail(200), 110)
    place = tmp_path / demo.FOLDER / demo.DATA / "server.json"
    assert place.exists()
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait(60) == 0
    assert not place.exists()


def test_a_daemon_that_does_not_come_up_is_shown_with_its_log(tmp_path: Path):
    """Whoever runs the demo need not look for it."""
    (tmp_path / "onbeat.yaml").write_text("auth: nobody\n")
    with pytest.raises(OutsideError, match=r"did not come up(.|\n)*ONBEAT_AUTH"), demo.serving(tmp_path, 0):
        pass


def test_a_step_that_does_not_end_fails_the_demo(client, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Rule 3: it is given up after a while, and said."""
    monkeypatch.setattr(demo, "PATIENCE", 0.1)
    tail = demo.Tail(client)
    assert demo._tried(client, tail, "nothing", lambda: None) is False
    tail.stopped = True
    assert "no execution of nothing ended within 0.1 s" in capsys.readouterr().err
