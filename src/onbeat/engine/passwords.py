"""Hash and check passwords, slowly on purpose, in one thread.

A hash that is quick to check is quick to guess. argon2 takes tens of milliseconds and megabytes: on the loop every execution would wait
for every login, in many threads a flood of logins would take all memory and all cores.

Rules
1. The loop never hashes; one thread does, one password after the other, and of those that wait there are not many.
2. A user that is not there costs the time of one that is.
3. The library is loaded with the first password and not before.
4. The megabytes of a hash are given back to the system.
5. A password that is too short, too long, the user's own name or one that everybody tries first is refused where it is set.

Called by: accounts and logins.
"""

import asyncio
import ctypes
import importlib
import secrets
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from typing import Any

from onbeat.errors import Overloaded, UserError

SHORTEST = 8
LONGEST = 1_024
"""Characters; also of one that is checked: a long text is not worth hashing."""
_MOST_WAITING = 64
_MEMORY = 19_456
"""KiB of a hash; with two passes and one lane, a usual choice where many may log in at once."""
_MMAP_THRESHOLD = -3
_KNOWN = frozenset({"password", "password1", "passw0rd", "12345678", "123456789", "1234567890", "qwertyui", "changeme", "root!1234"})


class Passwords:
    """One thread that hashes."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "passwords")
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """What is kept in place of a password. Raises Overloaded."""
        hashed: str = await self._apart(_hash, password)
        return hashed

    async def fits(self, hashed: str | None, password: str) -> bool:
        """Whether the hash is this password's; never for None, which takes the same time. Raises Overloaded."""
        if len(password) > LONGEST:
            return False
        right: bool = await self._apart(_verify, hashed, password)
        return right

    async def _apart(self, work: Any, *arguments: Any) -> Any:
        if self._waiting >= _MOST_WAITING:
            raise Overloaded("too many passwords are being checked; try again later")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)
        finally:
            self._waiting -= 1


def check_new(name: str, password: str) -> str:
    """A password that may be set. Raises UserError."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise UserError(f"a password has {SHORTEST} to {LONGEST:,} characters")
    if password.casefold() in _KNOWN or password.casefold() == name.casefold() or len(set(password)) < 3:
        raise UserError("this password is one of the first that anybody tries; choose another")
    try:
        password.encode()
    except UnicodeEncodeError:
        raise UserError("a password is text; this one has half characters") from None
    return password


@cache
def _library() -> tuple[Any, type[Exception], type[Exception]]:
    """The hasher and what it raises."""
    library = importlib.import_module("argon2")
    with suppress(OSError, AttributeError):  # glibc's: from so many bytes on what is freed is the system's again, not kept for the next
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, _MEMORY * 1_024 // 4)
    hasher = library.PasswordHasher(time_cost=2, memory_cost=_MEMORY, parallelism=1)
    return hasher, library.exceptions.VerificationError, library.exceptions.InvalidHashError


@cache
def _nobodys() -> str:
    """A hash that no password has."""
    return _hash(secrets.token_urlsafe())


def _hash(password: str) -> str:
    hashed: str = _library()[0].hash(password)
    return hashed


def _verify(hashed: str | None, password: str) -> bool:
    hasher, wrong, broken = _library()
    nobodys = _nobodys()
    with suppress(wrong, broken, UnicodeEncodeError):
        hasher.verify(hashed or nobodys, password)
        return hashed is not None
    return False
