"""Say which flows start which: by a task that starts another flow, or by a trigger that waits for another's end.

Who changes a flow wants to know whom that concerns. What only an expression knows when it is evaluated is not in it.

Rules
1. An edge goes from the flow that is first to the one that it starts; how is FLOW_TASK or FLOW_TRIGGER.
2. A trigger that hears any flow of a namespace depends on each that there is.
3. What is reached is found once, circles and all.

Called by: the API's dependencies of flows and namespaces.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from onbeat.core.flow import Flow
from onbeat.core.review import calls, heard

BY_TASK, BY_TRIGGER = "FLOW_TASK", "FLOW_TRIGGER"


class Name(NamedTuple):
    """A flow."""

    namespace: str
    id: str


class Dependency(NamedTuple):
    """That one flow starts another, and how."""

    source: Name
    target: Name
    relation: str


def dependencies(flows: Sequence[Flow]) -> list[Dependency]:
    """All of them between these flows; also of a task to a flow that is not among them."""
    found: dict[Dependency, None] = {}
    names = [Name(flow.namespace, flow.id) for flow in flows]
    for flow, name in zip(flows, names, strict=True):
        for call in calls(flow):
            found[Dependency(name, Name(call.namespace, call.flow), BY_TASK)] = None
        for each in heard(flow):
            for other in names:
                if other != name and each.fits(other.namespace, other.id):
                    found[Dependency(other, name, BY_TRIGGER)] = None
    return list(found)


def reached(known: Iterable[Dependency], start: Collection[Name], *, onwards: bool = False, whole: bool = False) -> list[Dependency]:
    """Those that concern these flows. onwards: only what they start, not what starts them. whole: and what those start, and so on."""
    from_: dict[Name, list[Dependency]] = defaultdict(list)
    to: dict[Name, list[Dependency]] = defaultdict(list)
    for each in known:
        from_[each.source].append(each)
        to[each.target].append(each)
    found: dict[Dependency, None] = {}
    seen, waiting = set(start), list(start)
    while waiting:
        at = waiting.pop()
        for each in [*from_[at], *(() if onwards else to[at])]:
            found[each] = None
            for other in (each.source, each.target):
                if whole and other not in seen:
                    seen.add(other)
                    waiting.append(other)
    return sorted(found)
