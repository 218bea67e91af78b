"""Look at files below a directory, and never outside of it.

File names are made by others: a link that points elsewhere, a pipe that blocks whoever opens it, a file that is swapped between the
look and the reading. Every way to a file begins at the watched directory and follows no link.

Rules
1. Only regular files count; links are neither followed nor listed, at any depth.
2. What is read, moved or deleted is the version that was looked at, else nothing happens.
3. A file is moved without ever replacing another one.

Called by: watch, in threads, for disks are slow.
"""

import errno
import fcntl
import hashlib
import os
import signal
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import NamedTuple

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_DEEPEST = 64
_CHUNK = 1024 * 1024
_REMOTE = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "vboxsf", "virtiofs")


class Version(NamedTuple):
    """What tells one content of a path from the next. inode is 0 where inode numbers do not last (network file systems)."""

    size: int
    modified: int
    inode: int

    @property
    def text(self) -> str:
        """As it is remembered."""
        return f"{self.size}:{self.modified}:{self.inode}"


@dataclass(slots=True)
class Listing:
    """The files and the directories (with their inodes) below the root, by relative paths; the root is `""`. unread: could not be."""

    files: dict[str, Version] = field(default_factory=dict)
    directories: dict[str, int] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)


def scan(root: str, deep: bool, inodes: bool, skip: Callable[[str], bool]) -> Listing:
    """All files below the root. skip: whether a relative path is of no interest. Raises OSError when the root cannot be read."""
    listing = Listing()
    with _opened(os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)) as directory:
        _scan(directory, "", 0, deep, inodes, skip, listing)
    return listing


def _scan(directory: int, path: str, depth: int, deep: bool, inodes: bool, skip: Callable[[str], bool], listing: Listing) -> None:
    listing.directories[path] = os.fstat(directory).st_ino
    below: list[str] = []
    with os.scandir(directory) as entries:
        for entry in entries:
            inside = f"{path}/{entry.name}" if path else entry.name
            if skip(inside):
                continue
            with suppress(FileNotFoundError):
                if entry.is_dir(follow_symlinks=False):
                    below.append(entry.name)
                elif entry.is_file(follow_symlinks=False):
                    listing.files[inside] = _version(entry.stat(follow_symlinks=False), inodes)
    if not deep or depth == _DEEPEST:
        return
    for name in below:
        inside = f"{path}/{name}" if path else name
        try:
            with _opened(os.open(name, _DIRECTORY, dir_fd=directory)) as child:
                _scan(child, inside, depth + 1, deep, inodes, skip, listing)
        except FileNotFoundError:
            continue
        except OSError as error:
            if error.errno not in (errno.ELOOP, errno.ENOTDIR):
                listing.unread.add(inside)


def look(root: str, paths: Iterable[str], inodes: bool) -> dict[str, Version | None]:
    """The present versions of these paths; None where there is no regular file."""
    found: dict[str, Version | None] = {}
    for path in paths:
        try:
            with _parent(root, path) as (directory, name):
                status = os.stat(name, dir_fd=directory, follow_symlinks=False)
            found[path] = _version(status, inodes) if stat.S_ISREG(status.st_mode) else None
        except OSError:
            found[path] = None
    return found


def is_directory(root: str, path: str) -> bool:
    """Whether there is a directory (not a link to one) at that path."""
    with suppress(OSError), _parent(root, path) as (directory, name):
        return stat.S_ISDIR(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode)
    return False


def read(root: str, path: str, version: Version) -> bytes | None:
    """The bytes of that version; None when it is there no longer."""
    with suppress(OSError), _file(root, path, version) as (file, inodes):
        parts = []
        while part := os.read(file, _CHUNK):
            parts.append(part)
        if _version(os.fstat(file), inodes) == version:
            return b"".join(parts)
    return None


