"""Passwords: hashed apart from the loop, checked in the same time for those who are not there."""

import asyncio
import subprocess
import sys
import threading

import pytest

from onbeat.engine import passwords
from onbeat.engine.passwords import Passwords, check_new
from onbeat.errors import Overloaded, UserError


async def test_a_hash_fits_its_password_only() -> None:
    """It is argon2id with a salt of its own, and says nothing of the password."""
    made = Passwords()
    one, other = await made.hash("correct horse"), await made.hash("correct horse")
    assert one.startswith("$argon2id$")
    assert one != other
    assert "horse" not in one
    assert await made.fits(one, "correct horse")
    for wrong in ("correct horsf", "", "Correct horse", "x" * 1_025, "\ud800"):
        assert not await made.fits(one, wrong)


@pytest.mark.parametrize("kept", [None, "", "plain", "$argon2id$broken"])
async def test_nobody_has_no_password(kept: str | None) -> None:
    """A user that is not there, or whose hash cannot be read, is let in with none."""
    assert not await Passwords().fits(kept, "correct horse")


async def test_a_user_that_is_not_there_is_hashed_for_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """The work is the same: one hash is checked, whoever it is."""
    checked = []
    hasher, *raised = passwords._library()

    class Counting:
        def hash(self, password: str) -> str:
            return str(hasher.hash(password))

        def verify(self, hashed: str, password: str) -> None:
            checked.append(hashed[:30])
            hasher.verify(hashed, password)

    monkeypatch.setattr(passwords, "_library", lambda: (Counting(), *raised))
    made = Passwords()
    kept = await made.hash("correct horse")
    await made.fits(kept, "wrong horse")
    await made.fits(None, "wrong horse")
    assert len(checked) == 2
    assert checked[0] == checked[1]


async def test_one_thread_hashes_and_it_is_not_the_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many log in at once."""
    threads: set[str] = set()

    def noted(hashed: str | None, password: str) -> bool:
        threads.add(threading.current_thread().name)
        return True

    monkeypatch.setattr(passwords, "_verify", noted)
    made = Passwords()
    assert all(await asyncio.gather(*(made.fits("x", "y") for _ in range(20))))
    assert len(threads) == 1
    assert threading.current_thread().name not in threads


async def test_not_many_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of logins is refused, not queued; afterwards all is as before."""
    go = threading.Event()
    monkeypatch.setattr(passwords, "_verify", lambda hashed, password: go.wait())
    made = Passwords()

    async def refused() -> bool:
        try:
            await made.fits("x", "y")
        except Overloaded:
            go.set()
            return True
        return False

    answers = await asyncio.gather(*(refused() for _ in range(65)))
    assert sum(answers) == 1
    assert await made.fits("x", "y")


@pytest.mark.parametrize("bad", ["short", "x" * 1_025, "aaaaaaaaaaaa", "Password1", "ada@example.org", "ADA@example.org", "half\ud800long"])
def test_a_bad_password_is_refused(bad: str) -> None:
    """Too short, too long, known to everybody, the name itself, no text."""
    with pytest.raises(UserError):
        check_new("ada@example.org", bad)


def test_a_good_password_is_taken() -> None:
    """As it is: no rules about signs."""
    assert check_new("ada", "correct horse") == "correct horse"


def test_the_library_is_loaded_with_the_first_password() -> None:
    """A daemon without users does not pay for it."""
    code = "import sys; from onbeat.engine import passwords as p; p.Passwords(); "
    code += "print('argon2' in sys.modules); p._library(); print('argon2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_the_megabytes_of_a_hash_are_given_back() -> None:
    """In a process of its own: after many the resident memory is what it was after the first."""
    code = """
from onbeat.engine import passwords
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4_096
hashed = passwords._hash("correct horse")
before = resident()
for _ in range(4):
    assert passwords._verify(hashed, "correct horse")
print(resident() - before)
"""
    grown = int(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    assert grown < passwords._MEMORY * 1_024 // 2
