"""Judge a flow's `checks` on a start before there is an execution.

What a caller got wrong is told to the caller, who is still there; an execution that fails in its third task tells somebody else.

Rules
1. A check holds when its condition is true; one that cannot be evaluated does not hold.
2. Of those that do not hold the most restrictive counts: BLOCK_EXECUTION (nothing is created; by an event: a dead event),
   FAIL_EXECUTION (it is created and fails at once), CREATE_EXECUTION (it runs; the daemon's log tells).
3. Messages may hold expressions; secrets in them are hidden.

Called by: node for starts by hand, intake for events.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import structlog

from onbeat.core.errors_text import short
from onbeat.core.evolve import create
from onbeat.core.execution import Head
from onbeat.core.expressions import compile_value, truthy
from onbeat.core.flow import Check, Flow
from onbeat.engine.evaluator import Evaluator
from onbeat.errors import UserError

_log = structlog.get_logger("onbeat.checks")


class Blocked(UserError):
    """A check of the flow does not hold for these inputs."""


class Broken(NamedTuple):
    """A check that does not hold, with its message as it is told."""

    check: Check
    message: str


async def broken_checks(evaluator: Evaluator, flow: Flow, head: Head) -> list[Broken]:
    """The checks that do not hold for an execution that would begin so."""
    found: list[Broken] = []
    for check in flow.checks:
        try:
            if truthy(await evaluator.render(compile_value(check.condition), flow, create(head))):
                continue
            message = str(await evaluator.render(compile_value(check.message), flow, create(head)))
        except UserError as wrong:
            message = f"{check.message} (a check cannot be evaluated: {short(wrong)})"
        found.append(Broken(check, evaluator.mask_of(head).mask(message)))
    return found


async def checked(evaluator: Evaluator, flow: Flow, head: Head) -> Head:
    """The head as the execution may begin: failed when a check says so. Raises Blocked."""
    if not flow.checks:
        return head
    broken = await broken_checks(evaluator, flow, head)
    if blocking := _of(broken, "BLOCK_EXECUTION"):
        raise Blocked(f"flow {flow.name} does not start: {'; '.join(blocking)}")
    if failing := _of(broken, "FAIL_EXECUTION"):
        return msgspec.structs.replace(head, failed="; ".join(failing))
    for message in _of(broken, "CREATE_EXECUTION"):
        _log.warning("a check does not hold; the execution runs all the same", flow=flow.name, execution=head.id, message=message)
    return head


def _of(broken: Sequence[Broken], behaviour: str) -> list[str]:
    return [each.message for each in broken if each.check.behavior == behaviour]
