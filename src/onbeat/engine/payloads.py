"""Keep large inputs, outputs and payloads once in storage, secret ones encrypted, and bring them back when an expression touches them.

A row with a megabyte in it is written, copied and read at every step; a reference is not. A password in a row is read by whoever may
look at executions; an encrypted one is not.

Rules
1. What is over the limit is kept before the row that refers to it is written.
2. Data that looks like a reference is kept in storage too, so an event cannot make us read an address.
3. The value of a SECRET input is in no row and no file: it is sealed first, and what is sealed stays in the row.
4. So it is with a value that a mask finds something in: it is kept sealed, beside it how it is shown, and is opened like a large one.

Called by: intake and runner keep, evaluator brings back.
"""

from hashlib import blake2b

import orjson

from onbeat.core.event import Json
from onbeat.core.execution import Head
from onbeat.core.expressions.taint import Opened, texts_of
from onbeat.core.flow import Flow
from onbeat.core.refs import INLINE_LIMIT, REF_KEY, SECRET, Ref, is_mark, mark
from onbeat.core.sealed import FILE_END, hidden_in, is_secret, is_secret_mark, sealed, secret_mark
from onbeat.engine.masking import MASK, Mask
from onbeat.engine.vault import Vault
from onbeat.ports import Storage

_ABOUT, _TEXT = "value", "text"
"""What kept values that are secret are bound to."""
_LARGEST_SHOWN = 8_192
"""Bytes of JSON up to which a secret value is shown masked, in a row of its own execution; a larger one is not shown at all."""
_NO_LIMIT = 2**62
_CHEAP = 2_000
"""Values with fewer characters than this in all need not be measured."""


class Payloads:
    """Moves large values between rows and storage."""

    def __init__(self, storage: Storage, vault: Vault | None = None) -> None:
        self.storage = storage
        self._vault = vault or Vault()

    async def keep(self, values: dict[str, Json], where: str, limit: int = INLINE_LIMIT, mask: Mask | None = None) -> dict[str, Json]:
        """The values as a row may hold them, `limit` bytes of them. where: a path in storage that is theirs alone. mask: finds secrets."""
        masked: dict[str, Json] = mask.mask_value(values) if mask else values
        suspicious = masked is not values or any(is_mark(value) for value in values.values())
        if not suspicious and ((_small(values) and limit >= _CHEAP) or len(orjson.dumps(values)) <= limit):
            return values
        kept: dict[str, Json] = {}
        room = limit
        for name, value in values.items():
            data = orjson.dumps(value)
            digest = blake2b(name.encode(), digest_size=8).hexdigest()
            shown = mask.mask_value(value) if mask and masked is not values else value
            if shown is not value:
                kept[name] = await self._sealed(data, shown, f"{where}/{digest}{FILE_END}", room)
                room -= len(orjson.dumps(kept[name]))
            elif is_mark(value) or len(data) > room:
                kept[name] = mark(Ref(await self.storage.put(f"{where}/{digest}.json", data), len(data)))
            else:
                kept[name] = value
                room -= len(data)
        return kept

    async def _sealed(self, data: bytes, shown: Json, path: str, room: int) -> dict[str, Json]:
        """A secret value as a row may hold it: in the address itself, or in a file."""
        secret = [*dict.fromkeys(text for part in hidden_in(orjson.loads(data), shown) for text in texts_of(part))]
        if len(orjson.dumps(shown)) > min(_LARGEST_SHOWN, max(room // 4, 0)):
            shown = MASK
        uri = SECRET + self._vault.seal(_ABOUT, f"[{data.decode()},{orjson.dumps(secret).decode()}]")
        if len(uri) > room:
            uri = await self.storage.put(path, uri.removeprefix(SECRET).encode())
        return secret_mark(uri, len(data), shown)

    async def seal_values(self, values: dict[str, Json], mask: Mask) -> dict[str, Json]:
        """The values, those that hold a secret sealed; all of them stay in the row."""
        if not mask.within(values):
            return values
        return {name: await self.seal_value(value, mask) if mask.within(value) else value for name, value in values.items()}

    async def seal_value(self, value: Json, mask: Mask) -> dict[str, Json]:
        """What stands in a row for the value."""
        return await self._sealed(orjson.dumps(value), mask.mask_value(value), "", _NO_LIMIT)

    def seal_text(self, text: str) -> str:
        """A text, encrypted."""
        return self._vault.seal(_TEXT, text)

    def open_text(self, text: str) -> str:
        """What `seal_text` encrypted. Raises UserError."""
        return self._vault.open(_TEXT, text)

    def seal(self, flow: Flow, inputs: dict[str, Json]) -> dict[str, Json]:
        """The inputs of an execution of this flow, the SECRET ones encrypted."""
        ids = flow.secret_inputs
        return sealed(inputs, ids, lambda id_, text: self._vault.seal(f"{flow.name}:{id_}", text)) if ids else inputs

    async def keep_inputs(self, flow: Flow, inputs: dict[str, Json], where: str, mask: Mask | None = None) -> dict[str, Json]:
        """The inputs of an execution, sealed or not yet, as a row may hold them. where: a path in storage that is theirs alone. mask: finds
        secrets in the others."""
        roots = {id_.partition(".")[0] for id_ in flow.secret_inputs}
        if not roots:
            return await self.keep(inputs, where, mask=mask)
        plain = await self.keep({name: value for name, value in inputs.items() if name not in roots}, where, mask=mask)
        return {name: plain.get(name, value) for name, value in self.seal(flow, inputs).items()}

    def open(self, head: Head, id_: str, text: str) -> str:
        """The clear value of an execution's SECRET input. Raises UserError."""
        return self._vault.open(f"{head.namespace}.{head.flow}:{id_}", text)

    async def clear(self, value: Json) -> Json:
        """A value of rows, unmasked: for tests of flows, and for who runs one in his own process. Raises as `bring`."""
        if isinstance(value, dict):
            if is_secret_mark(value):
                return await self.bring(value[REF_KEY])
            return {name: await self.clear(item) for name, item in value.items()}
        return [await self.clear(item) for item in value] if isinstance(value, list) else value

    async def bring(self, uri: str) -> Json:
        """The value of an address. Raises NotFound, UserError for a secret one that this daemon's keys do not open."""
        if is_secret(uri):
            return (await self.open_secret(uri)).value
        return orjson.loads(await self.storage.get(uri))

    async def open_secret(self, uri: str) -> Opened:
        """The secret value of an address, and what of it is secret. Raises as `bring`."""
        text = uri.removeprefix(SECRET) if uri.startswith(SECRET) else (await self.storage.get(uri)).decode()
        value, secret = orjson.loads(self._vault.open(_ABOUT, text))
        return Opened(value, frozenset(secret))


def _small(values: dict[str, Json]) -> bool:
    """Whether flat values are surely within the limit, without making JSON of them."""
    size = 0
    for name, value in values.items():
        if isinstance(value, str):
            size += len(value)
        elif isinstance(value, dict | list):
            return False
        size += len(name) + 24
    return size <= _CHEAP
