"""Files that hold a secret are sealed where they are kept."""

from pathlib import Path

import pytest

from onbeat.engine.masking import Mask
from onbeat.engine.sealing_storage import SealedStorage
from onbeat.engine.vault import Vault
from onbeat.errors import NotFound, OutsideError, UserError

SECRET = "s3cret-value-1234"


def storage_of(folder: Path, vault: Vault | None = None, *secrets: str) -> SealedStorage:
    """A storage that hides these."""
    mask = Mask(secrets or [SECRET])
    return SealedStorage(folder / "storage", vault or Vault(None, folder), lambda: mask)


@pytest.mark.parametrize("size", [0, 1, 1024 * 1024 - 9, 1024 * 1024, 3_000_000])
@pytest.mark.parametrize("way", ["put", "keep"])
async def test_a_file_with_a_secret_is_sealed(tmp_path: Path, size: int, way: str) -> None:
    """Rules 1 and 2: wherever in it the secret is, also where two pieces meet."""
    storage, data = storage_of(tmp_path), b"x" * size + SECRET.encode() + b"y" * 100
    if way == "put":
        uri = await storage.put("a/b", data)
    else:
        (tmp_path / "given").write_bytes(data)
        uri = await storage.keep("a/b", tmp_path / "given")
    assert SECRET.encode() not in (tmp_path / "storage/a/b").read_bytes()
    assert await storage.is_sealed(uri)
    assert (await storage.get(uri), await storage.size(uri)) == (data, len(data))
    await storage.fetch(uri, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == data
    assert sorted(path.name for path in (tmp_path / "storage").iterdir()) == ["a"]


async def test_another_file_is_kept_as_it_is(tmp_path: Path) -> None:
    """Rule 1."""
    storage = storage_of(tmp_path)
    uri = await storage.put("a", b"plain")
    assert (tmp_path / "storage/a").read_bytes() == b"plain"
    assert (await storage.is_sealed(uri), await storage.size(uri), await storage.get(uri)) == (False, 5, b"plain")
    assert not (tmp_path / "secret.key").exists()
    with pytest.raises(NotFound):
        await storage.size("kestra:///b")


async def test_what_looks_sealed_is_only_data(tmp_path: Path) -> None:
    """Rule 2: a file that somebody wrote opens nothing."""
    storage = storage_of(tmp_path)
    forged = b"onbeat:sealed:1\n" + bytes(8) + b"zzzz"
    assert await storage.get(await storage.put("a", forged)) == forged
    (tmp_path / "forged").write_bytes(forged)
    assert await storage.get(await storage.keep("b", tmp_path / "forged")) == forged


async def test_an_attempt_hides_more(tmp_path: Path) -> None:
    """Rule 3; who reads needs no mask."""
    storage = storage_of(tmp_path)
    own = Mask(["made-of-a-secret"])
    uri = await storage.lent(lambda: own).put("a", b"it is made-of-a-secret")
    assert b"made-of" not in (tmp_path / "storage/a").read_bytes()
    assert await storage.get(uri) == b"it is made-of-a-secret"


async def test_a_file_that_is_cut_or_of_another_key_is_told(tmp_path: Path) -> None:
    """And no half of it is left where it was to be."""
    storage = storage_of(tmp_path)
    uri = await storage.put("a", SECRET.encode())
    with pytest.raises(UserError, match="key"):
        await storage_of(tmp_path, Vault()).fetch(uri, tmp_path / "copy")
    path = tmp_path / "storage/a"
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(OutsideError, match="not whole"):
        await storage.get(uri)
    with pytest.raises(OutsideError, match="not whole"):
        await storage.fetch(uri, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
