"""`onbeat tokens …` against a real daemon."""

import json


def test_a_token_is_made_used_listed_and_revoked(onbeat, daemon, monkeypatch):
    """Its text alone is on stdout, so that a script can keep it; it may what its scopes say, until it is taken back."""
    made = onbeat("tokens", "create", "cli-ci", "--scope", "read,run:shop@orders.*", "--days", "30", data=daemon.data)
    assert made.exit_code == 0, made.stderr
    text = made.stdout.strip()
    id_ = text.split("_")[1]
    assert made.stderr.startswith(f"{id_} expires 20")
    rows = [row.split() for row in onbeat("tokens", "list", data=daemon.data).stdout.splitlines() if id_ in row]
    assert rows[0][:4] == [id_, "cli-ci", "admin-token", "read,run:shop@orders.*"]
    with monkeypatch.context() as other:
        other.setenv("ONBEAT_TOKEN", text)
        assert onbeat("flows", "list", data=daemon.data).exit_code == 0
        assert onbeat("users", "list", data=daemon.data).exit_code == 4
    assert onbeat("tokens", "revoke", id_, data=daemon.data).exit_code == 0
    monkeypatch.setenv("ONBEAT_TOKEN", text)
    assert onbeat("flows", "list", data=daemon.data).exit_code == 4


def test_a_token_may_live_for_ever_and_belong_to_somebody(onbeat, daemon):
    """Both are said."""
    onbeat("users", "add", "cli.tom", "--no-password", data=daemon.data)
    made = json.loads(onbeat("tokens", "create", "bot", "--forever", "--user", "cli.tom", "--json", data=daemon.data).stdout)
    assert (made["expires"], made["user"], made["scopes"]) == (None, "cli.tom", None)
    listed = onbeat("tokens", "list", "--user", "cli.tom", data=daemon.data).stdout
    assert "never" in listed
    assert made["token"] not in listed
    refused = onbeat("tokens", "create", "both", "--forever", "--days", "3", data=daemon.data)
    assert (refused.exit_code, refused.stderr) == (2, "write one of --days and --forever\n")
