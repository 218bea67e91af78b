"""Give secrets to expressions, from where they are kept, and make the mask that hides them all.

Rules
1. A secret is looked for in the namespace and those above it: kept by onbeat (secrets_kept.py), then in files; last in the environment
   (`SECRET_<KEY>`, base64 as Kestra has it), which knows no namespaces.
2. Keys do not tell upper from lower case; a key is no path.
3. All that are known are hidden from the start, whether an expression has asked for them or not: a restart changes nothing.
4. A flow gets the secrets of its namespace and of those above, and no other's.

Called by: evaluator; the API sets and lists those that are kept.
"""

import base64
import binascii
import json
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from onbeat.core.event import Json
from onbeat.core.expressions import to_text
from onbeat.core.expressions.taint import Taint
from onbeat.core.names import lineage
from onbeat.core.secret import Secret
from onbeat.engine.masking import MASK, Mask
from onbeat.engine.masking_forms import SHORTEST
from onbeat.errors import UserError

PREFIX = "SECRET_"
NO_WORD = 8
"""Characters from which a secret is no word of an answer."""
LARGEST = 1_000_000
"""Bytes of a file that holds a secret."""
_REMEMBERED = 200
_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,255}")
__all__ = ["MASK", "PREFIX", "Files", "Secrets"]


class Backend(Protocol):
    """A place where secrets are."""

    changed: int
    """Grows with each change."""

    def find(self, namespace: str, key: str) -> Secret | None:
        """The secret of exactly that namespace; "" is for what belongs to none."""

    def all(self) -> Iterator[Secret]:
        """Every one of them."""


class Secrets:
    """The secrets there are. environment: the process's variables; backends: in the order in which they are asked."""

    def __init__(self, environment: Mapping[str, str], *backends: Backend) -> None:
        self._environment = environment
        self._backends = backends
        self._known: list[int] | None = None
        self._mask = self._base = self._long = Mask()
        self._noted: OrderedDict[str, None] = OrderedDict()

    def present(self) -> Mask:
        """The mask that hides all of them as they are now."""
        known = [backend.changed for backend in self._backends]
        if known != self._known:
            values = [_decoded(text) or text for name, text in self._environment.items() if name.startswith(PREFIX)]
            values += [secret.reveal() for backend in self._backends for secret in backend.all()]
            self._base = self._mask = Mask(values)
            self._noted.clear()
            long = [value for value in values if len(value) >= NO_WORD]
            self._long = self._mask if len(long) == len(values) else Mask(long)
            self._known = [backend.changed for backend in self._backends]
        return self._mask

    def remember(self, values: Iterable[Json]) -> None:
        """Hide these, too, as far as they are not hidden as it is: what was made of secrets elsewhere. The latest ones are remembered."""
        taint, mask = Taint(), self.present()
        for value in values:
            taint.note(value)
        fresh = [text for text in taint.made if len(text) >= SHORTEST and not mask.spans(text)]
        if fresh:
            self._noted.update(dict.fromkeys(fresh))
            while len(self._noted) > _REMEMBERED:
                self._noted.popitem(last=False)
            self._mask = self._base.made(self._noted)

    def answers(self) -> Mask:
        """The mask for answers of the API: that of all that are longer than what is in every answer, such as a state."""
        self.present()
        return self._long

    def mask(self, text: str) -> str:
        """The text with every secret in it hidden."""
        return self.present().mask(text)

    def giver(self, asking: str | None, touch: Callable[[], None] | None = None) -> Callable[..., Json]:
        """The function `secret` for the flows of a namespace. touch: told when one is given."""

        def give(key: str, namespace: str | None = None, subkey: str | None = None, full: bool = False) -> Json:
            value = self.get(key, namespace, subkey, full, asking=asking)
            if touch is not None:
                touch()
            return value

        return give

    def get(
        self, key: str, namespace: str | None = None, subkey: str | None = None, full: bool = False, *, asking: str | None = None
    ) -> Json:
        """The value of a secret, or of a key of one that is a JSON object; full: as a map. Raises UserError.

        asking: for whose flows; namespace: where it is looked for, else there.
        """
        if not isinstance(key, str):
            raise UserError("the function `secret` takes a text as `key`")
        if namespace is not None and asking is not None and namespace not in lineage(asking):
            asking = None  # only what belongs to no namespace
        value = self._find(key, namespace if asking is not None and namespace is not None else asking)
        if subkey:
            return _below(key, value, to_text(subkey))
        return {"value": value} if full is True else value

    def _find(self, key: str, namespace: str | None) -> str:
        if _KEY.fullmatch(key):
            for each in [*(lineage(namespace) if namespace else ()), ""]:
                for backend in self._backends:
                    found = backend.find(each, key)
                    if found is not None:
                        return found.reveal()
        name = f"{PREFIX}{key.upper()}"
        text = self._environment.get(name)
        if text is None:
            where = f"`onbeat secrets set {namespace or 'NAMESPACE'} {key}`"
            raise UserError(f"there is no secret `{key}`: keep it with {where}, or set {name} (base64) in the daemon's environment")
        value = _decoded(text)
        if value is None:
            raise UserError(f"{name} is not base64")
        return value


class Files:
    """Secrets as files of a directory, as Docker and Kubernetes mount them: `KEY`, or `NAMESPACE/KEY`. Read when they are needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Path, tuple[int, Secret]] = {}
        self.changed = 0

    def find(self, namespace: str, key: str) -> Secret | None:
        """What the file holds now. Raises UserError when it cannot be read."""
        folder = self._folder / namespace
        for name in dict.fromkeys((key, key.upper(), key.lower())):
            found = self._content(folder / name)
            if found is not None:
                return found
        return None

    def all(self) -> Iterator[Secret]:
        """Those of all files; what cannot be read is left out."""
        for path in sorted(self._folder.glob("*")) + sorted(self._folder.glob("*/*")):
            if not path.name.startswith(".") and not path.parent.name.startswith(".."):
                try:
                    found = self._content(path)
                except UserError:
                    continue
                if found is not None:
                    yield found

    def _content(self, path: Path) -> Secret | None:
        try:
            if not path.is_file():
                return None
            stamp = path.stat()
            known = self._read.get(path)
            if known is not None and known[0] == stamp.st_mtime_ns:
                return known[1]
            if stamp.st_size > LARGEST:
                raise UserError(f"the file of the secret `{path.name}` has more than {LARGEST:,} bytes")
            secret = Secret(path.read_text().removesuffix("\n"))
        except (OSError, UnicodeDecodeError) as problem:
            why = problem.strerror if isinstance(problem, OSError) else "it is not UTF-8 text"
            raise UserError(f"the file of the secret `{path.name}` cannot be read: {why}") from None
        self._read[path] = (stamp.st_mtime_ns, secret)
        self.changed += 1
        return secret


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
