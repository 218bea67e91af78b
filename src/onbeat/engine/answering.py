"""Answer what executions ask of the shell: the value of an expression that reaches outside, or that something be prepared or collected.

Rules
1. Whatever goes wrong is the answer: no expression takes the engine down, and none is waited for for ever.
2. An ask that begins with `@` is a construct's: who serves it is registered under its name.
3. An answer says nothing that a secret may be in: a flow's outputs are sealed, a condition is only true or false, anything else with a
   secret in it is refused.

Called by: effects; built by engine.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog

from onbeat.core.draft import Draft
from onbeat.core.endings import end_specs, optional_outputs
from onbeat.core.errors_text import short
from onbeat.core.event import Json
from onbeat.core.execution import ROOT, Execution
from onbeat.core.expressions import ExpressionError, compile_value, truthy
from onbeat.core.signals import AnySignal, ChildrenChosen, Chosen, Evaluated
from onbeat.core.values import normalise
from onbeat.engine.catalog import LoadedFlow
from onbeat.engine.evaluator import Evaluator
from onbeat.engine.masking import Hidden
from onbeat.engine.payloads import Payloads
from onbeat.errors import OnbeatError, OutsideError, StoreBroken, UserError

_log = structlog.get_logger("onbeat.engine")
LONGEST_EVALUATION = 60.0
"""Seconds after which an evaluation that waits for something outside has failed."""
_CONDITIONS = frozenset({"condition", "run_if", "until"})

Ask = Callable[[LoadedFlow, Execution, int], Awaitable[Json | tuple[Chosen, ...]]]
"""Serves one kind of ask for a task run."""


class Answering:
    """What serves asks. asks: by name, such as `@directory`."""

    def __init__(self, evaluator: Evaluator, payloads: Payloads, asks: Mapping[str, Ask]) -> None:
        self._evaluator = evaluator
        self._payloads = payloads
        self._asks = asks

    async def answer(self, loaded: LoadedFlow, execution: Execution, n: int, ask: str) -> AnySignal:
        """The answer, or what is wrong. Raises StoreBroken."""
        try:
            if ask.startswith("@"):
                value = await self._asks[ask.partition(" ")[0]](loaded, execution, n)
            else:
                hidden = Hidden(self._evaluator.mask_of(execution.head))
                async with asyncio.timeout(LONGEST_EVALUATION):
                    value = await self._value(loaded, execution, n, ask, hidden)
            if isinstance(value, tuple):
                return ChildrenChosen(n, ask, value)
            return Evaluated(n, ask, value)
        except StoreBroken:
            raise
        except TimeoutError:
            problem = f"it was not evaluated within {LONGEST_EVALUATION:.0f} s"
        except OnbeatError as wrong:
            problem = short(wrong)
        except Exception as bug:
            _log.exception("an evaluation raised", execution=execution.id, property=ask)
            problem = f"{type(bug).__name__}: {short(bug)}"
        return Evaluated(n, ask, None, self._evaluator.mask_of(execution.head).mask(problem))

    async def _value(self, loaded: LoadedFlow, execution: Execution, n: int, ask: str, hidden: Hidden) -> Json:
        if n == ROOT:
            return await self._outputs(loaded, execution, ask, hidden)
        expression = getattr(loaded.flow.by_id[execution.runs[n].task], ask)
        value = normalise(await self._evaluator.render(compile_value(expression), loaded.flow, execution, n, taint=hidden.taint))
        if not hidden().within(value):
            return value
        if ask in _CONDITIONS:
            return truthy(value)
        raise UserError("there is a secret in it, and it would be kept in plain: decide by something else, and use the secret in a task")

    async def _outputs(self, loaded: LoadedFlow, execution: Execution, ask: str, hidden: Hidden) -> Json:
        """What is rendered at the end, sealed where it holds a secret; an optional output that cannot be had is left out."""
        draft = Draft(loaded.flow, execution, 0)
        specs, optional = end_specs(draft, ask), optional_outputs(draft, ask)
        parts = [
            {name: value for name, value in specs.items() if name not in optional},
            *({name: specs[name]} for name in sorted(optional)),
        ]
        given: dict[str, Json] = {}
        for number, part in enumerate(parts):
            try:
                given |= await self._evaluator.render(compile_value(part), loaded.flow, execution, ROOT, taint=hidden.taint)
            except (ExpressionError, UserError, OutsideError):
                if number == 0:
                    raise
        outputs = normalise({name: given[name] for name in specs if name in given})
        return await self._payloads.seal_values(outputs, hidden())
