"""Say which places an execution needs before it may run: one of its ordering key's, one of its flow's concurrency limit.

The store hands places out in its transactions; which ones an execution needs is policy, and the same whenever it is asked: at its
start, when its time has come, and when it is restarted.

Rules
1. An ordering key has one place: executions of a flow with the same key run one at a time, in order of creation.
2. A flow's `concurrency` has `limit` places, with a `key` that many for each of its values.
3. Places are asked for in that order and an execution runs when it has all: who waits for its key takes no place of the limit.
4. The expression of a key sees what the execution began with, so asked again it says the same.

Called by: decide, which waits for places; engine/compose, which asks the store for them.
"""

from typing import Literal

import msgspec

from onbeat.core import context
from onbeat.core.event import Json
from onbeat.core.evolve import create
from onbeat.core.execution import Execution, Head
from onbeat.core.expressions import NeedsOutside, compile_value, make_scope, to_text
from onbeat.core.flow import Flow
from onbeat.core.states import State
from onbeat.errors import UserError


class SlotClaim(msgspec.Struct, frozen=True):
    """Asks for one of `limit` places of a scope. behavior: what happens when none is free."""

    scope: str
    limit: int
    behavior: Literal["QUEUE", "CANCEL", "FAIL"]


def needed(flow: Flow, head: Head) -> bool:
    """Whether it needs any."""
    return head.scope is None and (head.key is not None or flow.concurrency is not None)


def claims(flow: Flow, head: Head) -> tuple[SlotClaim, ...]:
    """The places it needs, in the order in which to ask for them. Raises ExpressionError, UserError: the key cannot be evaluated."""
    if head.scope is not None:  # an iteration is part of the execution that has them
        return ()
    found = [] if head.key is None else [SlotClaim(f"{flow.name} order {head.key}", 1, "QUEUE")]
    if (limit := flow.concurrency) is not None:
        scope = flow.name if limit.key is None else f"{flow.name} limit {to_text(_value(limit.key, flow, head))}"
        found.append(SlotClaim(scope, limit.limit, limit.behavior))
    return tuple(found)


def waits(execution: Execution) -> bool:
    """Whether it may run once it has its places: it was created and its time has come, or it was restarted."""
    return execution.state is State.RESTARTED or (execution.state is State.CREATED and execution.wake is None)


def _value(key: Json, flow: Flow, head: Head) -> Json:
    template = compile_value(key)
    if template.reaches or template.roots & context.OUTSIDE_ROOTS:
        raise UserError("the `key` of `concurrency` may use inputs, labels, vars, trigger and flow, and nothing outside the execution")
    try:
        return template.render(make_scope(context.variables(flow, create(head))))
    except NeedsOutside:
        raise UserError("the `key` of `concurrency` uses a value of more than 64 kB; take a smaller one") from None
