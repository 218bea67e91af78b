"""Evaluate expressions with what lies outside an execution: environment, globals, secrets, files and values kept in storage.

The core evaluates what it can from the execution alone; a task's properties, and conditions that reach further, are evaluated here,
and what comes out goes back as a signal, so that deciding stays pure.

Rules
1. An expression that touches what is not there yet says so; it is brought, and the expression evaluated again. Nothing else is read.
2. Large values are evaluated off the loop: other executions go on meanwhile.
3. A file is read only where the flow may look (outside.py).

Called by: runner for the properties of tasks, the engine for Evaluate commands, intake for triggers.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from onbeat.core import context
from onbeat.core.event import Event, Json
from onbeat.core.execution import ROOT, Execution
from onbeat.core.expressions import ExpressionError, NeedsOutside, Template, make_scope
from onbeat.core.flow import Flow
from onbeat.core.trigger import Start, TriggerSpec, match
from onbeat.engine.outside import Asked, ErrorLogs, Load, Outside
from onbeat.engine.payloads import Payloads, replace_refs
from onbeat.engine.secrets import Secrets
from onbeat.ports import Clock, Values

_MOST_REFS = 32


class Evaluator:
    """Renders templates for executions. environment: the process's variables; prefix: which of them are `envs`.

    error_logs: the lines that `errorLogs()` gives for an execution. values: what `kv()` gives. load: finds executions, to tell relatives.
    """

    def __init__(
        self,
        clock: Clock,
        payloads: Payloads,
        random: Callable[[int], int],
        environment: Mapping[str, str],
        prefix: str = "ENV_",
        globals_: Mapping[str, str] | None = None,
        error_logs: ErrorLogs | None = None,
        values: Values | None = None,
        load: Load | None = None,
    ) -> None:
        self._clock = clock
        self._payloads = payloads
        self._secrets = Secrets(environment)
        self._outside = Outside(payloads.storage, error_logs, values, load)
        self.mask = self._secrets.mask
        self.mask_value = self._secrets.mask_value
        self.outside: dict[str, Any] = {
            "envs": {name[len(prefix) :].lower(): value for name, value in environment.items() if name.startswith(prefix)},
            "globals": dict(globals_ or {}),
            "kestra": {"environment": {}, "url": None},
            "__random__": random,
            "__outside__": {"secret": self._secrets.get},
        }

    async def render(
        self, template: Template, flow: Flow, execution: Execution, n: int = ROOT, beside: Mapping[str, Json] | None = None
    ) -> Json:
        """The template's value for a task run (ROOT: the flow), with the names in `beside` too. Raises ExpressionError, UserError."""
        if template.constant:
            return template.render(make_scope({}))
        names = context.variables(flow, execution, n, self._clock.now())
        names.update(self.outside)
        names.update(beside or {})
        return await self.render_names(template, names, Asked.of(execution.head))

    async def render_names(self, template: Template, names: dict[str, Any], asked: Asked | None = None) -> Json:
        """The template's value over these names; what lies in storage is brought when it is touched. asked: for whom files are read."""
        refs: dict[str, Json] = {}
        answers: dict[str, Any] = {}
        for _ in range(_MOST_REFS):
            try:
                if refs or answers:
                    return await asyncio.to_thread(template.render, make_scope(names))
                return template.render(make_scope(names))
            except NeedsOutside as outside:
                if outside.uri is not None:
                    refs[outside.uri] = await self._payloads.bring(outside.uri)
                    names = {name: value if name.startswith("__") else replace_refs(value, refs) for name, value in names.items()}
                elif asked is not None:
                    answers[self._outside.key(outside)] = await self._outside.answer(outside, asked)
                    names = {**names, "__outside__": {**names["__outside__"], **self._outside.functions(answers)}}
                else:
                    raise ExpressionError(f"the function `{outside.name}` is not available here") from None
        raise ExpressionError(f"it touches more than {_MOST_REFS} values that are kept in storage")

    def match(self, trigger: TriggerSpec, event: Event) -> tuple[Start, ...]:
        """What the event starts by this trigger. Raises ExpressionError, UserError."""
        try:
            return match(trigger, event, self.outside)
        except NeedsOutside as outside:
            raise ExpressionError(f"the function `{outside.name}` is not available in a trigger") from None
