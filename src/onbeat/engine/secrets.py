"""Give secrets to expressions, and hide their values wherever people read.

A password that a task was given comes back in the error of the server that refused it. So every text that is kept for people (log lines,
errors) and every projection (state events) goes through `mask`. What is kept in plain are the outputs of a task that returned the
secret itself: the next task needs the value; state events show them masked.

Rules
1. All secrets of the environment are hidden from the start, whether an expression has asked for them or not: a restart changes nothing.
2. Hidden are the value, its JSON-escaped forms, and each longer line of a value with several; the longest is looked for first.
3. What could not be a secret is not looked for: fewer than SHORTEST characters would hide half of every text.
4. What is masked can be written: lone surrogates are replaced.
5. The values of an execution's SECRET inputs are hidden in what is said of that execution, and of no other: a caller's `1234` is no
   secret of everybody's.

Called by: evaluator; through it runner, effects and the projections.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from onbeat.errors import UserError

PREFIX = "SECRET_"
MASK = "******"
SHORTEST = 4
_LINE = 8


class Mask:
    """Hides texts wherever they show up. values: what is hidden."""

    def __init__(self, values: Iterable[str]) -> None:
        self._values = tuple(values)
        hidden = {form for value in self._values for form in _forms(value)}
        self._pattern = re.compile("|".join(map(re.escape, sorted(hidden, key=len, reverse=True)))) if hidden else None

    def also(self, values: Iterable[str]) -> "Mask":
        """One that hides these too."""
        more = tuple(values)
        return Mask([*self._values, *more]) if more else self

    def mask(self, text: str) -> str:
        """The text with every secret in it hidden."""
        if not text.isascii():
            text = text.encode("utf-8", "replace").decode()
        return text if self._pattern is None else self._pattern.sub(MASK, text)

    def mask_value(self, value: Any) -> Any:
        """The value with the secrets in its texts hidden, map keys too."""
        if self._pattern is None:
            return value
        if isinstance(value, str):
            return self.mask(value)
        if isinstance(value, dict):
            return {self.mask(key): self.mask_value(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.mask_value(item) for item in value]
        return value


class Secrets(Mask):
    """The secrets of an environment: `SECRET_<KEY>`, base64 as Kestra has it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        values = [_decoded(text) for name, text in environment.items() if name.startswith(PREFIX)]
        super().__init__(value for value in values if value is not None)

    def get(self, key: str, namespace: str | None = None, subkey: str | None = None) -> str:
        """The value of a secret. Raises UserError."""
        name = f"{PREFIX}{key.upper()}"
        text = self._environment.get(name)
        if text is None:
            raise UserError(f"there is no secret `{key}`: set {name} (base64) in the daemon's environment")
        value = _decoded(text)
        if value is None:
            raise UserError(f"{name} is not base64")
        return value


def _decoded(text: str) -> str | None:
    try:
        return base64.b64decode(text, validate=True).decode().rstrip("\n")
    except (binascii.Error, ValueError):
        return None


def _forms(value: str) -> Iterator[str]:
    """The texts as which a secret may show up."""
    lines = [line for line in value.splitlines() if len(line) >= _LINE] if "\n" in value else []
    for part in (value, *lines):
        if len(part) >= SHORTEST:
            yield part
            yield json.dumps(part)[1:-1]
            yield json.dumps(part, ensure_ascii=False)[1:-1]
