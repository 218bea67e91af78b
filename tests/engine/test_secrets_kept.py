"""Secrets that the store keeps, and those in files: by namespace, encrypted, hidden."""

import base64
from pathlib import Path

import pytest

from onbeat.engine.masking import MASK
from onbeat.engine.secrets import Files, Secrets
from onbeat.engine.secrets_kept import KIND, KeptSecrets
from onbeat.engine.vault import Vault
from onbeat.errors import UserError
from onbeat.stores.memory import MemoryStore
from onbeat.testing import ManualClock


async def kept(store: MemoryStore, vault: Vault) -> KeptSecrets:
    """What the store keeps."""
    made = KeptSecrets(store, vault, ManualClock())
    await made.load()
    return made


async def opened() -> MemoryStore:
    """An open store."""
    store = MemoryStore()
    await store.open()
    return store


async def test_a_secret_is_sealed_and_there_after_a_restart(tmp_path: Path) -> None:
    """Rules 1 and 2."""
    store = await opened()
    secrets = await kept(store, Vault(None, tmp_path))
    await secrets.put("a.b", "Token", "s3cret-value", "what for")
    assert "s3cret" not in repr(await store.documents(KIND))
    again = await kept(store, Vault(None, tmp_path))
    found = again.find("a.b", "TOKEN")
    assert found is not None
    assert found.reveal() == "s3cret-value"
    assert [name[:2] for name in again.names("a.b")] == [("Token", "what for")]
    assert (again.find("a", "Token"), again.names("a")) == (None, [])
    assert again.inherited("a.b.c") == {"a.b": ["Token"]}
    assert await again.delete("a.b", "token")
    assert not await again.delete("a.b", "token")
    assert await store.documents(KIND) == []


async def test_the_nearest_namespace_counts(tmp_path: Path) -> None:
    """A flow gets those of its namespace and of those above, then the environment's; and no other's."""
    secrets = await kept(await opened(), Vault())
    everything = Secrets({"SECRET_K": base64.b64encode(b"of everybody").decode()}, secrets)
    await secrets.put("a", "K", "of a")
    await secrets.put("a.b", "K", "of a.b")
    await secrets.put("x", "ONLY_X", "of x only")
    assert [everything.get("k", asking=asking) for asking in ("a.b.c", "a.b", "a", "z", None)] == [
        "of a.b",
        "of a.b",
        "of a",
        "of everybody",
        "of everybody",
    ]
    assert everything.get("K", "a", asking="a.b") == "of a"
    assert everything.get("K", "x", asking="a.b") == "of everybody"
    with pytest.raises(UserError, match=r"onbeat secrets set a\.b ONLY_X"):
        everything.get("ONLY_X", asking="a.b")
    with pytest.raises(UserError, match="there is no secret"):
        everything.get("ONLY_X", "x", asking="a.b")


async def test_what_is_set_is_hidden_at_once_and_stays_hidden() -> None:
    """Also what was replaced or removed: who has seen it may still show it."""
    secrets = await kept(await opened(), Vault())
    everything = Secrets({}, secrets)
    assert everything.mask("first-value") == "first-value"
    await secrets.put("a", "K", "first-value")
    assert everything.mask("first-value") == MASK
    await secrets.put("a", "K", "second-value")
    await secrets.delete("a", "K")
    assert everything.mask("first-value second-value") == f"{MASK} {MASK}"


async def test_a_secret_of_another_key_is_told_and_can_be_set_again() -> None:
    """Rule 3; the daemon starts all the same."""
    store = await opened()
    await (await kept(store, Vault())).put("a", "K", "s3cret-value")
    secrets = await kept(store, Vault())
    with pytest.raises(UserError, match="set it again"):
        secrets.find("a", "K")
    assert [name for name, _, _ in secrets.names("a")] == ["K"]
    await secrets.put("a", "K", "another-value")
    found = secrets.find("a", "K")
    assert found is not None
    assert found.reveal() == "another-value"


@pytest.mark.parametrize(("key", "value"), [("../x", "v"), ("", "v"), ("k", ""), ("k", "x" * 100_001)])
async def test_what_is_no_secret_is_refused(key: str, value: str) -> None:
    """Before anything is written."""
    store = await opened()
    with pytest.raises(UserError):
        await (await kept(store, Vault())).put("a", key, value)
    assert await store.documents(KIND) == []


def test_files_are_secrets(tmp_path: Path) -> None:
    """Of everybody, or of the namespace that their folder is named after; a change counts with the next use."""
    folder = tmp_path / "secrets"
    (folder / "a.b").mkdir(parents=True)
    (folder / "DB").write_text("of everybody\n")
    (folder / "a.b" / "db").write_text("of a.b")
    (folder / "..data").mkdir()
    (folder / "..data" / "hidden").write_text("not-to-be-found")
    secrets = Secrets({}, Files(folder))
    assert [secrets.get("DB", asking=asking) for asking in ("a.b.c", "a", None)] == ["of a.b", "of everybody", "of everybody"]
    assert secrets.mask("of everybody, of a.b") == f"{MASK}, {MASK}"
    (folder / "DB").write_text("something else")
    assert secrets.get("DB", asking="a") == "something else"
    assert secrets.mask("something else") == MASK
    for key in ("../DB", "..data/hidden", "a.b/db", ".", "", "a\0b"):
        with pytest.raises(UserError, match="there is no secret"):
            secrets.get(key, asking="a.b")


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    """With its name, and nothing of it."""
    (tmp_path / "BAD").write_bytes(b"\xff\xfe")
    (tmp_path / "BIG").write_text("x" * 1_000_001)
    secrets = Secrets({}, Files(tmp_path))
    assert secrets.mask("x") == "x"
    with pytest.raises(UserError, match="`BAD` cannot be read: it is not UTF-8 text"):
        secrets.get("BAD")
    with pytest.raises(UserError, match="`BIG` has more than"):
        secrets.get("BIG")
