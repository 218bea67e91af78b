"""Stand for values that are secret, which are kept encrypted: those of SECRET inputs, and what tasks give that holds a secret.

In rows a sealed value is Kestra's map {"type": "io.kestra.datatype:aes_encrypted", "value": text} in the place of the value. For
expressions it is a Ref: touching it asks the shell to open it, so the clear value is never in what is decided or written.

Rules
1. What a task gives, a payload or a variable that holds a secret is a kept value (refs.py) whose address is the encrypted text itself, or
   a file of encrypted text; beside it stands how it is shown.
2. Only inputs that the flow declares as SECRET are opened; data that looks like a sealed value by itself stays data.
3. What the shell is asked to open names the input, so that a sealed value that was moved elsewhere opens nothing.

Called by: context for expressions, engine/payloads seals and opens.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from onbeat.core import refs
from onbeat.core.event import Json
from onbeat.core.refs import SECRET, Ref

TYPE = "io.kestra.datatype:aes_encrypted"
_SCHEME = "sealed:"
FILE_END = ".sealed"
"""How the address of a kept value ends that is a file of encrypted text."""
SHOWN = "shown"
_HIDDEN = "********"


def mark(text: str) -> dict[str, Json]:
    """What stands in the row: the encrypted text."""
    return {"type": TYPE, "value": text}


def reference(id_: str, text: str) -> Ref:
    """What stands for it in expressions."""
    return Ref(f"{_SCHEME}{id_}:{text}", len(text))


def is_secret(uri: str) -> bool:
    """Whether the kept value of an address is secret."""
    return uri.startswith((SECRET, _SCHEME)) or uri.endswith(FILE_END)


def secret_mark(uri: str, size: int, shown: Json) -> dict[str, Json]:
    """What stands in the row for a value that is secret. shown: the value without what is secret in it."""
    return {**refs.mark(Ref(uri, size)), SHOWN: shown}


def is_secret_mark(value: Json) -> bool:
    """Whether a value of a row stands for one that is secret."""
    uri = value.get(refs.REF_KEY) if isinstance(value, dict) else None
    return isinstance(uri, str) and is_secret(uri)


def shown(value: Any) -> Any:
    """A value of rows as people may see it; the same object where nothing of it is secret."""
    if isinstance(value, dict):
        if is_secret_mark(value):
            return value.get(SHOWN, _HIDDEN)
        items = {name: shown(item) for name, item in value.items()}
        return items if any(items[name] is not item for name, item in value.items()) else value
    if isinstance(value, list):
        listed = [shown(item) for item in value]
        return listed if any(one is not other for one, other in zip(listed, value, strict=True)) else value
    return value


def hidden_in(value: Json, as_shown: Json) -> Iterator[Json]:
    """The parts of a value that are shown otherwise."""
    if isinstance(value, dict) and isinstance(as_shown, dict) and value.keys() == as_shown.keys():
        for name, item in value.items():
            yield from hidden_in(item, as_shown[name])
    elif isinstance(value, list) and isinstance(as_shown, list) and len(value) == len(as_shown):
        for item, other in zip(value, as_shown, strict=True):
            yield from hidden_in(item, other)
    elif value != as_shown:
        yield value


def parts_of(uri: str) -> tuple[str, str] | None:
    """The input and the encrypted text of a reference's address; None when the address is of something else."""
    if not uri.startswith(_SCHEME):
        return None
    id_, _, text = uri.removeprefix(_SCHEME).partition(":")
    return id_, text


def texts(inputs: Mapping[str, Json], ids: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The sealed ones of these inputs: id and encrypted text."""
    for id_ in ids:
        at: Json = dict(inputs)
        for part in id_.split("."):
            at = at.get(part) if isinstance(at, dict) else None
        if isinstance(at, dict) and at.get("type") == TYPE and isinstance(at.get("value"), str):
            yield id_, at["value"]


def sealed_ids(inputs: Mapping[str, Json]) -> Iterator[str]:
    """The ids of the inputs that look sealed, whatever the flow declares."""
    waiting = [(name, value) for name, value in inputs.items() if isinstance(value, dict)]
    while waiting:
        id_, value = waiting.pop()
        if value.get("type") == TYPE:
            yield id_
        waiting.extend((f"{id_}.{name}", inner) for name, inner in value.items() if isinstance(inner, dict))


def opened(inputs: dict[str, Any], ids: Iterable[str]) -> dict[str, Any]:
    """The inputs as expressions see them."""
    for id_, text in texts(inputs, ids):
        inputs = _replaced(inputs, id_.split("."), reference(id_, text))
    return inputs


def sealed(inputs: dict[str, Json], ids: Iterable[str], seal: Callable[[str, str], str]) -> dict[str, Json]:
    """The inputs as a row holds them: `seal` makes the encrypted text of an input's id and its value."""
    for id_ in ids:
        at: Json = inputs
        for part in id_.split("."):
            at = at.get(part) if isinstance(at, dict) else None
        if isinstance(at, str):
            inputs = _replaced(inputs, id_.split("."), mark(seal(id_, at)))
    return inputs


def _replaced(values: dict[str, Any], way: list[str], value: Any) -> dict[str, Any]:
    """A copy with the value at the end of the way."""
    first, *rest = way
    return {**values, first: _replaced(values[first], rest, value) if rest else value}
