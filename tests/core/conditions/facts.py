"""What conditions look at, made for a test."""

from typing import Any

from onbeat.core.conditions import Condition, Facts, read_condition
from onbeat.core.expressions import make_scope
from onbeat.core.times import from_iso

NOW = "2026-11-21T12:00:00Z"
"""A Saturday."""


def condition(type_: str, **properties: Any) -> Condition:
    """A condition as YAML has it."""
    found = read_condition({"type": f"core.condition.{type_}", **properties})
    assert isinstance(found, Condition)
    return found


def facts(now: str = NOW, upstream: dict[str, Any] | None = None, flow: tuple[str, str] | None = None, **names: Any) -> Facts:
    """Facts at a time; `names` are what expressions see."""
    return Facts(scope=make_scope({"trigger": {}, **names}), now=from_iso(now), upstream=upstream, flow=flow)


def execution(state: str = "SUCCESS", flow: str = "shop.pay", **more: Any) -> dict[str, Any]:
    """The execution that an event is about."""
    namespace, _, id_ = flow.rpartition(".")
    return {"namespace": namespace, "flowId": id_, "state": state, "labels": {}, "outputs": {}, **more}
