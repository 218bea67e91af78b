"""Remember which messages the broker may deliver again although what they start is stored.

Between our commit and the broker's knowledge of it lies an acknowledgement that a crash, or a cut connection, can swallow. The broker
then delivers the message again, and without this it would start its flows twice. A packet id is no identity: it has 16 bits and
comes again. So packet id, topic and payload together are remembered, and only as long as the broker can mean that very delivery.

Rules
1. Only a redelivery (DUP) that agrees in packet id, topic and payload is known; a first delivery is always new.
2. A row goes when its packet id comes as a first delivery, or SETTLE seconds after its acknowledgement was sent on a connection
   that is still there. What is remembered too long could swallow a message; what is forgotten too early only starts one twice.
3. It is one value, written in the transaction that starts the flows, and it never holds more than twice the broker's window.

Called by: subscription.
"""

import json
from hashlib import sha256

SETTLE = 1.0
"""Seconds after which an acknowledgement that was sent has arrived, unless the connection broke."""


class _Row:
    __slots__ = ("acked", "digest", "key")

    def __init__(self, digest: str, key: str, acked: float | None = None) -> None:
        self.digest, self.key, self.acked = digest, key, acked


class Ledger:
    """The deliveries of one session. window: how many messages the broker sends without an acknowledgement."""

    def __init__(self, text: str | None, window: int, now: float) -> None:
        self._most = 2 * window
        # What an earlier process left: a redelivery comes at once after connecting, or not at all.
        self._rows = {int(mid): _Row(digest, key, now) for mid, (digest, key) in json.loads(text).items()} if text else {}

    def __bool__(self) -> bool:
        return bool(self._rows)

    def known(self, mid: int, topic: str, payload: bytes) -> str | None:
        """The key under which this delivery was stored already; None when it was not."""
        row = self._rows.get(mid)
        return row.key if row is not None and row.digest == digest(topic, payload) else None

    def add(self, mid: int, topic: str, payload: bytes, key: str) -> None:
        """A delivery that is about to be stored."""
        self._rows.pop(mid, None)
        self._rows[mid] = _Row(digest(topic, payload), key)
        while len(self._rows) > self._most:
            del self._rows[next(iter(self._rows))]

    def acked(self, mid: int, now: float) -> None:
        """Its acknowledgement is sent."""
        if (row := self._rows.get(mid)) is not None:
            row.acked = now

    def settle(self, now: float) -> bool:
        """Forget what the broker knows by now; whether anything was. Only when no message waits that is not looked at yet."""
        gone = [mid for mid, row in self._rows.items() if row.acked is not None and now - row.acked >= SETTLE]
        for mid in gone:
            del self._rows[mid]
        return bool(gone)

    def text(self) -> str | None:
        """What to store; None when nothing is remembered."""
        return json.dumps({mid: (row.digest, row.key) for mid, row in self._rows.items()}) if self._rows else None


def digest(topic: str, payload: bytes) -> str:
    """A message's fingerprint."""
    return sha256(topic.encode(errors="surrogatepass") + b"\0" + payload).hexdigest()[:32]
