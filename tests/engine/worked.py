"""Functions that tests of workers call."""

from onbeat.errors import OutsideError


def give() -> object:
    """A tuple becomes a list."""
    return {"a": (1, 2)}


async def give_later() -> int:
    """An async function."""
    return 7


def give_nothing_plain() -> object:
    """What no JSON can hold."""
    return object()


def refuse() -> None:
    """What may be tried again."""
    raise OutsideError("the bank is closed")


def fail(what: str) -> None:
    """A user's bug."""
    raise LookupError(what)
