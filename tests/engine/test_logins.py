"""Logins: remembered for a while, throttled, and silent about who is there."""

import asyncio

import pytest

from onbeat.engine.logins import Logins, TooManyTries, network
from onbeat.engine.passwords import Passwords
from onbeat.errors import Overloaded, Unauthorized
from onbeat.testing.clock import ManualClock

HOME = "192.0.2.1"


class FakePasswords(Passwords):
    """The hash is the password backwards; counts what is checked."""

    checked = 0
    full = False

    async def fits(self, hashed: str | None, password: str) -> bool:
        """Whether it is."""
        self.checked += 1
        if self.full:
            raise Overloaded
        return hashed == password[::-1]


class House:
    """Logins of ada and bob."""

    def __init__(self) -> None:
        self.kept: dict[str, str | None] = {"ada": "adarof", "bob": "bobrof"}
        self.passwords = FakePasswords()
        self.clock = ManualClock()
        self.logins = Logins(self.find, self.passwords, self.clock)

    async def find(self, name: str) -> str | None:
        """What is kept for a name."""
        return self.kept.get(name.casefold())

    async def tries(self, name: str, password: str, address: str = HOME) -> type[Exception] | None:
        """What a try raises."""
        try:
            await self.logins.check(name, password, address)
        except Unauthorized as wrong:
            return type(wrong)
        return None


async def test_the_right_password_is_checked_once_in_five_minutes() -> None:
    """Then it is checked again; ten at once are one."""
    house = House()
    assert await asyncio.gather(*(house.tries("ada", "forada") for _ in range(10))) == [None] * 10
    assert house.passwords.checked == 1
    await house.clock.advance(301)
    assert await house.tries("Ada", "forada") is None
    assert house.passwords.checked == 2


async def test_a_wrong_password_is_wrong_while_the_right_one_is_remembered() -> None:
    """Also one that begins alike, and an empty one."""
    house = House()
    assert await house.tries("ada", "forada") is None
    for password in ("forad", "foradax", "", "FORADA"):
        assert await house.tries("ada", password) is Unauthorized
    assert await house.tries("ada", "forada") is None


async def test_another_password_ends_what_is_remembered() -> None:
    """At once: the old one is wrong with the next request, and so is a disabled user's."""
    house = House()
    assert await house.tries("ada", "forada") is None
    house.kept["ada"] = "wenada"
    assert await house.tries("ada", "forada") is Unauthorized
    assert await house.tries("ada", "adanew") is None
    house.kept["ada"] = None
    assert await house.tries("ada", "adanew") is Unauthorized


async def test_what_is_remembered_is_for_one_address() -> None:
    """Else it would be a quick way to guess, from anywhere, past every wait."""
    house = House()
    assert await house.tries("ada", "forada") is None
    for _ in range(5):
        assert await house.tries("ada", "guess", "198.51.100.7") is Unauthorized
    assert await house.tries("ada", "forada", "198.51.100.7") is TooManyTries
    assert await house.tries("ada", "forada") is None


async def test_a_hundred_tries_at_an_account() -> None:
    """One each second, each from an address of its own: eleven are looked at, and then the right one waits, too."""
    house = House()
    answers = []
    for number in range(100):
        answers.append(await house.tries("ada", "guess", f"198.51.100.{number}"))
        await house.clock.advance(1)
    assert (answers.count(Unauthorized), house.passwords.checked) == (11, 11)
    assert await house.tries("ada", "forada") is TooManyTries
    await house.clock.advance(60)
    assert await house.tries("ada", "forada") is None


async def test_a_hundred_tries_from_an_address() -> None:
    """At a hundred accounts: twenty are looked at in the first second; who is right elsewhere is not concerned."""
    house = House()
    answers = [await house.tries(f"user{number}", "Password1") for number in range(100)]
    assert answers.count(Unauthorized) == 20
    assert await house.tries("bob", "forbob") is TooManyTries
    assert await house.tries("bob", "forbob", "203.0.113.9") is None


async def test_a_success_in_between_does_not_help_an_address() -> None:
    """Who has an account of his own does not reset the tries at others with it."""
    house = House()
    looked = 0
    for number in range(60):
        looked += await house.tries(f"user{number}", "Password1") is Unauthorized
        await house.tries("bob", "forbob")
    assert looked == 20


async def test_names_that_are_not_there_are_throttled_alike() -> None:
    """The answers to the same tries are the same."""
    house = House()
    there = [await house.tries("ada", "guess", "198.51.100.1") for _ in range(10)]
    assert [await house.tries("nobody", "guess", "198.51.100.2") for _ in range(10)] == there


async def test_a_try_that_was_not_looked_at_does_not_count() -> None:
    """While a flood of others fills the one thread, the right one is not shut out for its sake."""
    house = House()
    house.passwords.full = True
    for _ in range(30):
        with pytest.raises(Overloaded):
            await house.logins.check("ada", "forada", HOME)
    house.passwords.full = False
    assert await house.tries("ada", "forada") is None


async def test_a_refusal_says_when_to_try_again() -> None:
    """In seconds, without the name."""
    house = House()
    for _ in range(5):
        await house.tries("ada", "guess")
    with pytest.raises(TooManyTries, match=r"try again in 1 s") as refused:
        await house.logins.check("ada", "guess", HOME)
    assert refused.value.seconds == 1.0


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("not an address", "not an address"),
        ("", ""),
    ],
)
def test_an_address_counts_as_its_network(address: str, counted: str) -> None:
    """One customer has 2^64 addresses of IPv6."""
    assert network(address) == counted
