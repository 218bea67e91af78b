"""Stand for a name that is not there until somebody uses it, then fail with its whole path.

`outputs.a.b ?? 'x'` must not fail at `a`, and `{{ outputs.a.b }}` must say `outputs.a.b`: so a missing value lets itself be looked
into, growing its path, and fails at every other use. It remembers the last mapping that was there, for the nearest right name.
"""

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from jinja2 import StrictUndefined
from jinja2.exceptions import UndefinedError

from onbeat.core.expressions.errors import NeedsOutside
from onbeat.core.names import did_you_mean, nearest
from onbeat.core.refs import Ref


class Unfound(UndefinedError):
    """A missing value was used: `path` names it, `known` holds the names that were there instead of `key` (None: the scope's)."""

    def __init__(self, path: str, key: str, known: Mapping[str, Any] | None) -> None:
        super().__init__(path)
        self.path = path
        self.key = key
        self.known = known


class Missing(StrictUndefined):
    """A value that is not there. `direct`: it is the very name that was not found, not something below it."""

    __slots__ = ("direct", "key", "known", "path")

    def __init__(self, hint: object = None, obj: object = None, name: str | None = None, exc: object = None) -> None:
        """Jinja2 calls this with `name` for a root name; inside the package use `missing`."""
        self.path = self.key = name or "?"
        self.known: Mapping[str, Any] | None = None
        self.direct = True

    def below(self, path: str) -> "Missing":
        """What is looked for inside this missing value."""
        return missing(path, self.key, self.known, direct=False)

    @property
    def _undefined_message(self) -> str:
        return self.path

    @property
    def _undefined_exception(self) -> Callable[[str], Unfound]:  # type: ignore[override]  # a slot in Jinja2, worked out here
        return lambda path: Unfound(path, self.key, self.known)

    def fail(self) -> NoReturn:
        """It was used."""
        raise Unfound(self.path, self.key, self.known)


def missing(path: str, key: str, known: Mapping[str, Any] | None, *, direct: bool = True) -> Missing:
    """A missing value at that path; `known` is the mapping that does not have `key`."""
    value = Missing(name=path)
    value.key = key
    value.known = known
    value.direct = direct
    return value


def suggestion(unfound: Unfound, scope: Mapping[str, Any]) -> str:
    """The nearest right name as the end of a sentence; a key that is no identifier is shown the way it must be written."""
    names = [name for name in (scope if unfound.known is None else unfound.known) if not name.startswith("__")]
    found = nearest(unfound.key, names)
    if found is None:
        return ""
    if found.isidentifier():
        return did_you_mean(unfound.key, [found])
    return f"; did you mean `['{found}']`?"


def solid(value: Any) -> Any:
    """The value itself, if it is one: a missing one fails, one kept in storage is asked for."""
    kind = type(value)
    if kind is Missing:
        value.fail()
    if kind is Ref:
        raise NeedsOutside("ref", value.uri)
    return value
