"""Functions that draw lots: ids, numbers, ports. The core draws none itself: randomness comes with the scope, and time too.

Rules
1. Randomness is `scope["__random__"]`: a callable like `random.getrandbits`. The same source gives the same values.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from onbeat.core.expressions import guard
from onbeat.core.expressions.context import Context
from onbeat.core.expressions.date_filters import NOW
from onbeat.core.expressions.errors import ExpressionError

RANDOM = "__random__"

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_NANO = _BASE62 + "-_"
_LONGEST = 1_000
_EPOCH = 1_400_000_000
"""KSUIDs count seconds from May 2014."""


def uuid(context: Context) -> str:
    """A random UUID."""
    bits = _random(context, 128) & ~(0xF << 76) & ~(0x3 << 62) | (4 << 76) | (2 << 62)
    text = f"{bits:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def identifier(context: Context) -> str:
    """A random id of 22 letters and digits, as Kestra's ids are."""
    return _base62(_random(context, 128), 22)


def ksuid(context: Context) -> str:
    """A random id of 27 letters and digits; those of later seconds come after in order."""
    instant: datetime = context.private(NOW, "needs the time, which is not known here")
    return _base62((int(instant.timestamp()) - _EPOCH) % 2**32 << 128 | _random(context, 128), 27)


def nano_id(context: Context, length: Any = 21, alphabet: Any = _NANO) -> str:
    """A random text of that many letters of the alphabet."""
    if type(length) is not int or not 0 < length <= _LONGEST or not isinstance(alphabet, str) or not alphabet:
        raise ExpressionError(f"the function `nanoId` takes a length of 1 to {_LONGEST:,}, and the letters to choose from")
    context.budget.spend(length)
    return "".join(alphabet[_random(context, 64) % len(alphabet)] for _ in range(length))


def random_int(context: Context, lower: int, upper: int) -> int:
    """A whole number from `lower` up to before `upper`."""
    if type(lower) is not int or type(upper) is not int or upper < lower:
        raise ExpressionError("the function `randomInt` takes two whole numbers, the second not below the first")
    return lower + _random(context, 128) % max(upper - lower, 1)


def random_port(context: Context) -> int:
    """A number from the range of ports that nobody has registered."""
    return random_int(context, 49_152, 65_536)


def _base62(number: int, length: int) -> str:
    letters = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        letters.append(_BASE62[digit])
    return "".join(reversed(letters))


def _random(context: Context, bits: int) -> int:
    source: Callable[[int], int] = context.private(RANDOM, "needs randomness, which is not to be had here")
    return source(bits)


FUNCTIONS = guard.functions(
    {
        "id": identifier,
        "ksuid": ksuid,
        "nanoId": nano_id,
        "randomInt": random_int,
        "randomPort": random_port,
        "uuid": uuid,
    }
)
