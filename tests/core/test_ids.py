"""Ids: 22 characters that sort by time."""

import re
import uuid

from hypothesis import given
from hypothesis import strategies as st

from onbeat.core.ids import LENGTH, child_id, idempotency_key, make_id, seeded

INSTANTS = st.integers(0, 2**48 * 1000 - 1)
RANDOM = st.integers(0, 2**80)
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@given(at=INSTANTS, random=RANDOM)
def test_an_id_is_22_base62_characters_of_a_uuid7(at: int, random: int):
    """Its milliseconds, version and variant are where RFC 9562 has them."""
    text = make_id(at, random)
    assert re.fullmatch(r"[0-9A-Za-z]{22}", text)
    assert LENGTH == 22
    number = 0
    for digit in text:
        number = number * 62 + DIGITS.index(digit)
    parsed = uuid.UUID(int=number)

    assert (parsed.version, parsed.variant, number >> 80) == (7, uuid.RFC_4122, at // 1000)


@given(one=INSTANTS, later=st.integers(1000, 10**12), random=RANDOM, other=RANDOM)
def test_ids_of_different_milliseconds_sort_by_time(one: int, later: int, random: int, other: int):
    """As text, whatever the random bits."""
    if one + later < 2**48 * 1000:
        assert make_id(one, random) < make_id(one + later, other)


def test_random_bits_make_them_differ():
    """All 74 bits are used."""
    assert len({make_id(0, 1 << bit) for bit in range(74)}) == 74
    assert make_id(0, 1 << 74) == make_id(0, 0)


def test_a_childs_id_follows_from_its_parent():
    """The same decision gives the same id; another attempt, run or parent another one."""
    ids = [child_id(5, *from_) for from_ in (("p", 1, 1), ("p", 1, 2), ("p", 2, 1), ("q", 1, 1), ("p", 11, 1), ("p", 1, 11))]

    assert len(set(ids)) == 6
    assert ids[0] == child_id(5, "p", 1, 1)


def test_every_attempt_of_a_task_run_carries_the_same_key():
    """And another task run another one; whoever gets it cannot read the id in it."""
    assert idempotency_key("e", 1) == idempotency_key("e", 1)
    assert idempotency_key("e", 1) != idempotency_key("e", 11) != idempotency_key("e1", 1)
    assert re.fullmatch(r"[0-9a-f]{32}", idempotency_key("e", 1))


@given(seed=st.text(max_size=20), sizes=st.lists(st.integers(0, 2_000), max_size=5))
def test_random_bits_follow_from_their_seed(seed: str, sizes: list[int]):
    """As many as are asked for; the same calls give the same again, whatever the seed."""
    first, again = seeded(seed), seeded(seed)
    bits = [first(size) for size in sizes]

    assert bits == [again(size) for size in sizes]
    assert all(0 <= value < 1 << size for value, size in zip(bits, sizes, strict=True))


def test_each_call_and_each_seed_gives_other_bits():
    """Nothing repeats."""
    bits, other = seeded("a"), seeded("b")

    assert len({bits(64) for _ in range(100)} | {other(64) for _ in range(100)}) == 200
