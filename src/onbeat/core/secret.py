"""Hold a secret so that it is not shown by accident: not in a log line, an error, a dump of variables or a file of state.

Called by: engine/secrets and what keeps them.
"""

from typing import NoReturn

HIDDEN = "***"


class Secret:
    """A text that prints as `***`. `reveal` gives it, and nothing else does."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        object.__setattr__(self, "_value", value)

    def reveal(self) -> str:
        """The text itself."""
        value: str = object.__getattribute__(self, "_value")
        return value

    def __str__(self) -> str:
        return HIDDEN

    def __repr__(self) -> str:
        return HIDDEN

    def __format__(self, spec: str) -> str:
        return format(HIDDEN, spec)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a secret does not change")

    def __reduce__(self) -> tuple[type["Secret"], tuple[str]]:
        """A pickle, and a copy, holds what is shown."""
        return Secret, (HIDDEN,)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.reveal() == other.reveal()

    def __hash__(self) -> int:
        return hash(self.reveal())
