"""Publish, follow, tail: against a real daemon."""

import json
from pathlib import Path

import pytest

from onbeat.cli.client import API
from onbeat.cli.follow import event_line, read_event
from onbeat.errors import UserError


def lines(text: str) -> list[dict]:
    """JSON lines."""
    return [json.loads(line) for line in text.splitlines()]


def test_an_event_that_is_published_started_its_flow(onbeat, daemon, client):
    """Rule 1: the execution that is named is there."""
    result = onbeat("publish", "orders", '{"id": 11}', "--json", data=daemon.data)
    assert result.exit_code == 0, result.stderr
    (execution,) = json.loads(result.stdout)["executions"]
    assert client.get(f"/executions/{execution}")["inputs"] == {"order": {"id": 11}}


def test_the_same_id_again_is_a_duplicate(onbeat, daemon):
    """It is success, and starts nothing new."""
    first, second = (onbeat("publish", "orders", '{"id": 12}', "--id", "twice", "--json", data=daemon.data) for _ in range(2))
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert json.loads(second.stdout) == {**json.loads(first.stdout), "duplicate": True}
    assert "it was there already" in onbeat("publish", "orders", '{"id": 12}', "--id", "twice", data=daemon.data).stdout


@pytest.mark.parametrize("way", ["option", "environment"])
def test_an_event_is_part_of_a_trace(onbeat, daemon, monkeypatch, way):
    """Given, or in the environment as other tools leave it: the state events of what it started name it."""
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    if way == "environment":
        monkeypatch.setenv("TRACEPARENT", trace)
    more = ["--traceparent", trace] if way == "option" else []
    published = onbeat("publish", "orders", '{"id": 15}', "--json", *more, data=daemon.data)
    (execution,) = json.loads(published.stdout)["executions"]
    tailed = onbeat("tail", "--from", "earliest", "--execution", execution, "--count", "1", "--json", data=daemon.data)
    assert json.loads(tailed.stdout)["traceparent"] == trace


def test_follow_shows_what_the_event_started_until_it_has_ended(onbeat, daemon):
    """Rule 2: states, task states and log lines, in order of time, then the end."""
    result = onbeat("publish", "orders", '{"id": 13}', "--follow", data=daemon.data)
    assert result.exit_code == 0, result.stderr
    shown = [line.split("  ", 1)[1] for line in result.stdout.splitlines() if line[2:3] == ":"]
    assert [" ".join(line.split()) for line in shown if "hop.heard" in line or "order 13" in line] == [
        "CREATED shop.heard",
        "RUNNING shop.heard",
        "INFO order 13",
        "SUCCESS shop.heard",
    ]
    assert result.stdout.splitlines()[-1] == 'outputs {"order": 13}'


def test_follow_fails_when_what_it_started_fails(onbeat, daemon):
    """Rule 2: exit code 1, and the error is shown."""
    result = onbeat("publish", "orders", '{"id": 14, "bad": true}', "--follow", data=daemon.data)
    assert result.exit_code == 1
    assert "a bad order" in result.stdout.splitlines()[-2]


def test_a_topic_that_starts_nothing_is_answered_with_the_nearest(onbeat, daemon):
    """The event is kept, so it is no failure; a typing error is found nevertheless."""
    result = onbeat("publish", "oorders", '{"id": 15}', "--follow", data=daemon.data)
    assert result.exit_code == 0
    assert "did you mean `orders`?" in result.stderr
    assert "onbeat events explain oorders/" in result.stderr


@pytest.mark.parametrize("given", ["{id: 7}", "hello", "", "NaN", "-Infinity"])
def test_what_is_not_json_is_refused_with_the_cure(onbeat, given: str):
    """Before a daemon is asked for anything."""
    with pytest.raises(UserError, match="is not JSON") as caught:
        read_event(given)
    assert """'{"id": 7}'""" in str(caught.value)


