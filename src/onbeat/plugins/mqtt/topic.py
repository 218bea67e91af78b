"""Match topics against MQTT topic filters, and say which filter makes another one superfluous.

One connection serves many triggers, so it is we, not the broker, who say whose message one is. A matching that differs from the
broker's gives a message to nobody, or to two.

Rules
1. `+` is one level, `#` is the rest and the level above it; neither at the start matches a topic that begins with `$`.
2. `$share/GROUP/FILTER` matches what FILTER matches.
3. A filter that covers another one matches every topic that the other matches.
4. A filter's identifier is the same in every process: the broker keeps it with messages that wait while we are away.
5. A wrong filter is refused with its cure, before the broker closes the connection over it.

Called by: subscription, and the options of the triggers and of Publish.
"""

from hashlib import blake2b

_LONGEST = 65_535
"""Bytes: MQTT writes a topic's length in two."""
_SHARE = "$share/"
_IDENTIFIERS = 268_435_455
"""The largest subscription identifier of MQTT 5."""


def check_filter(text: str) -> str:
    """The filter, if a broker would take it. Raises ValueError that says what to write."""
    if text.startswith(_SHARE) and (text.count("/") < 2 or not share_of(text) or not bare(text) or set(share_of(text)) & {"+", "#"}):
        raise ValueError(f"`{_shown(text)}` is not a shared subscription; write `$share/GROUP/TOPIC`")
    levels = bare(_text(text)).split("/")
    if "#" in levels[:-1]:
        raise ValueError(f"`{_shown(text)}` is not a topic filter: `#` stands at the end")
    if any(len(level) > 1 and ("+" in level or "#" in level) for level in levels):
        raise ValueError(f"`{_shown(text)}` is not a topic filter: `+` and `#` stand alone between two `/`")
    return text


def check_topic(text: str) -> str:
    """The topic, if something can be published to it. Raises ValueError that says what to write."""
    if "+" in text or "#" in text:
        raise ValueError(f"`{_shown(text)}` is a filter; a topic to publish to has neither `+` nor `#`")
    return _text(text)


def share_of(filter_: str) -> str:
    """The group of a shared subscription; empty for any other."""
    return filter_.split("/", 2)[1] if filter_.startswith(_SHARE) else ""


def bare(filter_: str) -> str:
    """The filter without the group it is shared in."""
    return filter_.split("/", 2)[2] if filter_.startswith(_SHARE) and filter_.count("/") > 1 else filter_


def matches(filter_: str, topic: str) -> bool:
    """Whether a message of this topic is for a subscription of this filter."""
    wanted, levels = bare(filter_).split("/"), topic.split("/")
    if wanted[0] in ("+", "#") and topic.startswith("$"):
        return False
    for place, level in enumerate(wanted):
        if level == "#":
            return True
        if place == len(levels) or level not in ("+", levels[place]):
            return False
    return len(wanted) == len(levels)


def covers(wide: str, narrow: str) -> bool:
    """Whether everything that `narrow` matches is matched by `wide`. A shared subscription covers nothing and is never covered."""
    if share_of(wide) or share_of(narrow):
        return False
    levels, others = wide.split("/"), narrow.split("/")
    if levels[0] in ("+", "#") and narrow.startswith("$"):
        return False
    for place, level in enumerate(levels):
        if level == "#":
            return True
        if place == len(others) or others[place] == "#" or level not in ("+", others[place]):
            return False
    return len(levels) == len(others)


def identifier(filter_: str) -> int:
    """The number that a broker sends with each message of this subscription, MQTT 5."""
    return 1 + int.from_bytes(blake2b(filter_.encode(), digest_size=8).digest(), "big") % _IDENTIFIERS


def _text(text: str) -> str:
    if not bare(text) or "\0" in text:
        raise ValueError("a topic is not empty and has no NUL")
    if len(text.encode(errors="replace")) > _LONGEST:
        raise ValueError(f"a topic has at most {_LONGEST} bytes; `{_shown(text)}` has more")
    return text


def _shown(text: str) -> str:
    return text if len(text) <= 80 else text[:80] + "…"
