"""`onbeat triggers …` against a real daemon."""

import json


def test_triggers_are_listed_with_their_state(onbeat, daemon):
    """Whether it listens, and what it starts."""
    rows = [line.split() for line in onbeat("triggers", "list", data=daemon.data).stdout.splitlines()]
    assert rows[1][:4] == ["ready", "shop.heard.on_order", "core.trigger.Event", "shop.heard"]
    found = json.loads(onbeat("triggers", "list", "--json", data=daemon.data).stdout)
    assert found["results"][0]["triggerId"] == "on_order"


def test_a_trigger_is_disabled_and_enabled(onbeat, daemon, client):
    """By its id or its whole name; what comes meanwhile starts nothing."""
    name = "shop.heard.on_order"
    result = onbeat("triggers", "disable", "on_order", data=daemon.data)
    assert (result.exit_code, result.stdout) == (0, f"trigger {name} is disabled\n")
    (row,) = [line for line in onbeat("triggers", "list", data=daemon.data).stdout.splitlines() if name in line]
    assert row.split()[0] == "disabled"
    assert client.call("POST", "/api/v1/events/orders", {"id": 1})["executions"] == []
    found = json.loads(onbeat("triggers", "enable", name, "--json", data=daemon.data).stdout)
    assert found["disabled"] is False


def test_an_unknown_trigger_is_answered_with_the_nearest(onbeat, daemon):
    """Exit code 2."""
    result = onbeat("triggers", "disable", "shop.heard.on_ordr", data=daemon.data)
    assert result.exit_code == 2
    assert "did you mean `shop.heard.on_order`?" in result.stderr
