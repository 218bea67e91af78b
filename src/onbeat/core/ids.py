"""Make ids that sort by time: 22 base62 characters of a UUIDv7, as long as Kestra's.

Random ids scatter over an index's pages and made the store three times slower; ids in order of time append.
Pure: the instant and the random bits are arguments. A child's id follows from its parent, so deciding again gives it again.
"""

from collections.abc import Callable
from hashlib import blake2b
from itertools import count

from onbeat.core.event import Micros

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
LENGTH = 22
_RANDOM_BITS = 74


def make_id(at: Micros, random: int) -> str:
    """An id for the instant `at`; `random` gives 74 bits. Ids made in different milliseconds sort by time."""
    bits = random & ((1 << _RANDOM_BITS) - 1)
    number = (at // 1000) << 80 | 0x7 << 76 | (bits >> 62) << 64 | 0b10 << 62 | (bits & ((1 << 62) - 1))
    digits = []
    for _ in range(LENGTH):
        number, digit = divmod(number, 62)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))


def child_id(at: Micros, parent: str, run: int, attempt: int) -> str:
    """The id of the execution that a task run's attempt starts: always the same for the same attempt at the same instant."""
    digest = blake2b(f"{parent}/{run}/{attempt}".encode(), digest_size=10).digest()
    return make_id(at, int.from_bytes(digest, "big"))


def idempotency_key(execution: str, run: int) -> str:
    """The key every attempt of a task run carries to the outside: the same over retries and crashes."""
    return blake2b(f"{execution}/{run}".encode(), digest_size=16).hexdigest()


def seeded(seed: str) -> Callable[[int], int]:
    """Random bits that follow from the seed, like `random.getrandbits`: deciding again gives them again."""
    numbers = count()

    def bits(size: int) -> int:
        blocks = -(-size // 512)
        digest = b"".join(blake2b(f"{seed}/{next(numbers)}".encode()).digest() for _ in range(blocks))
        return int.from_bytes(digest, "big") & ((1 << size) - 1)

    return bits
