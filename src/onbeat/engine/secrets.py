"""Give secrets to expressions, and hide their values wherever people read.

A password that a task was given comes back in the error of the server that refused it. So every text that is kept for people (log lines,
errors) and every projection (state events) goes through `mask`. What is kept in plain are the outputs of a task that returned the
secret itself: the next task needs the value; state events show them masked.

Rules
1. All secrets of the environment are hidden from the start, whether an expression has asked for them or not: a restart changes nothing.
2. Hidden are the value, its JSON-escaped forms, each longer line of a value with several, and each longer text in one that is JSON; the
   longest is looked for first.
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

from onbeat.core.event import Json
from onbeat.core.expressions import to_text
from onbeat.errors import UserError

PREFIX = "SECRET_"
MASK = "********"
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

    def get(self, key: str, namespace: str | None = None, subkey: str | None = None, full: bool = False) -> Json:
        """The value of a secret, or of a key of one that is a JSON object; full: as a map. Raises UserError.

        The environment knows no namespaces: each of them has the same secrets.
        """
        if not isinstance(key, str):
            raise UserError("the function `secret` takes a text as `key`")
        name = f"{PREFIX}{key.upper()}"
        text = self._environment.get(name)
        if text is None:
            raise UserError(f"there is no secret `{key}`: set {name} (base64) in the daemon's environment")
        value = _decoded(text)
        if value is None:
            raise UserError(f"{name} is not base64")
        if subkey:
            return _below(key, value, to_text(subkey))
        return {"value": value} if full is True else value


def _below(key: str, value: str, subkey: str) -> str:
    """What a secret that is a JSON object holds under a key, as text."""
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UserError(f"the secret `{key}` is not a JSON object, so it has no `{subkey}`")
    if subkey not in found:
        raise UserError(f"the secret `{key}` has no `{subkey}`")
    return to_text(found[subkey])


def _decoded(text: str) -> str | None:
    """Base64, over several lines too."""
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode().rstrip("\n")
    except (binascii.Error, ValueError):
        return None


def _inside(value: str) -> Iterator[str]:
    """The longer texts in a secret that is JSON: what is taken out of it is secret, too."""
    if not value.lstrip().startswith(("{", "[")):
        return
    try:
        waiting = [json.loads(value)]
    except (ValueError, RecursionError):
        return
    while waiting:
        found = waiting.pop()
        if isinstance(found, str) and len(found) >= _LINE:
            yield found
        elif isinstance(found, dict | list):
            waiting.extend(found.values() if isinstance(found, dict) else found)


def _forms(value: str) -> Iterator[str]:
    """The texts as which a secret may show up."""
    lines = [line for line in value.splitlines() if len(line) >= _LINE] if "\n" in value else []
    for part in (value, *lines, *_inside(value)):
        if len(part) >= SHORTEST:
            yield part
            yield json.dumps(part)[1:-1]
            yield json.dumps(part, ensure_ascii=False)[1:-1]