def test_an_event_can_come_from_stdin_or_a_file(onbeat, daemon, client, tmp_path: Path):
    """`-` and `@file`; a file that is not there is said to be missing."""
    (tmp_path / "event.json").write_text('{"id": 17}')
    for given, stdin, number in (("-", '{"id": 16}', 16), (f"@{tmp_path / 'event.json'}", None, 17)):
        result = onbeat("publish", "orders", given, "--json", data=daemon.data, stdin=stdin)
        (execution,) = json.loads(result.stdout)["executions"]
        assert client.get(f"/executions/{execution}")["inputs"] == {"order": {"id": number}}
    result = onbeat("publish", "orders", "@/nowhere.json", data=daemon.data)
    assert (result.exit_code, "cannot be read" in result.stderr) == (2, True)


def test_a_topic_is_tailed_from_where_it_is_said(onbeat, daemon, client):
    """From the first, or after a position."""
    for number in range(3):
        client.call("POST", f"{API}/events/tailed", {"n": number})
    first = lines(onbeat("tail", "tailed", "--from", "earliest", "-c", "3", "--json", data=daemon.data).stdout)
    assert [event["data"]["n"] for event in first] == [0, 1, 2]
    assert all(event["specversion"] == "1.0" for event in first)
    frames = client.stream(f"{API}/events/tailed/tail", {"from": "earliest"})
    position = next(frames).id
    frames.close()
    (second,) = lines(onbeat("tail", "tailed", "--from", position, "-c", "1", "--json", data=daemon.data).stdout)
    assert second["data"]["n"] == 1
    assert onbeat("tail", "tailed", "--from", "yesterday", data=daemon.data).exit_code == 2


def test_an_execution_is_tailed_to_its_end(onbeat, daemon):
    """Its state events in order, without a gap, also when it has ended already."""
    started = json.loads(onbeat("publish", "orders", '{"id": 18}', "--json", data=daemon.data).stdout)["executions"][0]
    events = lines(onbeat("tail", "--execution", started, "--json", data=daemon.data).stdout)
    assert [event["data"]["state"] for event in events] == ["CREATED", "RUNNING", "SUCCESS"]
    assert [int(event["sequence"]) for event in events] == [1, 2, 3]
    pretty = onbeat("tail", "--execution", started, data=daemon.data).stdout.splitlines()
    assert "by trigger on_order" in pretty[0]
    unknown = onbeat("tail", "--execution", "nothing", data=daemon.data)
    assert (unknown.exit_code, "there is no execution nothing" in unknown.stderr) == (2, True)


def test_an_unknown_topic_is_answered_with_the_nearest(onbeat, daemon):
    """Exit code 2."""
    result = onbeat("tail", "onbeat.executionss", data=daemon.data)
    assert result.exit_code == 2
    assert "did you mean `onbeat.executions`?" in result.stderr


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        (
            {
                "type": "io.onbeat.event",
                "time": "2026-01-01T00:00:00Z",
                "subject": "t",
                "id": "i",
                "data": {"a": "\x1b"},
                "partitionkey": "k",
            },
            't [k]  {"a": "\\u001b"}  i',
        ),
        (
            {
                "type": "io.onbeat.execution.failed",
                "time": "2026-01-01T00:00:00Z",
                "data": {
                    "state": "FAILED",
                    "namespace": "n",
                    "flowId": "f",
                    "executionId": "e",
                    "error": "no",
                    "durationMs": 1500,
                    "parentId": "p",
                },
            },
            "FAILED     n.f  e  by p  1.5 s  no",
        ),
        (
            {
                "type": "io.onbeat.execution.created",
                "time": "2026-01-01T00:00:00Z",
                "data": {"state": "CREATED", "namespace": "n", "flowId": "f", "executionId": "e"},
            },
            "CREATED    n.f  e  by hand",
        ),
    ],
    ids=["event", "failed subflow", "by hand"],
)
def test_an_event_is_one_line(event: dict, shown: str):
    """Who, what, why; nothing in it moves the cursor."""
    line = event_line(event)
    for sequence in ("\x1b[0m", "\x1b[2m", "\x1b[31m"):
        line = line.replace(sequence, "")
    assert line[14:] == shown
