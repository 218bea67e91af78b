"""`onbeat events …` against a real daemon."""

import json

from onbeat.cli.client import API


def test_topics_are_listed_with_those_that_triggers_wait_for(onbeat, daemon, client):
    """And how many events each holds."""
    client.call("POST", f"{API}/events/listed", 1)
    rows = [line.split() for line in onbeat("events", "topics", data=daemon.data).stdout.splitlines()]
    assert ["listed", "1"] in rows
    assert {"orders", "onbeat.executions"} <= {row[0] for row in rows}
    found = json.loads(onbeat("events", "topics", "--json", data=daemon.data).stdout)
    assert {"topic": "listed", "records": 1} in found["topics"]


def test_an_event_is_explained(onbeat, daemon, client):
    """What started, and why another started nothing."""
    good, bad = (client.call("POST", f"{API}/events/orders", {"id": number}) for number in (41, -1))
    shown = onbeat("events", "explain", f"orders/{good['id']}", data=daemon.data).stdout
    assert good["executions"][0] in shown
    shown = onbeat("events", "explain", bad["id"], data=daemon.data).stdout
    assert "condition false" in shown
    assert '{"id":-1}' in shown
    found = json.loads(onbeat("events", "explain", bad["id"], "--json", data=daemon.data).stdout)
    assert found["triggers"][0]["result"] == "condition false"


def test_an_unknown_event_is_said_to_be_unknown(onbeat, daemon):
    """Exit code 2, with the nearest topic."""
    result = onbeat("events", "explain", "ordrs/x", data=daemon.data)
    assert (result.exit_code, "did you mean" in result.stderr) == (2, True)


PICKY = """
id: picky
namespace: shop
inputs:
  - id: n
    type: INT
    max: {most}
tasks:
  - id: say
    type: core.debug.Return
    format: "{{{{ inputs.n }}}}"
triggers:
  - id: on_picky
    type: core.trigger.Event
    topic: picky
    inputs:
      n: "{{{{ trigger.data }}}}"
"""


def test_a_dead_event_is_listed_shown_and_replayed_once_its_cause_is_mended(onbeat, daemon, client):
    """What the flow refuses is kept whole; when the flow takes it, a replay starts it."""
    daemon.add_flow("picky", PICKY.format(most=1))
    daemon.until(lambda: any(flow["id"] == "picky" for flow in client.get("/flows/search")["results"]), "picky is served")
    answer = client.call("POST", f"{API}/events/picky", 7)
    assert answer["executions"] == []
    rows = json.loads(onbeat("events", "dead", "list", "--json", data=daemon.data).stdout)["results"]
    (dead,) = [row for row in rows if row["key"].endswith(answer["id"])]
    assert dead["id"] in onbeat("events", "dead", "list", data=daemon.data).stdout
    assert json.loads(onbeat("events", "dead", "show", dead["id"], data=daemon.data).stdout)["event"]["data"] == 7
    daemon.add_flow("picky", PICKY.format(most=9))
    daemon.until(lambda: client.get("/flows/shop/picky")["revision"] == 2, "the mended flow is served")
    result = onbeat("events", "dead", "replay", dead["id"], data=daemon.data)
    assert (result.exit_code, result.stdout.startswith("started ")) == (0, True), result.stderr


def test_an_unknown_dead_event_is_said_to_be_unknown(onbeat, daemon):
    """Exit code 2."""
    for action in ("show", "replay"):
        assert onbeat("events", "dead", action, "nothing", data=daemon.data).exit_code == 2
