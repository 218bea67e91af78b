"""Bring events in. `emit` returns: they are safe, and only then may a source acknowledge."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import msgspec
from pydantic import BaseModel, ConfigDict

from onbeat.core.backfill import Backfill
from onbeat.core.event import Event, Json
from onbeat.ports.store import Store
from onbeat.ports.work import LedgerRow, Position
from onbeat.ports.world import Clock


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """One thing a source received: an event, or what could not become one (raw and reason).

    triggers: names of the triggers it is for; None: all of the subscription. inputs, labels: given to what it starts beside what
    the trigger gives; their expressions see the event as the trigger's do. patient: past a quota it is not parked, for its source comes
    again with it and keeps nobody else waiting meanwhile.
    """

    event: Event | None = None
    raw: bytes | None = None
    reason: str | None = None
    key: str = ""
    triggers: frozenset[str] | None = None
    inputs: dict[str, Json] = {}
    labels: dict[str, str] = {}
    patient: bool = False


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """What one received event did. started: ids of the executions, also those a duplicate had started."""

    started: tuple[str, ...] = ()
    duplicate: bool = False
    dead: str | None = None
    unmatched: bool = False


class Emitter(Protocol):
    """What a source hands its events to."""

    async def __call__(
        self, received: Sequence[Received], *, positions: Sequence[Position] = (), ledger: Sequence[LedgerRow] = ()
    ) -> tuple[Started, ...]:
        """Match, start and remember in one transaction. Raises Overloaded past the limit: nothing was written; give it again later."""


def _unmeasured(lag: Callable[[], Awaitable[int]]) -> None:
    """Nobody looks."""


async def _none_running(received: Received) -> Sequence[str]:
    """Nothing runs."""
    return ()


async def _ended(execution: str) -> None:
    """It has ended."""


def _always(received: Received) -> bool:
    """There are no conditions."""
    return True


@dataclass(frozen=True, slots=True)
class SourceContext:
    """What a running source may use. name: its subscription's, unique and stable: the reader of its positions and ledgers.

    ready: to call once events would be seen. report: a sentence on what is wrong now (None: all is well), shown by `onbeat triggers`.
    measure: to give, once, what tells how many events wait at the source; it is asked when somebody looks.
    settings: the server's own (broker addresses and such). wait_room: returns when there is room for more executions. wait_changed:
    returns when the subscription's listeners are no longer what they were when it was called (hot reload). running: executions that this
    started before, and that have not ended. wait_ended: returns when that execution has ended. would_start: whether the conditions of a
    trigger that this is for hold.
    """

    name: str
    emit: Emitter
    store: Store
    clock: Clock
    log: Any
    ready: Callable[[], None]
    report: Callable[[str | None], None]
    wait_room: Callable[[], Awaitable[None]]
    wait_changed: Callable[[], Awaitable[None]]
    settings: Mapping[str, Any] = field(default_factory=dict)
    measure: Callable[[Callable[[], Awaitable[int]]], None] = _unmeasured
    running: Callable[[Received], Awaitable[Sequence[str]]] = _none_running
    wait_ended: Callable[[str], Awaitable[None]] = _ended
    would_start: Callable[[Received], bool] = _always


class SourceOptions(BaseModel):
    """The settings of a trigger's source, as its YAML has them; its docstring is the page about it, with an example.

    A subclass is a source: it says which triggers share one subscription and runs it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    names: ClassVar[tuple[str, ...]] = ()
    """The type names it answers to; the first is onbeat's own."""
    listens_disabled: ClassVar[bool] = False
    """Whether it runs although all its triggers are disabled, to skip what comes meanwhile; False: it connects to nothing then."""
    rendered: ClassVar[bool] = True
    """Whether expressions in its settings are evaluated once, when it is loaded; False: they are asked of each event."""

    def parts(self) -> "tuple[SourceOptions, ...]":
        """What it subscribes to, when that is several things; by default itself."""
        return (self,)

    verbatim: ClassVar[frozenset[str]] = frozenset()
    """YAML keys of settings that are given as they stand: the source evaluates them itself, with names of its own."""

    def subscription(self, trigger: str, settings: Mapping[str, Any]) -> str:
        """The name of the subscription this trigger shares with others of equal name; by default its own."""
        return f"{type(self).names[0]}:{trigger}"

    async def run(self, context: SourceContext, triggers: "Callable[[], Sequence[Listener]]") -> None:
        """Bring events in until cancelled; raises OutsideError when the connection is lost (it is then run again with back-off).

        `triggers()` gives the listeners of this subscription as they are now: hot reload changes them while it runs.
        """
        raise NotImplementedError


class Listener(msgspec.Struct, frozen=True):
    """One trigger of a subscription: its name and its source settings. conditional: not every event of it starts something. backfill: the
    past times that it is to run, where it is a schedule."""

    trigger: str
    options: Any
    namespace: str = ""
    flow: str = ""
    disabled: bool = False
    conditional: bool = False
    backfill: Backfill | None = None


class HttpRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request to a webhook, as the source needs it. headers: lower-case names. parameters: of the query. rest: what is behind the key."""

    method: str
    path: str
    headers: dict[str, list[str]]
    parameters: dict[str, list[str]]
    body: bytes
    rest: str = ""
