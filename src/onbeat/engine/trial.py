"""Try an expression on an execution, to see what it gives: for people who write flows.

Rules
1. Nothing outside is asked: no file is read, no key, no web service; a function that would says so. Large values of the execution itself
   are brought.
2. A secret is `***`, whatever is made of it; it is never opened here.
3. It takes a bounded time, off the loop, and gives a bounded text.
4. What is wrong with the expression is an answer, not a failure.

Called by: the API.
"""

import asyncio
from typing import Any

import msgspec

from onbeat.core import context
from onbeat.core.event import Json
from onbeat.core.execution import Execution
from onbeat.core.expressions import ExpressionError, NeedsOutside, Template, compile_value, make_scope, to_text
from onbeat.core.expressions.taint import TAINT, Taint
from onbeat.core.refs import replace_refs
from onbeat.core.sealed import is_secret
from onbeat.engine.node import Node
from onbeat.errors import UserError

SECRET = "***"
LONGEST = 100_000
"""Characters of what is shown."""
_SECONDS = 5.0
_MOST_VALUES = 32


class Tried(msgspec.Struct, frozen=True):
    """What an expression gives, or what is wrong with it."""

    result: str | None = None
    error: str | None = None


async def try_expression(node: Node, execution: Execution, n: int, text: str) -> Tried:
    """What a text gives for a task run (ROOT: for the flow). Raises NotFound when the flow's revision is gone."""
    head = execution.head
    flow = (await node.catalog.revision(head.namespace, head.flow, head.revision)).flow
    names = context.variables(flow, execution, n, node.clock.now())
    names.update(node.evaluator.outside)
    names["__outside__"] = {"secret": _hidden}
    try:
        async with asyncio.timeout(_SECONDS):
            value = await _rendered(node, compile_value(text), names)
    except TimeoutError:
        return Tried(error=f"it takes more than {_SECONDS:g} s")
    except (ExpressionError, UserError) as wrong:
        return Tried(error=node.evaluator.mask_of(head).mask(str(wrong)))
    shown = to_text(node.evaluator.masked(head, value))
    return Tried(result=shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}… ({len(shown):,} characters)")


async def _rendered(node: Node, template: Template, names: dict[str, Any]) -> Json:
    taint, brought = Taint(), dict[str, Json]()
    names[TAINT] = taint
    for _ in range(_MOST_VALUES):
        try:
            return await asyncio.to_thread(template.render, make_scope(names))
        except NeedsOutside as outside:
            uri = outside.uri
            if uri is None:
                raise ExpressionError(f"the function `{outside.name}` asks outside; it is not called when an expression is tried") from None
            brought[uri] = SECRET if is_secret(uri) else await node.payloads.bring(uri)
            names = {name: value if name.startswith("__") else replace_refs(value, brought) for name, value in names.items()}
    raise ExpressionError(f"it touches more than {_MOST_VALUES} values that are kept in storage")


def _hidden(*arguments: Any, **options: Any) -> str:
    return SECRET
