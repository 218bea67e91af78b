"""`onbeat flows …` against a real daemon."""

import json

import pytest

from tests.cli.conftest import FLOWS


def test_flows_are_listed(onbeat, daemon):
    """With revision, triggers and file."""
    rows = [line.split() for line in onbeat("flows", "list", data=daemon.data).stdout.splitlines()]
    assert rows[0] == ["FLOW", "REVISION", "TRIGGERS", "FILE"]
    assert ["shop.heard", "1", "on_order", str(daemon.flows / "heard.yaml")] in rows
    found = json.loads(onbeat("flows", "list", "--json", data=daemon.data).stdout)
    assert set(FLOWS) <= {flow["id"] for flow in found["results"]}


@pytest.mark.parametrize("name", ["shop.greet", "greet"])
def test_a_flow_is_shown_as_its_file_has_it(onbeat, daemon, name: str):
    """By its whole name, or by its id where that is enough."""
    assert onbeat("flows", "show", name, data=daemon.data).stdout.strip() == FLOWS["greet"].strip()
    assert json.loads(onbeat("flows", "show", name, "--json", data=daemon.data).stdout)["id"] == "greet"


@pytest.mark.parametrize("command", ["show", "run"])
def test_an_unknown_flow_is_answered_with_the_nearest(onbeat, daemon, command: str):
    """Exit code 2."""
    result = onbeat("flows", command, "shop.great", data=daemon.data)
    assert (result.exit_code, result.stderr) == (2, "there is no flow `shop.great`; did you mean `shop.greet`?\n")


def test_a_flow_is_run_and_followed(onbeat, daemon):
    """To its end, with the exit code it deserves."""
    result = onbeat("flows", "run", "greet", "-i", "name=Ada", data=daemon.data)
    assert result.exit_code == 0, result.stderr
    assert "Hello, Ada!" in result.stdout
    end = json.loads(onbeat("flows", "run", "greet", "-i", "name=Ada", "--json", data=daemon.data).stdout)
    assert end["state"]["current"] == "SUCCESS"


def test_a_run_that_fails_is_exit_code_1(onbeat, daemon):
    """So that a script stops."""
    result = onbeat("flows", "run", "heard", "-i", 'order={"id": 1, "bad": true}', data=daemon.data)
    assert result.exit_code == 1


def test_a_flow_is_started_without_waiting(onbeat, daemon, client):
    """Only the id is printed."""
    id_ = onbeat("flows", "run", "greet", "-i", "name=x", "--no-follow", data=daemon.data).stdout.strip()
    assert client.get(f"/executions/{id_}")["flowId"] == "greet"
    assert json.loads(onbeat("flows", "run", "greet", "-i", "name=x", "--no-follow", "--json", data=daemon.data).stdout)["id"]


def test_wrong_inputs_start_nothing(onbeat, daemon):
    """Exit code 2, with the input's name."""
    result = onbeat("flows", "run", "greet", data=daemon.data)
    assert (result.exit_code, result.stdout, "`name`" in result.stderr) == (2, "", True)
    assert onbeat("flows", "run", "greet", "-i", "name", data=daemon.data).exit_code == 2
