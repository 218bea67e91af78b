"""`onbeat secrets …` against a real daemon."""

import json


def test_a_secret_is_set_listed_and_removed(onbeat, daemon):
    """By name; its value comes from stdin and is printed by nothing."""
    kept = onbeat("secrets", "set", "shop.vault", "DB_PASSWORD", "--description", "of the shop", data=daemon.data, stdin="hunter2222\n")
    assert (kept.exit_code, kept.stdout) == (0, "")
    onbeat("secrets", "set", "shop", "ABOVE", data=daemon.data, stdin="above-1234")
    rows = [line.split() for line in onbeat("secrets", "list", "shop.vault", data=daemon.data).stdout.splitlines()]
    assert rows[0] == ["KEY", "NAMESPACE", "UPDATED", "DESCRIPTION"]
    assert (rows[1][0], rows[1][-3:], rows[2]) == ("DB_PASSWORD", ["of", "the", "shop"], ["ABOVE", "shop"])
    listed = onbeat("secrets", "list", "shop.vault", "--json", data=daemon.data).stdout
    assert json.loads(listed)["inherited"] == {"shop": ["ABOVE"]}
    assert "hunter2222" not in listed
    assert onbeat("secrets", "delete", "shop.vault", "db_password", data=daemon.data).exit_code == 0
    gone = onbeat("secrets", "delete", "shop.vault", "DB_PASSWORD", data=daemon.data)
    assert (gone.exit_code, gone.stderr) == (2, "there is no secret `DB_PASSWORD` in namespace shop.vault\n")


def test_the_key_is_changed(onbeat, daemon):
    """All secrets are sealed by the new one, and none is lost."""
    onbeat("secrets", "set", "shop.vault", "ROTATED", data=daemon.data, stdin="rotated-1234")
    done = onbeat("secrets", "rotate", data=daemon.data)
    assert done.exit_code == 0
    assert "new key" in done.stdout
    assert "ROTATED" in onbeat("secrets", "list", "shop.vault", data=daemon.data).stdout
    assert len((daemon.data / "secret.key").read_text().splitlines()) >= 2
