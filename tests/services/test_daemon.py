"""The daemon as a process: found healthy, asked with its token, killed and started again."""

import http.client
from pathlib import Path

import pytest

from tests.services.daemon import Daemon
from tests.services.process import ServiceFailed


def test_a_daemon_goes_on_with_its_data_after_kill_and_stop(new_daemon):
    """Healthy after each start, the same port and token after a crash, and exit code 0 after SIGTERM."""
    daemon = new_daemon().start()
    token = daemon.token
    assert daemon.healthy()
    daemon.kill()
    assert not daemon.healthy()
    daemon.start()
    assert daemon.token == token
    assert daemon.stop() == 0


def test_calls_carry_the_token_that_the_daemon_made(new_daemon):
    """Access is on: the same call without the token is refused."""
    daemon = new_daemon().start()
    path = "/api/v1/main/executions/search"
    assert daemon.api("GET", path).status == http.client.OK
    assert daemon.request("GET", path).status == http.client.UNAUTHORIZED


def test_a_daemon_that_cannot_start_says_why(new_daemon):
    """A test that gave a wrong option reads the daemon's own words, at once."""
    with pytest.raises(ServiceFailed, match=r"ended with 2 before it was ready(.|\n)*--no-such-option"):
        new_daemon(arguments=["--no-such-option"]).start()


def test_settings_come_from_the_test_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Rule 1: what is set for the person who runs the tests does not change what they test."""
    monkeypatch.setenv("ONBEAT_AUTH", "none")
    daemon = Daemon(tmp_path, env={"ONBEAT_BUS": "embedded"})
    assert daemon.process.env is not None
    assert {name: value for name, value in daemon.process.env.items() if name.startswith("ONBEAT_")} == {"ONBEAT_BUS": "embedded"}
