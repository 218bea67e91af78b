"""`onbeat executions …` against a real daemon."""

import json

import pytest

from onbeat.cli.client import API, Client
from tests.services.process import wait_until


def started(client: Client, flow: str, **inputs: object) -> str:
    """The id of a new execution."""
    return client.call("POST", f"{API}/executions/shop/{flow}", inputs)["id"]


def wait_for(client: Client, execution: str, state: str) -> None:
    """Until the execution is in that state."""
    wait_until(lambda: client.get(f"/executions/{execution}")["state"]["current"] == state, 20, f"{execution} is {state}")


def test_executions_are_listed_by_what_is_asked(onbeat, daemon, client):
    """Newest first; filters by flow, namespace and state, in any case."""
    ids = [started(client, "greet", name=name) for name in ("a", "b")]
    for execution in ids:
        wait_for(client, execution, "SUCCESS")
    arguments = ("executions", "list", "-f", "greet", "-n", "shop", "-s", "success", "--limit", "2")
    found = json.loads(onbeat(*arguments, "--json", data=daemon.data).stdout)
    assert [each["id"] for each in found["results"]] == ids[::-1]
    table = onbeat(*arguments, data=daemon.data).stdout.splitlines()
    assert table[0].split() == ["STATE", "FLOW", "EXECUTION", "STARTED", "TOOK", "TRIGGER"]
    assert table[1].split()[:3] == ["SUCCESS", "shop.greet", ids[1]]


def test_a_list_without_rows_is_empty_on_stdout(onbeat, daemon):
    """So that a script sees nothing."""
    result = onbeat("executions", "list", "-n", "nobody", data=daemon.data)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "no executions\n")


def test_an_execution_is_shown_with_its_tasks_and_logs(onbeat, daemon, client):
    """States, outputs, log lines; --json is what the API says."""
    execution = started(client, "greet", name="Ada")
    wait_for(client, execution, "SUCCESS")
    shown = onbeat("executions", "show", execution, data=daemon.data).stdout
    assert f"shop.greet {execution}, revision 1" in shown
    assert 'inputs: {"name": "Ada"}' in shown
    assert '{"value": "Hello, Ada!"}' in shown
    assert json.loads(onbeat("executions", "show", execution, "--json", data=daemon.data).stdout)["id"] == execution
    assert "hello  Hello, Ada!" in onbeat("executions", "logs", execution, data=daemon.data).stdout
    (line,) = json.loads(onbeat("executions", "logs", execution, "--json", data=daemon.data).stdout)
    assert (line["taskId"], line["message"]) == ("hello", "Hello, Ada!")


def test_an_execution_that_failed_shows_its_error_and_is_restarted(onbeat, daemon, client):
    """The error is in the page; restart runs the failed task again."""
    execution = client.call("POST", f"{API}/events/orders", {"id": 31, "bad": True})["executions"][0]
    wait_for(client, execution, "FAILED")
    assert "error: a bad order" in onbeat("executions", "show", execution, data=daemon.data).stdout
    assert onbeat("executions", "restart", execution, data=daemon.data).exit_code == 0
    wait_for(client, execution, "FAILED")
    states = [each["state"] for each in client.get(f"/executions/{execution}")["state"]["histories"]]
    assert states.count("FAILED") == 2
    followed = onbeat("executions", "follow", execution, data=daemon.data).stdout
    assert followed.count("FAILED    shop.heard\n") == 2


def test_a_paused_execution_is_resumed_with_answers(onbeat, daemon, client):
    """Wrong or missing ones leave it paused, with exit code 2."""
    execution = started(client, "asks")
    wait_for(client, execution, "PAUSED")
    wrong = onbeat("executions", "resume", execution, "-i", "approved=maybe", data=daemon.data)
    assert (wrong.exit_code, "approved" in wrong.stderr) == (2, True)
    assert onbeat("executions", "resume", execution, "-i", "approved=true", data=daemon.data).exit_code == 0
    wait_for(client, execution, "SUCCESS")
    again = onbeat("executions", "resume", execution, data=daemon.data)
    assert (again.exit_code, "not PAUSED" in again.stderr) == (4, True)


