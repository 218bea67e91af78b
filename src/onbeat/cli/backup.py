"""Copy a store and its large values into one file, and put such a file back.

The database alone is not enough: values over 64 kB are files beside it, and it only refers to them.

Rules
1. The database is copied first, then the files: all that the copy refers to is in the backup.
2. A backup has its name when it is whole and on disk; it replaces nothing.
3. The key of the secrets is not in a backup, unless that is asked for: who has both reads them all. The command says where it is.
4. It is put back only where no daemon runs, and what was there before is kept beside it.

Called by: app.py.
"""

import asyncio
import os
import shutil
import sqlite3
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

from onbeat.cli import show
from onbeat.cli.configured import load_settings
from onbeat.engine.vault import FILE as KEYS
from onbeat.engine.vault import OLDER_FILE as OLDER_KEY
from onbeat.errors import NotFound, Refused, UserError
from onbeat.stores.sqlite import FILE, SqliteStore
from onbeat.stores.sqlite import restore as restore_store

STORAGE = "storage"
_HALF = ".~"
"""How the name of a file in storage begins that is being written."""


def backup(target: Path, data: Path | None, with_key: bool = False) -> None:
    """Write a backup. with_key: with the key of its secrets, so that it tells them all. Raises Refused when the file is there already."""
    folder = load_settings({"data": data}).data
    if not (folder / FILE).is_file():
        raise NotFound(f"there is no store in {folder}; name its folder with --data")
    if target.exists():
        raise Refused(f"{target} is there already; a backup does not replace a file")
    part = target.with_name(f"{target.name}.part")
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".onbeat-") as place:
            copy = Path(place) / FILE
            asyncio.run(SqliteStore(folder).backup(copy))
            with open(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
                with tarfile.open(fileobj=file, mode="w") as tar:
                    tar.add(copy, FILE)
                    _add_storage(tar, folder / STORAGE)
                    for name in (KEYS, OLDER_KEY) if with_key else ():
                        if (folder / name).is_file():
                            tar.add(folder / name, name)
                file.flush()
                os.fsync(file.fileno())
        part.replace(target)
    except (OSError, sqlite3.Error) as problem:
        part.unlink(missing_ok=True)
        raise UserError(f"the backup could not be written: {problem}") from None
    show.out(f"{target}: {target.stat().st_size:,} bytes, the store in {folder} as it was just now")
    keys = [folder / name for name in (KEYS, OLDER_KEY) if (folder / name).is_file()]
    if keys and not with_key:
        names = " and ".join(map(str, keys))
        show.out(
            f"The key of its secrets is not in it: keep a copy of {names} elsewhere, or nobody opens them again (--with-key puts it in)"
        )


def _add_storage(tar: tarfile.TarFile, storage: Path) -> None:
    """What is in storage, hidden files too; what is purged meanwhile is referred to by nothing any more."""
    for path in sorted(storage.rglob("*")) if storage.is_dir() else ():
        if path.is_file() and not path.name.startswith(_HALF):
            try:
                tar.add(path, f"{STORAGE}/{path.relative_to(storage).as_posix()}")
            except FileNotFoundError:
                continue


def _unpack(tar: tarfile.TarFile, folder: Path) -> None:
    """Regular files of a backup's own names, and nothing else: no link, no device, no name that leads out of the folder.

    Python's own extraction filter is not in every 3.11, and was led out of the folder more than once. Raises UserError.
    """
    for member in tar:
        parts = PurePosixPath(member.name).parts
        ours = parts in ((FILE,), (KEYS,), (OLDER_KEY,)) or (len(parts) > 1 and parts[0] == STORAGE and ".." not in parts)
        content = tar.extractfile(member) if member.isreg() and ours else None
        if content is None:
            raise UserError(f"this is not a backup that onbeat made: it holds `{member.name[:100]}`")
        target = folder.joinpath(*parts)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with content, open(target, "wb") as file:
            shutil.copyfileobj(content, file)


def _put_key_back(source: Path, target: Path) -> None:
    """The keys of the backup, before those that are there: neither what it holds nor what came since is lost."""
    lines = [source.read_text(), *([target.read_text()] if target.is_file() else [])]
    keys = dict.fromkeys(line.strip() for text in lines for line in text.splitlines() if line.strip())
    half = target.with_name(f".{target.name}.part")
    with open(os.open(half, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
        file.write("".join(f"{key}\n" for key in keys))
    half.replace(target)


def restore(source: Path, data: Path | None) -> None:
    """Put a backup back. Raises Refused while a daemon runs there, UserError for what is no backup."""
    folder = load_settings({"data": data}).data
    if not source.is_file():
        raise NotFound(f"there is no file {source}")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".restore-") as place:
        unpacked = Path(place)
        try:
            with tarfile.open(source, "r:") as tar:
                _unpack(tar, unpacked)
        except (tarfile.TarError, OSError) as problem:
            raise UserError(f"{source} is not a backup that onbeat made: {problem}") from None
        if not (unpacked / FILE).is_file():
            raise UserError(f"{source} is not a backup that onbeat made: there is no {FILE} in it")
        restore_store(unpacked / FILE, folder)
        for name in (KEYS, OLDER_KEY):
            if (unpacked / name).is_file():
                _put_key_back(unpacked / name, folder / name)
        if (unpacked / STORAGE).is_dir():
            shutil.copytree(unpacked / STORAGE, folder / STORAGE, dirs_exist_ok=True)
    show.out(f"{folder} is as {source} has it; what was there before is {FILE}.before-restore. Start `onbeat serve` to go on")
