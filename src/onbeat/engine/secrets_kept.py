"""Keep secrets of namespaces encrypted in the store, for who has no other place for them.

Rules
1. A value is sealed before it is written, bound to its namespace and key, and never leaves by the API.
2. They are in memory while the daemon runs: expressions do not wait, and every one of them is hidden in what is shown.
3. A change counts when it is on disk. `renew` seals all of them by a new key; one that cannot be opened is told of, and left as it is.

Called by: secrets finds them, the API sets and removes them.
"""

import asyncio
from collections.abc import Iterator

import structlog

from onbeat.core.event import Micros
from onbeat.core.names import check_namespace, lineage
from onbeat.core.secret import Secret
from onbeat.engine.masking_forms import SHORTEST
from onbeat.engine.values import check_key
from onbeat.engine.vault import Vault
from onbeat.errors import UserError
from onbeat.ports import Clock, Document, StoreAndQueries, Work

_log = structlog.get_logger("onbeat.secrets")
KIND = "secret"
LARGEST = 100_000
"""Characters of a secret."""


class KeptSecrets:
    """Secrets in the store."""

    def __init__(self, store: StoreAndQueries, vault: Vault, clock: Clock) -> None:
        self._store = store
        self._vault = vault
        self._clock = clock
        self._known: dict[tuple[str, str], Secret] = {}
        self._named: dict[tuple[str, str], tuple[str, str | None, Micros]] = {}
        self._gone: set[Secret] = set()
        self._turn = asyncio.Lock()
        self.changed = 0

    async def load(self) -> None:
        """Bring what is kept into memory."""
        for document in await self._store.documents(KIND):
            namespace, _, key = document.id.partition("/")
            kept = document.value
            assert isinstance(kept, dict), "as it was written"
            self._named[namespace, key.upper()] = (key, kept.get("description"), kept["updated"])
            try:
                self._known[namespace, key.upper()] = Secret(self._vault.open(_about(namespace, key), kept["sealed"]))
            except UserError as wrong:
                _log.error("a secret cannot be opened", namespace=namespace, key=key, problem=str(wrong))
        self.changed += 1

    def find(self, namespace: str, key: str) -> Secret | None:
        """See secrets.Backend. Raises UserError for one that is kept and could not be opened."""
        found = self._known.get((namespace, key.upper()))
        if found is None and (namespace, key.upper()) in self._named:
            raise UserError(f"the secret `{key}` of namespace {namespace} cannot be opened with this daemon's key; set it again")
        return found

    def all(self) -> Iterator[Secret]:
        """Every one of them, and those that were replaced or removed since the start: who has seen them may still show them."""
        yield from {*self._known.values(), *self._gone}

    def namespaces(self) -> set[str]:
        """The namespaces that have one."""
        return {namespace for namespace, _ in self._named}

    def names(self, namespace: str) -> list[tuple[str, str | None, Micros]]:
        """The keys of a namespace, with their descriptions and when they were set, by key."""
        return sorted(named for (where, _), named in self._named.items() if where == namespace)

    def inherited(self, namespace: str) -> dict[str, list[str]]:
        """The keys of the namespaces above, nearest first."""
        above = {each: [key for key, _, _ in self.names(each)] for each in lineage(namespace) if each != namespace}
        return {each: keys for each, keys in above.items() if keys}

    async def put(self, namespace: str, key: str, value: str, description: str | None = None) -> None:
        """Keep it; what was there is replaced. Raises UserError."""
        check_namespace(namespace)
        check_key(key)
        if not value:
            raise UserError("the value of a secret is not empty")
        if len(value) > LARGEST:
            raise UserError(f"the value of a secret has at most {LARGEST:,} characters")
        async with self._turn:
            key = self._named.get((namespace, key.upper()), (key, None, 0))[0]
            now = self._clock.now()
            await self._store.write(Work(documents=(self._document(namespace, key, value, description, now),)))
            self._forget(namespace, key)
            self._known[namespace, key.upper()] = Secret(value)
            self._named[namespace, key.upper()] = (key, description, now)
            self.changed += 1
        if len(value) < SHORTEST:
            _log.warning("a secret is too short to be found in texts", namespace=namespace, key=key, least=SHORTEST)

    async def describe(self, namespace: str, key: str, description: str | None) -> bool:
        """Say what it is for; its value stays. Whether it was there. Raises UserError for one that cannot be opened."""
        async with self._turn:
            found = self.find(namespace, key)
            if found is None:
                return False
            name = self._named[namespace, key.upper()][0]
            now = self._clock.now()
            await self._store.write(Work(documents=(self._document(namespace, name, found.reveal(), description, now),)))
            self._named[namespace, key.upper()] = (name, description, now)
        return True

    async def delete(self, namespace: str, key: str) -> bool:
        """Remove it; whether it was there."""
        async with self._turn:
            named = self._named.get((namespace, key.upper()))
            if named is None:
                return False
            await self._store.write(Work(documents=(Document(KIND, f"{namespace}/{named[0]}", None),)))
            del self._named[namespace, key.upper()]
            self._forget(namespace, key)
            self.changed += 1
        return True

    async def renew(self) -> tuple[str, int]:
        """Make a new key and seal all by it: its id, and how many secrets. Raises Refused where the key is a setting."""
        async with self._turn:
            id_ = self._vault.renew()
            return id_, await self._reseal()

    def _forget(self, namespace: str, key: str) -> None:
        before = self._known.pop((namespace, key.upper()), None)
        if before is not None:
            self._gone.add(before)

    async def _reseal(self) -> int:
        documents = [
            self._document(namespace, key, self._known[namespace, upper].reveal(), description, updated)
            for (namespace, upper), (key, description, updated) in self._named.items()
            if (namespace, upper) in self._known
        ]
        if documents:
            await self._store.write(Work(documents=tuple(documents)))
        return len(documents)

    def _document(self, namespace: str, key: str, value: str, description: str | None, updated: Micros) -> Document:
        sealed = self._vault.seal(_about(namespace, key), value)
        return Document(KIND, f"{namespace}/{key}", {"sealed": sealed, "description": description, "updated": updated})


def _about(namespace: str, key: str) -> str:
    return f"secret {namespace}/{key}"
