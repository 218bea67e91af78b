"""`onbeat users …` against a real daemon."""

import json

import pytest


def test_a_user_is_made_changed_shown_and_removed(onbeat, daemon):
    """Each step says what he may; the password is read from stdin and shown nowhere."""
    made = onbeat(
        "users", "add", "cli.ada", "--grant", "operator:shop@orders.*,heat", "--email", "a@b.c", data=daemon.data, stdin="correct horse\n"
    )
    assert (made.exit_code, made.stdout) == (0, "user cli.ada may: operator:shop@orders.*,heat\n"), made.stderr
    changed = onbeat("users", "set", "cli.ada", "--grant", "viewer", "--grant", "editor:shop", "--email", "", "--disable", data=daemon.data)
    assert changed.stdout == "user cli.ada may: viewer editor:shop (disabled)\n"
    listed = onbeat("users", "list", data=daemon.data).stdout.splitlines()
    assert listed[0].split() == ["NAME", "EMAIL", "MAY", "LOGIN", "CREATED"]
    assert [row.split()[:4] for row in listed if "cli.ada" in row] == [["cli.ada", "viewer", "editor:shop", "disabled"]]
    assert onbeat("users", "password", "cli.ada", data=daemon.data, stdin="battery staple\n").stdout == "user cli.ada has a new password\n"
    assert onbeat("users", "delete", "cli.ada", data=daemon.data).exit_code == 0
    assert onbeat("users", "delete", "cli.ada", data=daemon.data).exit_code == 2


def test_a_user_may_log_in_with_his_password_only(onbeat, daemon, monkeypatch):
    """What was typed is what works: commands send it as a token would be sent, and are refused."""
    assert onbeat("users", "add", "cli.bob", "--no-password", "--json", data=daemon.data).exit_code == 0
    (bob,) = [
        each for each in json.loads(onbeat("users", "list", "--json", data=daemon.data).stdout)["results"] if each["name"] == "cli.bob"
    ]
    assert (bob["hasPassword"], bob["grants"]) == (False, [])
    monkeypatch.setenv("ONBEAT_TOKEN", "correct horse")
    assert onbeat("users", "list", data=daemon.data).exit_code == 4


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        (("add", "cli.eve"), "short\n", "a password has 8"),
        (("add", "cli.eve", "--no-password", "--grant", "king"), "", "grants.0.role"),
        (("add", "cli.eve", "--no-password", "--grant", "viewer:"), "", "is not WHAT[:NAMESPACE]"),
        (("set", "cli.eve"), "", "say what to change"),
        (("set", "cli.eve", "--disable"), "", "there is no user `cli.eve`"),
    ],
)
def test_a_mistake_is_told(onbeat, daemon, arguments: tuple[str, ...], stdin: str, said: str):
    """Exit code 2, and nobody is made."""
    refused = onbeat("users", *arguments, data=daemon.data, stdin=stdin)
    assert (refused.exit_code, said in refused.stderr.replace("\n", " ").replace("│", "")) == (2, True), refused.stderr
    assert "cli.eve" not in onbeat("users", "list", data=daemon.data).stdout