def digest(root: str, path: str, version: Version) -> str | None:
    """The SHA-256 of that version; None when it is there no longer."""
    with suppress(OSError), _file(root, path, version) as (file, inodes):
        sha = hashlib.sha256()
        while part := os.read(file, _CHUNK):
            sha.update(part)
        if _version(os.fstat(file), inodes) == version:
            return sha.hexdigest()
    return None


def is_closed(root: str, path: str) -> bool:
    """Whether certainly nobody has the file open for writing: the kernel gives a read lease then only, and takes it back at once."""
    with suppress(OSError, AttributeError), _parent(root, path) as (parent, name), _opened(os.open(name, _FILE, dir_fd=parent)) as file:
        fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)  # if it is opened in this moment: a signal that is ignored, instead of SIGIO
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        return True
    return False


def free_name(directory: str, path: str, version: Version, taken: set[str]) -> str:
    """Where in that directory a file goes: under its name, or, when that is taken, with its version in it."""
    target = os.path.join(directory, os.path.basename(path))
    if target in taken or (os.path.lexists(target) and os.lstat(target).st_ino != version.inode):
        stem, suffix = os.path.splitext(target)
        target = f"{stem}-{version.modified}-{version.inode}{suffix}"
    return target


def link(root: str, path: str, version: Version, target: str) -> None:
    """Let the file be at its new place too, while it is still at the old one. Where there are no links it comes there by `move`."""
    with suppress(OSError):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with _parent(root, path) as (directory, name):
            if _version(os.stat(name, dir_fd=directory, follow_symlinks=False), version.inode != 0) == version:
                os.link(name, target, src_dir_fd=directory, follow_symlinks=False)


def move(root: str, path: str, version: Version, target: str) -> None:
    """Take that version from its old place to the new one. Raises OSError when another file is there or it is another file system."""
    with _parent(root, path) as (directory, name):
        status = os.stat(name, dir_fd=directory, follow_symlinks=False)
        if _version(status, version.inode != 0) != version:
            return
        try:
            there = os.stat(target, follow_symlinks=False)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            os.rename(name, target, src_dir_fd=directory)
            return
        if (there.st_dev, there.st_ino) != (status.st_dev, status.st_ino):
            raise FileExistsError(errno.EEXIST, "another file is there", target)
        os.unlink(name, dir_fd=directory)


def delete(root: str, path: str, version: Version) -> None:
    """Remove that version."""
    with _parent(root, path) as (directory, name):
        if _version(os.stat(name, dir_fd=directory, follow_symlinks=False), version.inode != 0) == version:
            os.unlink(name, dir_fd=directory)


def is_remote(root: str) -> bool:
    """Whether the directory is on a file system that others change without the kernel here being told."""
    device = os.stat(root).st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as mounts:
            lines = [line.split() for line in mounts]
    except FileNotFoundError:
        return False
    kinds = [fields[fields.index("-") + 1] for fields in lines if fields[2] == number]
    return any(kind in _REMOTE or kind.startswith("fuse.") for kind in kinds)


# ---- the way to a file ---------------------------------------------------------------------------------------------


@contextmanager
def _opened(descriptor: int) -> Iterator[int]:
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _parent(root: str, path: str) -> Iterator[tuple[int, str]]:
    """The directory of a path, reached step by step without following a link, and the path's last name in it."""
    *steps, name = path.split("/")
    directory = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for step in steps:
            below = os.open(step, _DIRECTORY, dir_fd=directory)
            os.close(directory)
            directory = below
        yield directory, name
    finally:
        os.close(directory)


@contextmanager
def _file(root: str, path: str, version: Version) -> Iterator[tuple[int, bool]]:
    """That version, open to read. Raises FileNotFoundError when it is another one."""
    inodes = version.inode != 0
    with _parent(root, path) as (directory, name), _opened(os.open(name, _FILE, dir_fd=directory)) as file:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode) or _version(status, inodes) != version:
            raise FileNotFoundError(path)
        yield file, inodes


def _version(status: os.stat_result, inodes: bool) -> Version:
    return Version(status.st_size, status.st_mtime_ns, status.st_ino if inodes else 0)
