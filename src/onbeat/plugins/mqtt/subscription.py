"""Follow topics over one connection, and acknowledge each message after what it starts is stored.

One connection serves all triggers of a broker, so that ten flows on one sensor cost the broker one delivery and one session. The
session is the promise: what is sent while we are away, or was not acknowledged when we died, comes again.

Rules
1. `emit` returned ⇒ acknowledged, in the order received; a message that cannot be stored now is neither acknowledged nor overtaken.
2. A redelivery of what is stored already is acknowledged and starts nothing (ledger.py); any other delivery is new.
3. A message goes to the triggers whose filter it was delivered for; where filters overlap, to each trigger once.
4. A session that the broker has forgotten is a gap, and said; the topics are subscribed to again.
5. Retained messages: `first` gives them when the subscription is new, `all` on every connection, `ignore` never.
6. Topics that triggers no longer want are unsubscribed, also those of an earlier run.
7. Another client with our client id is said, and we wait before we take the session back.

Called by: trigger, for the services that run sources.
"""

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from secrets import randbits

from onbeat.core.event import Micros
from onbeat.core.ids import make_id
from onbeat.errors import OutsideError, Overloaded
from onbeat.plugins.mqtt import topic, wish
from onbeat.plugins.mqtt.address import Address
from onbeat.plugins.mqtt.connection import Arrived, Connection, TakenOver
from onbeat.plugins.mqtt.ledger import SETTLE, SLOTS, Ledger
from onbeat.plugins.mqtt.message import Undecodable
from onbeat.plugins.mqtt.wish import RETAIN_HANDLING, Follower, Wish
from onbeat.ports import LedgerRow, Listener, Received, SourceContext, Work

BATCH = 100
"""Messages that are stored in one transaction, at most."""
TAKEN_OVER_PAUSE = 30.0
SOON, LONG_AGO, OFTEN = 60_000_000, 600_000_000, 3
"""Microseconds after connecting, microseconds between two losses, and how many: then another client may use our client id."""
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 5.0


class NotWanted(OutsideError):
    """The broker refuses every topic."""


@dataclass(frozen=True, slots=True)
class Means:
    """What the connection of a subscription is made with."""

    address: Address
    session: timedelta
    room: int


