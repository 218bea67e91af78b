"""Merge what several triggers want of one connection: per topic filter the quality, and which retained messages.

Rules
1. Where triggers want the same filter, the most is subscribed: the higher quality, the more generous policy.
2. QoS 2 is wished for as 1: the client answers before we see a message, and a crash would lose it.
3. Where the broker's copies for overlapping filters cannot be told apart, a filter that another one covers is not subscribed to.

Called by: subscription.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, Protocol

from onbeat.core.event import Event, Micros
from onbeat.plugins.mqtt import topic
from onbeat.plugins.mqtt.address import Address, Version
from onbeat.plugins.mqtt.connection import Arrived

Retained = Literal["ignore", "first", "all"]
RETAIN_HANDLING: dict[Retained, int] = {"all": 0, "first": 1, "ignore": 2}


class Follower(Protocol):
    """What a subscription needs of a trigger's options."""

    @property
    def mqtt_version(self) -> Version:
        """The protocol."""

    @property
    def client_id(self) -> str | None:
        """Our name at the broker, when the user gives one."""

    @property
    def qos(self) -> int:
        """The quality of service that the user asks for."""

    @property
    def retained(self) -> Retained:
        """Which retained messages it wants."""

    @property
    def session_expiry(self) -> timedelta:
        """How long the broker keeps what we miss."""

    @property
    def receive_maximum(self) -> int:
        """How many messages the broker sends ahead."""

    @property
    def filters(self) -> tuple[str, ...]:
        """The topics it follows."""

    @property
    def reading(self) -> str:
        """Names how it reads messages: triggers of the same reading share an event."""

    def address(self, settings: Mapping[str, Any]) -> Address:
        """Where the broker is."""

    def read(self, message: Arrived, *, source: str, key: str, now: Micros) -> Event:
        """The event of a message. Raises Undecodable."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How one filter is to be subscribed to, for all triggers that want it."""

    qos: int
    retained: Retained

    def __or__(self, other: "Wish") -> "Wish":
        return Wish(max(self.qos, other.qos), min(self.retained, other.retained, key=RETAIN_HANDLING.__getitem__))


def merge(followers: Iterable[Follower], *, apart: bool) -> dict[str, Wish]:
    """What to subscribe to. apart: the broker says with each message for which filter it is."""
    wanted: dict[str, Wish] = {}
    for follower in followers:
        for filter_ in follower.filters:
            wish = Wish(min(follower.qos, 1), follower.retained)
            wanted[filter_] = wanted[filter_] | wish if filter_ in wanted else wish
    if apart:
        return wanted
    merged: dict[str, Wish] = {}
    for filter_ in sorted(wanted, key=lambda name: sum(topic.covers(other, name) for other in wanted)):
        wide = next((other for other in merged if topic.covers(other, filter_)), filter_)
        merged[wide] = merged[wide] | wanted[filter_] if wide in merged else wanted[filter_]
    return merged


def qualities(wishes: Mapping[str, Wish]) -> dict[str, int]:
    """filter -> QoS: what is remembered of a session's subscriptions."""
    return {filter_: wish.qos for filter_, wish in wishes.items()}
