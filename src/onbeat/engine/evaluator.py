"""Evaluate expressions with what lies outside an execution: environment, globals, secrets, values kept in storage.

The core evaluates what it can from the execution alone; a task's properties, and conditions that reach further, are evaluated here,
and what comes out goes back as a signal, so that deciding stays pure.

Called by: runner for the properties of tasks, the engine for Evaluate commands, intake for triggers.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

from onbeat.core import context
from onbeat.core.event import Json
from onbeat.core.execution import ROOT, Execution
from onbeat.core.expressions import ExpressionError, NeedsOutside, Template, make_scope
from onbeat.core.flow import Flow
from onbeat.engine.payloads import Payloads, replace_refs
from onbeat.errors import UserError
from onbeat.ports import Clock

_MOST_REFS = 32


class Evaluator:
    """Renders templates for executions. environment: the process's variables; prefix: which of them are `envs`."""

    def __init__(
        self,
        clock: Clock,
        payloads: Payloads,
        random: Callable[[int], int],
        environment: Mapping[str, str],
        prefix: str = "ENV_",
        globals_: Mapping[str, str] | None = None,
    ) -> None:
        self._clock = clock
        self._payloads = payloads
        self._environment = environment
        self.outside: dict[str, Any] = {
            "envs": {name[len(prefix) :].lower(): value for name, value in environment.items() if name.startswith(prefix)},
            "globals": dict(globals_ or {}),
            "kestra": {"environment": {}, "url": None},
            "__random__": random,
            "__outside__": {"secret": self.secret},
        }

    def secret(self, key: str, namespace: str | None = None, subkey: str | None = None) -> str:
        """The value of `SECRET_<KEY>` in the environment, base64 as Kestra has it. Raises UserError."""
        text = self._environment.get(f"SECRET_{key.upper()}")
        if text is None:
            raise UserError(f"there is no secret `{key}`: set SECRET_{key.upper()} (base64) in the daemon's environment")
        try:
            return base64.b64decode(text, validate=True).decode().rstrip("\n")
        except (binascii.Error, UnicodeDecodeError):
            raise UserError(f"SECRET_{key.upper()} is not base64") from None

    async def render(self, template: Template, flow: Flow, execution: Execution, n: int = ROOT) -> Json:
        """The template's value for a task run (ROOT: the flow). Raises ExpressionError, UserError."""
        if template.constant:
            return template.render(make_scope({}))
        names = context.variables(flow, execution, n, self._clock.now())
        names.update(self.outside)
        return await self.render_names(template, names)

    async def render_names(self, template: Template, names: dict[str, Any]) -> Json:
        """The template's value over these names; values kept in storage are brought when they are touched."""
        brought: dict[str, Json] = {}
        for _ in range(_MOST_REFS):
            try:
                return template.render(make_scope(names))
            except NeedsOutside as outside:
                if outside.uri is None:
                    raise ExpressionError(f"the function `{outside.name}` is not available here") from None
                brought[outside.uri] = await self._payloads.bring(outside.uri)
            names = {name: value if name.startswith("__") else replace_refs(value, brought) for name, value in names.items()}
        raise ExpressionError(f"it touches more than {_MOST_REFS} values that are kept in storage")