class Subscription:
    """One connection and the triggers it serves: there is one at least."""

    def __init__(self, context: SourceContext, triggers: Callable[[], Sequence[Listener]]) -> None:
        self._context, self._triggers = context, triggers
        self._listeners = tuple(triggers())
        self._means = self._wanted_means()
        first: Follower = self._listeners[0].options
        self._client_id = first.client_id or derive_client_id(str(context.settings.get("node", "main")), context.name)
        self._link = Connection(
            self._means.address,
            version=first.mqtt_version,
            client_id=self._client_id,
            session=self._means.session,
            room=self._means.room,
        )
        self._ledger = Ledger({}, 1, 0.0)
        self._wishes: dict[str, Wish] = {}
        self._filters: dict[int, list[str]] = {}
        self._gap: str | None = None
        self._complaints: dict[str, str] = {}
        self._outdated = False
        self._since: Micros | None = None
        self._losses: tuple[int, Micros] = (0, 0)
        self._nonce = make_id(context.clock.now(), randbits(74))
        self._count = 0

    async def run(self) -> None:
        """Connect, subscribe and hand over until the options of the connection change. Raises OutsideError when it is lost."""
        try:
            await self._connect()
            await self._follow()
        except OutsideError as lost:
            error = await self._judge(lost)
            if isinstance(error, TakenOver):
                self._context.report(str(error))
                self._context.log.warning("mqtt client id in use twice", client_id=self._client_id, broker=self._link.address.where)
                await self._context.clock.sleep(TAKEN_OVER_PAUSE)
            raise error from None
        finally:
            await self._link.close()

    async def _judge(self, lost: OutsideError) -> OutsideError:
        """Many brokers close the connection of a client whose id another one uses, and say nothing: then it is lost soon, and often."""
        now = self._context.clock.now()
        if self._since is None or lost is not self._link.lost or isinstance(lost, TakenOver | NotWanted):
            return lost
        count, last = self._losses
        count = 0 if now - self._since > SOON else 1 if now - last > LONG_AGO else count + 1
        if count or self._losses[0]:
            row = LedgerRow(self._context.name, self._losses_key, json.dumps([count, now]) if count else None)
            await self._context.store.write(Work(ledger=(row,)))
        if count < OFTEN:
            return lost
        return TakenOver(
            f"{lost}; {count} times now, each soon after connecting: unless the network is bad, another client uses our client id "
            f"`{self._client_id}`: give each node its own (setting `node`, or `clientId:` of the trigger), or use a shared subscription"
        )

    async def _follow(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                subscribing = group.create_task(self._keep_subscribed())
                while not self._outdated:
                    await self._turn()
                subscribing.cancel()
        except BaseExceptionGroup as errors:  # who runs us knows OutsideError and StoreBroken, not groups of them
            raise errors.exceptions[0] from None

    async def _turn(self) -> None:
        messages = await self._link.take(BATCH, SETTLE if self._ledger else None)
        if messages:
            await self._hand_over(messages)
        elif self._ledger.settle(self._context.clock.monotonic()):
            await self._context.store.write(Work(ledger=self._ledger_rows()))

    # ---- subscribing ------------------------------------------------------------------------------------------------

    async def _connect(self) -> None:
        kept = await self._context.store.ledger(self._context.name)
        self._losses = tuple(json.loads(kept.get(self._losses_key, "[0, 0]")))
        present = await self._link.open()
        self._since = self._context.clock.now()
        known: dict[str, int] = json.loads(kept.get(self._filters_key, "{}"))
        slots = {key.removeprefix(self._slot_key("")): value for key, value in kept.items() if key.startswith(self._slot_key(""))}
        self._ledger = Ledger(slots, max(SLOTS, 10 * self._link.room), self._context.clock.monotonic())
        if known and not present:
            self._gap = (
                f"the broker {self._link.address.where} has forgotten our session `{self._client_id}`: "
                "messages sent since we were last connected can be lost"
            )
            self._context.log.warning("mqtt session lost", client_id=self._client_id, broker=self._link.address.where)
            self._ledger.forget()
            await self._context.store.write(Work(ledger=self._ledger_rows()))
        self._wishes = {filter_: Wish(qos, "first") for filter_, qos in known.items()} if present else {}
        self._expect()

    async def _keep_subscribed(self) -> None:
        """Beside the messages: they come before the broker's answers, and a session has its topics already."""
        try:
            await self._subscribe(fresh=True)
            self._context.ready()
            while not self._outdated:
                self._context.report(self._trouble)
                while tuple(self._triggers()) == self._listeners:
                    await self._context.wait_changed()
                self._listeners = tuple(self._triggers())
                if self._listeners and self._means == self._wanted_means():
                    await self._subscribe(fresh=False)
                else:
                    self._outdated = True
                    self._link.stir()
        except OutsideError as error:
            self._link.give_up(error)

    async def _subscribe(self, *, fresh: bool) -> None:
        """Make the broker's subscriptions those that the triggers want. fresh: this connection has not subscribed to anything yet."""
        wanted = self._expect()
        for listener, follower in self._followers():
            if follower.qos == 2:
                self._context.log.warning("mqtt qos 2 is subscribed as 1: a crash could lose what came with 2", trigger=listener.trigger)
        for filter_ in sorted(self._wishes.keys() - wanted.keys()):
            await self._link.unsubscribe(filter_)
            self._complaints.pop(filter_, None)
        refused = 0
        for filter_, want in wanted.items():
            if not self._is_new(filter_, want, fresh=fresh):
                continue
            complaint = await self._link.subscribe(
                filter_, qos=want.qos, retained=RETAIN_HANDLING[want.retained], identifier=topic.identifier(filter_)
            )
            self._complaints.pop(filter_, None)
            if complaint is not None:
                self._complaints[filter_] = complaint.text
                self._context.log.warning("mqtt subscription not as wanted", topic=filter_, reason=complaint.text)
                refused += complaint.refused
        if refused == len(wanted):
            raise NotWanted(self._trouble)
        if wish.qualities(wanted) != wish.qualities(self._wishes):
            row = LedgerRow(self._context.name, self._filters_key, json.dumps(wish.qualities(wanted)))
            await self._context.store.write(Work(ledger=(row,)))
        self._wishes = wanted

    @property
    def _trouble(self) -> str | None:
        """What is wrong although we are connected."""
        return "; ".join(filter(None, (self._gap, *self._complaints.values()))) or None

    def _is_new(self, filter_: str, want: Wish, *, fresh: bool) -> bool:
        """Whether to subscribe. MQTT 5 is told to give retained messages only to a new subscription; 3.1.1 would give them each time."""
        before = self._wishes.get(filter_)
        if before is None:
            return True
        if fresh:
            return self._link.version == "V5" or want.retained == "all" or want.qos != before.qos
        return before != want

    def _expect(self) -> dict[str, Wish]:
        """What is wanted now; messages are given to triggers by it from here on, also those that come before the broker's answers."""
        wanted = wish.merge((follower for _, follower in self._followers()), apart=self._link.identifies)
        self._filters = {}
        for filter_ in wanted:
            self._filters.setdefault(topic.identifier(filter_), []).append(filter_)
        return wanted

    # ---- handing over -----------------------------------------------------------------------------------------------

    async def _hand_over(self, messages: Sequence[Arrived]) -> None:
        """Store what the messages start, then acknowledge each."""
        received: list[Received] = []
        for message in messages:
            known = self._ledger.known(message.mid, message.topic, message.payload) if message.qos and message.dup else None
            if known is not None:
                self._context.log.info("mqtt redelivery recognised", topic=message.topic, packet=message.mid)
            self._count += 1
            key = known or f"{self._client_id}/{self._nonce}/{self._count}"
            if message.qos:  # a known one as well: its row is young again, should this acknowledgement be lost, too
                self._ledger.add(message.mid, message.topic, message.payload, key, self._context.clock.now())
            if known is None:
                received += self._read(message, key)
        if received:
            await self._emit(received, self._ledger_rows())
        for message in messages:
            self._link.ack(message)
            if message.qos:
                self._ledger.acked(message.mid, self._context.clock.monotonic())

    def _read(self, message: Arrived, key: str) -> Iterable[Received]:
        groups: dict[str, tuple[Follower, set[str]]] = {}
        numbers = message.identifiers
        for listener, follower in self._followers():
            if not listener.disabled and self._is_for(follower, message, numbers):
                groups.setdefault(follower.reading, (follower, set()))[1].add(listener.trigger)
        for follower, names in groups.values():
            try:
                event = follower.read(message, source=self._link.address.url, key=key, now=self._context.clock.now())
            except Undecodable as wrong:
                yield Received(raw=message.payload, reason=f"{message.topic}: {wrong}", key=key, triggers=frozenset(names))
            else:
                yield Received(event=event, key=event.key, triggers=frozenset(names))

    def _is_for(self, follower: Follower, message: Arrived, numbers: tuple[int, ...]) -> bool:
        if message.retain and follower.retained == "ignore":
            return False
        first = next((filter_ for filter_ in follower.filters if topic.matches(filter_, message.topic)), None)
        if first is None:
            return False
        # The broker sends a copy for every filter that matches: a trigger takes the one for its first.
        return not numbers or any(first in self._filters.get(number, ()) for number in numbers)

    async def _emit(self, received: Sequence[Received], rows: Sequence[LedgerRow]) -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                await self._context.emit(received, ledger=rows)
            except Overloaded as full:
                self._context.report(f"waiting, nothing is lost: {full}")
                await self._context.wait_room()
                await self._context.clock.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                if pause != FIRST_PAUSE:
                    self._context.report(self._trouble)
                return

    def _ledger_rows(self) -> tuple[LedgerRow, ...]:
        until = self._context.clock.now() + self._means.session // timedelta(microseconds=1)
        return tuple(LedgerRow(self._context.name, self._slot_key(slot), value, until) for slot, value in self._ledger.changes().items())

    def _wanted_means(self) -> Means:
        followers = [follower for _, follower in self._followers()]
        return Means(
            address=followers[0].address(self._context.settings),
            session=max(follower.session_expiry for follower in followers),
            room=min(follower.receive_maximum for follower in followers),
        )

    def _slot_key(self, slot: str) -> str:
        return f"{self._client_id} received {slot}"

    @property
    def _filters_key(self) -> str:
        return f"{self._client_id} filters"

    @property
    def _losses_key(self) -> str:
        return f"{self._client_id} losses"

    def _followers(self) -> list[tuple[Listener, Follower]]:
        return [(listener, listener.options) for listener in self._listeners]


def derive_client_id(node: str, subscription: str) -> str:
    """Our name at a broker: the same after every restart, another one on every node and for every subscription."""
    return f"onbeat-{node}-{blake2b(subscription.encode(), digest_size=6).hexdigest()}"
