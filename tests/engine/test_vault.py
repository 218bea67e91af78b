"""The vault: SECRET inputs are encrypted where they are kept."""

import base64
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from onbeat.engine.vault import FILE, OLDER_FILE, Vault
from onbeat.errors import Refused, UserError

KEY = base64.b64encode(bytes(range(32))).decode()


def test_what_is_sealed_is_opened(tmp_path: Path):
    """Whatever the text; the same text twice is two texts (rule 1: a nonce of its own)."""
    vault = Vault(KEY, tmp_path)
    for text in ("", "secret", "ä€😀", "x" * 100_000):
        assert vault.open("f:s", vault.seal("f:s", text)) == text
    assert vault.seal("f:s", "secret") != vault.seal("f:s", "secret")
    assert "secret" not in base64.b64decode(vault.seal("f:s", "secret").partition(".")[2]).decode("latin-1")


def test_a_text_that_was_moved_or_changed_opens_nothing():
    """Rule 1: what it is about is bound in."""
    vault = Vault(KEY)
    sealed = vault.seal("f:s", "secret")
    id_, _, data = sealed.partition(".")
    broken = f"{id_}.{base64.b64encode(base64.b64decode(data)[:-1] + b'x').decode()}"
    for about, text in (("f:other", sealed), ("g:s", sealed), ("f:s", broken), ("f:s", "no base64"), ("f:s", "")):
        with pytest.raises(UserError, match="ONBEAT_SECRET_KEY"):
            vault.open(about, text)


def test_the_key_is_made_once_and_for_its_owner(tmp_path: Path):
    """Rule 2: by the first that seals; it is there after a restart, and nothing else is left."""
    folder = tmp_path / "data"
    sealed = Vault(None, folder).seal("a", "secret")
    assert stat.S_IMODE((folder / FILE).stat().st_mode) == 0o600
    assert os.listdir(folder) == [FILE]
    assert Vault(None, folder).open("a", sealed) == "secret"


def test_looking_makes_no_key(tmp_path: Path):
    """A daemon that has sealed nothing has no key."""
    with pytest.raises(UserError):
        Vault(None, tmp_path).open("a", "b")
    assert os.listdir(tmp_path) == []


def test_two_that_make_a_key_at_once_have_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Rule 2: the one that is there first counts."""
    first, second = Vault(None, tmp_path), Vault(None, tmp_path)
    real = os.link

    def late(source: str, target: str) -> None:
        monkeypatch.setattr(os, "link", real)
        first.seal("a", "x")
        real(source, target)

    monkeypatch.setattr(os, "link", late)
    assert first.open("a", second.seal("a", "secret")) == "secret"
    assert os.listdir(tmp_path) == [FILE]


def test_a_key_that_is_set_takes_over(tmp_path: Path):
    """Rule 3: it seals; what the made one sealed is still opened."""
    old = Vault(None, tmp_path).seal("a", "old")
    vault = Vault(KEY, tmp_path)
    assert vault.open("a", old) == "old"
    assert Vault(KEY).open("a", vault.seal("a", "new")) == "new"


def test_a_new_key_seals_and_the_old_ones_open(tmp_path: Path):
    """Rule 3: also after a restart, and by somebody who has looked at the keys before."""
    other, vault = Vault(None, tmp_path), Vault(None, tmp_path)
    old = vault.seal("a", "old")
    assert other.open("a", old) == "old"
    vault.renew()
    new = vault.seal("a", "new")
    assert (vault.is_current(old), vault.is_current(new)) == (False, True)
    for each in (vault, Vault(None, tmp_path)):
        assert [each.open("a", text) for text in (old, new)] == ["old", "new"]
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


def test_keys_that_are_set_are_changed_in_the_setting(tmp_path: Path):
    """Rule 3: the first of several seals."""
    other = base64.b64encode(b"o" * 32).decode()
    old = Vault(KEY).seal("a", "old")
    both = Vault(f"{other}, {KEY}")
    assert both.open("a", old) == "old"
    assert not both.is_current(old)
    assert Vault(other).open("a", both.seal("a", "new")) == "new"
    with pytest.raises(Refused, match="secret_key"):
        both.renew()


def test_what_was_sealed_before_keys_had_names_is_opened(tmp_path: Path):
    """By the key of the older file, or that of the setting."""
    (tmp_path / OLDER_FILE).write_text(KEY)
    older = Vault(KEY).seal("a", "old").partition(".")[2]
    assert Vault(None, tmp_path).open("a", older) == "old"
    assert Vault(KEY).open("a", older) == "old"


def test_without_a_folder_the_key_is_in_memory():
    """For a run that leaves nothing behind."""
    vault = Vault()
    assert vault.open("a", vault.seal("a", "x")) == "x"
    with pytest.raises(UserError):
        Vault().open("a", vault.seal("a", "x"))


@pytest.mark.parametrize("key", ["", "short", "not base64!!", base64.b64encode(b"x" * 20).decode()])
def test_a_key_that_is_none_is_told(key: str, tmp_path: Path):
    """With how to make one; a broken file is named, and not replaced."""
    with pytest.raises(UserError, match="openssl rand"):
        Vault(key)
    (tmp_path / FILE).write_text(key)
    with pytest.raises(UserError, match=FILE):
        Vault(None, tmp_path).seal("a", "x")


def test_the_library_is_loaded_with_the_first_secret():
    """Rule 4."""
    script = "import sys; from onbeat.engine.vault import Vault as V; v = V(); assert 'cryptography' not in sys.modules; v.seal('a', 'b')"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False).stderr == ""