def test_what_was_done_is_repeated(onbeat, daemon, client):
    """From the start, or from a task on, as a new execution whose id is printed; a task that there is not is told with the nearest."""
    execution = started(client, "greet", name="Ada")
    wait_for(client, execution, "SUCCESS")
    for more in ((), ("--from", "hello"), ("--from", f"{execution}-1", "--revision", "1")):
        again, state = onbeat("executions", "replay", execution, *more, data=daemon.data).stdout.split()
        assert state == ("RESTARTED" if more else "CREATED")
        wait_for(client, again, "SUCCESS")
        assert client.get(f"/executions/{again}")["parentId"] == execution
    wrong = onbeat("executions", "replay", execution, "--from", "helo", data=daemon.data)
    assert (wrong.exit_code, wrong.stdout) == (2, "")
    assert wrong.stderr == f"execution {execution} has run no task `helo`; did you mean `hello`?\n"
    assert onbeat("executions", "replay", execution, "--revision", "99", data=daemon.data).exit_code == 2


def test_a_task_that_ran_more_than_once_is_named_by_its_run(onbeat, daemon, client):
    """The message says which there are, with their values."""
    execution = started(client, "each")
    wait_for(client, execution, "SUCCESS")
    wrong = onbeat("executions", "replay", execution, "--from", "say", data=daemon.data)
    assert (wrong.exit_code, wrong.stdout) == (2, "")
    assert wrong.stderr == f"task `say` ran 2 times; say which run is meant: {execution}-2 (a), {execution}-3 (b)\n"


def test_the_state_of_what_ended_is_set(onbeat, daemon, client):
    """Of a task: what follows goes on. Of the execution: it is that. In any case; what is no end is refused."""
    execution = client.call("POST", f"{API}/events/orders", {"id": 32, "bad": True})["executions"][0]
    wait_for(client, execution, "FAILED")
    done = onbeat("executions", "set-state", execution, "success", "--task", "refuse", data=daemon.data)
    assert done.stdout.split() == [execution, "RESTARTED"]
    wait_for(client, execution, "SUCCESS")
    assert onbeat("executions", "set-state", execution, "WARNING", data=daemon.data).stdout.split() == [execution, "WARNING"]
    wrong = onbeat("executions", "set-state", execution, "HAPPY", data=daemon.data)
    assert (wrong.exit_code, "`HAPPY` is no state" in wrong.stderr) == (2, True)


def test_an_approval_is_decided(onbeat, daemon, client):
    """With a comment and answers; a decision that there is not leaves it waiting."""
    execution = started(client, "decides")
    wait_for(client, execution, "PAUSED")
    wrong = onbeat("executions", "review", execution, "MAYBE", data=daemon.data)
    assert (wrong.exit_code, "APPROVED, DENIED" in wrong.stderr) == (2, True)
    done = onbeat("executions", "review", execution, "APPROVED", "-m", "fine", "-i", "amount=5", data=daemon.data)
    assert done.exit_code == 0
    wait_for(client, execution, "SUCCESS")
    outputs = client.get(f"/executions/{execution}")["taskRunList"][0]["outputs"]
    assert (outputs["decision"], outputs["comment"], outputs["inputs"]) == ("APPROVED", "fine", {"amount": 5})


def test_an_execution_is_killed_once(onbeat, daemon, client):
    """A second kill is refused: it has ended."""
    execution = started(client, "slow")
    wait_for(client, execution, "RUNNING")
    assert onbeat("executions", "kill", execution, data=daemon.data).exit_code == 0
    wait_for(client, execution, "KILLED")
    again = onbeat("executions", "kill", execution, data=daemon.data)
    assert (again.exit_code, "has ended already" in again.stderr) == (4, True)


def test_pause_is_refused_for_what_has_ended(onbeat, daemon, client):
    """Exit code 4, with the state it is in."""
    execution = started(client, "greet", name="x")
    wait_for(client, execution, "SUCCESS")
    result = onbeat("executions", "pause", execution, data=daemon.data)
    assert (result.exit_code, "SUCCESS" in result.stderr) == (4, True)


def test_an_execution_is_followed_to_its_end(onbeat, daemon, client):
    """Also one that has ended already."""
    execution = started(client, "greet", name="Eve")
    result = onbeat("executions", "follow", execution, data=daemon.data)
    assert result.exit_code == 0
    assert f"shop.greet {execution}: SUCCESS" in result.stdout


@pytest.mark.parametrize("action", ["show", "logs", "kill", "pause", "resume", "restart", "replay", "follow"])
def test_an_unknown_execution_is_said_to_be_unknown(onbeat, daemon, action: str):
    """Exit code 2, one sentence, nothing on stdout."""
    result = onbeat("executions", action, "nothing", data=daemon.data)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", "there is no execution nothing\n")
