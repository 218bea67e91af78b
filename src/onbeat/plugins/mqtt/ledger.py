"""Remember which messages the broker may deliver again although what they start is stored.

Between our commit and the broker's knowledge of it lies an acknowledgement that a crash, or a cut connection, can swallow. The broker
then delivers the message again, and without this it would start its flows twice. A packet id is no identity: it has 16 bits and
comes again. So packet id, topic and payload together are remembered, and only as long as the broker can mean that very delivery.

Rules
1. Only a redelivery (DUP) that agrees in packet id, topic and payload is known; a first delivery is always new.
2. A row goes when its packet id comes as a first delivery, or SETTLE seconds after its acknowledgement was sent on a connection
   that is still there. What is remembered too long could swallow a message; what is forgotten too early only starts one twice.
3. A message costs one small row, in the transaction that starts its flows, in one of a fixed number of slots: nothing grows. There are
   more slots than the window, for Mosquitto 2.0 sends hundreds of messages beyond it after a connection broke.
4. Of what an earlier process left, only the last SETTLE seconds before its end count.

Called by: subscription.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from onbeat.core.event import Micros

SETTLE = 1.0
"""Seconds after which an acknowledgement that was sent has arrived, unless the connection broke."""
SLOTS = 1000
"""At least; ten times the window when that is more."""


@dataclass(slots=True)
class _Row:
    slot: str
    digest: str
    key: str
    acked: float | None = None


class Ledger:
    """The deliveries of one session. kept: slot -> row, as it is stored. slots: how many are remembered at most."""

    def __init__(self, kept: Mapping[str, str], slots: int, now: float) -> None:
        self._slots, self._next = slots, 0
        self._rows: dict[int, _Row] = {}
        self._in_slot: dict[str, int] = {}
        self._changes: dict[str, str | None] = {}
        rows = sorted((json.loads(value), slot) for slot, value in kept.items())
        for (at, mid, digest_, key), slot in rows:
            if at < rows[-1][0][0] - SETTLE * 1_000_000:
                self._changes[slot] = None
            else:  # a redelivery comes at once after connecting, or not at all
                self._put(mid, _Row(slot, digest_, key, acked=now))

    def __bool__(self) -> bool:
        return bool(self._rows)

    def known(self, mid: int, topic: str, payload: bytes) -> str | None:
        """The key under which this delivery was stored already; None when it was not."""
        row = self._rows.get(mid)
        return row.key if row is not None and row.digest == digest(topic, payload) else None

    def add(self, mid: int, topic: str, payload: bytes, key: str, at: Micros) -> None:
        """A delivery that is about to be stored."""
        self._next += 1
        row = _Row(str(self._next % self._slots), digest(topic, payload), key)
        self._put(mid, row)
        self._changes[row.slot] = json.dumps((at, mid, row.digest, key))

    def _put(self, mid: int, row: _Row) -> None:
        self._drop(mid)
        evicted = self._in_slot.get(row.slot)
        if evicted is not None:
            del self._rows[evicted]
        self._rows[mid], self._in_slot[row.slot] = row, mid

    def _drop(self, mid: int) -> None:
        row = self._rows.pop(mid, None)
        if row is not None:
            del self._in_slot[row.slot]
            self._changes[row.slot] = None

    def acked(self, mid: int, now: float) -> None:
        """Its acknowledgement is sent."""
        if (row := self._rows.get(mid)) is not None:
            row.acked = now

    def settle(self, now: float) -> bool:
        """Forget what the broker knows by now; whether anything was. Only when no message waits that is not looked at yet."""
        gone = [mid for mid, row in self._rows.items() if row.acked is not None and now - row.acked >= SETTLE]
        for mid in gone:
            self._drop(mid)
        return bool(gone)

    def forget(self) -> None:
        """The broker has no session of ours: nothing will come again."""
        for mid in list(self._rows):
            self._drop(mid)

    def changes(self) -> dict[str, str | None]:
        """slot -> row (None: removed): what is to be stored, since this was last asked."""
        changes, self._changes = self._changes, {}
        return changes


def digest(topic: str, payload: bytes) -> str:
    """A message's fingerprint."""
    return sha256(topic.encode(errors="surrogatepass") + b"\0" + payload).hexdigest()[:32]
