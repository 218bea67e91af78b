"""Evaluate expressions with what lies outside an execution: environment, globals, secrets, files and values kept in storage.

The core evaluates what it can from the execution alone; a task's properties, and conditions that reach further, are evaluated here,
and what comes out goes back as a signal, so that deciding stays pure.

Rules
1. An expression that touches what is not there yet says so; it is brought, and the expression evaluated again. Nothing else is read.
2. Large values are evaluated off the loop: other executions go on meanwhile.
3. A file is read only where the flow may look (outside.py).
4. SECRET inputs and kept secrets are opened here and nowhere else; `mask_of` hides an execution's in all that is said of it, and a Taint
   notes what is made of them.

Called by: runner for the properties of tasks, the engine for Evaluate commands, intake for triggers.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, NoReturn, TypeVar

from onbeat.core import context
from onbeat.core.event import Event, Json, Micros
from onbeat.core.execution import ROOT, Execution, Head
from onbeat.core.expressions import ExpressionError, NeedsOutside, Template, make_scope
from onbeat.core.expressions.taint import TAINT, Opened, Taint
from onbeat.core.flow import Flow
from onbeat.core.matching import Beside, Fit, Start, facts_of, fit, labels_of, scope, starts, why_not
from onbeat.core.refs import replace_refs
from onbeat.core.sealed import is_secret, reference, sealed_ids, texts
from onbeat.core.times import to_datetime
from onbeat.core.trigger import TriggerSpec
from onbeat.engine.masking import Mask
from onbeat.engine.outside import Asked, ErrorLogs, Load, Outside
from onbeat.engine.payloads import Payloads
from onbeat.engine.secrets import Secrets
from onbeat.engine.values import KeptValues
from onbeat.errors import UserError
from onbeat.ports import Clock, Workers

T = TypeVar("T")
_MOST_REFS = 32
_MASKS = 2_000
"""Executions whose masks are remembered."""


class Evaluator:
    """Renders templates for executions. environment: the process's variables; prefix: which of them are `envs`.

    error_logs: the lines that `errorLogs()` gives for an execution. values: what `kv()` gives. load: finds executions, to tell relatives.
    workers: run jq programs.
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
        values: KeptValues | None = None,
        load: Load | None = None,
        workers: Workers | None = None,
        secrets: Secrets | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self._clock = clock
        self._payloads = payloads
        self._secrets = secrets or Secrets(environment)
        self._outside = Outside(payloads.storage, error_logs, values, load, workers)
        self._outside.settings = settings or {}
        self._masks: OrderedDict[str, tuple[Mask, Mask]] = OrderedDict()
        self.outside: dict[str, Any] = {
            "envs": {name[len(prefix) :].lower(): value for name, value in environment.items() if name.startswith(prefix)},
            "globals": dict(globals_ or {}),
            "kestra": {"environment": {}, "url": None},
            "__random__": random,
            "__outside__": {"secret": self._secrets.giver(None)},
        }

    def outside_of(self, namespace: str) -> dict[str, Any]:
        """The names that are outside, for what belongs to a namespace: with its secrets."""
        return {**self.outside, "__outside__": {"secret": self._secrets.giver(namespace)}}

    async def render(
        self,
        template: Template,
        flow: Flow,
        execution: Execution,
        n: int = ROOT,
        beside: Mapping[str, Json] | None = None,
        taint: Taint | None = None,
    ) -> Json:
        """The template's value for a task run (ROOT: the flow), with the names in `beside` too. taint: notes what is made of secrets.

        Raises ExpressionError, UserError.
        """
        if template.constant:
            return template.render(make_scope({}))
        names = context.variables(flow, execution, n, self._clock.now())
        names.update(self.outside)
        names.update(beside or {})
        taint = taint or Taint()
        if flow.secret_inputs:
            taint.opened.update({uri: Opened(value) for uri, value in self._clear(flow, execution.head).items()})
        return await self.render_names(template, names, Asked.of(execution.head), taint)

    async def render_names(self, template: Template, names: dict[str, Any], asked: Asked | None = None, taint: Taint | None = None) -> Json:
        """The template's value over these names; what lies in storage is brought when it is touched. asked: for whom files are read."""
        taint = taint or Taint()
        names[TAINT] = taint
        names["__outside__"] = {**names["__outside__"], "secret": self._secrets.giver(asked and asked.namespace, taint.touch)}
        refs: dict[str, Json] = {}
        answers: dict[str, Any] = {}
        for _ in range(_MOST_REFS):
            try:
                if refs or answers:
                    return await asyncio.to_thread(template.render, make_scope(names))
                return template.render(make_scope(names))
            except NeedsOutside as outside:
                if outside.uri is not None and is_secret(outside.uri):
                    taint.opened[outside.uri] = await self._payloads.open_secret(outside.uri)
                elif outside.uri is not None:
                    refs[outside.uri] = await self._payloads.bring(outside.uri)
                    names = {name: value if name.startswith("__") else replace_refs(value, refs) for name, value in names.items()}
                elif asked is not None:
                    answers[self._outside.key(outside)] = await self._outside.answer(outside, asked)
                    names = {**names, "__outside__": {**names["__outside__"], **self._outside.functions(answers, taint.touch)}}
                else:
                    raise ExpressionError(f"the function `{outside.name}` is not available here") from None
        raise ExpressionError(f"it touches more than {_MOST_REFS} values that are kept in storage")

    async def settled(self, flow: Flow, work: Callable[[Mapping[str, Any]], T]) -> T:
        """What `work` gives, for a flow without an execution: over the names that are outside, once more with each answer that its
        expressions ask for. Secrets are not among them: what is worked out here is kept. Raises ExpressionError, UserError."""
        names = {**self.outside, "__now__": to_datetime(self._clock.now()), "__outside__": {}}
        return await self._answered(Asked(flow.namespace, flow.id, ""), names, work)

    async def _answered(self, asked: Asked, names: dict[str, Any], work: Callable[[Mapping[str, Any]], T]) -> T:
        """What `work` gives over these names, once more with each answer that its expressions ask for."""
        names, known = dict(names), names["__outside__"]
        answers: dict[str, Any] = {}
        for _ in range(_MOST_REFS):
            try:
                return work(names)
            except NeedsOutside as outside:
                answers[self._outside.key(outside)] = await self._outside.answer(outside, asked)
                names["__outside__"] = {**known, **self._outside.functions(answers)}
        raise ExpressionError(f"it asks for more than {_MOST_REFS} values from outside")

    def _clear(self, flow: Flow, head: Head) -> dict[str, Json]:
        """The clear values of an execution's SECRET inputs, by what stands for them."""
        found = texts(head.inputs, flow.secret_inputs)
        return {reference(id_, text).uri: self._payloads.open(head, id_, text) for id_, text in found}

    def mask(self, text: str) -> str:
        """The text with every secret of the daemon hidden."""
        return self._secrets.mask(text)

    def answers_mask(self) -> Mask:
        """For answers of the API."""
        return self._secrets.answers()

    @property
    def present_mask(self) -> Mask:
        """Hides the daemon's secrets as they are now."""
        return self._secrets.present()

    def mask_of(self, head: Head) -> Mask:
        """Hides what must not be seen of an execution: the daemon's secrets, and the values of its own SECRET inputs."""
        under = self._secrets.present()
        base, mask = self._masks.get(head.id, (None, under))
        if base is not under:
            mask = under.also(self._sealed_in(head))
            self._masks[head.id] = (under, mask)
            if len(self._masks) > _MASKS:
                self._masks.popitem(last=False)
        return mask

    def masked(self, head: Head, value: Any) -> Any:
        """A value as others may see it of an execution."""
        return self.mask_of(head).mask_value(value)

    def _sealed_in(self, head: Head) -> Iterator[str]:
        """What is sealed in an execution's inputs, as far as it can be opened: what cannot is in no text either."""
        for id_, text in texts(head.inputs, sealed_ids(head.inputs)):
            with suppress(UserError):
                yield self._payloads.open(head, id_, text)

    async def fit(self, trigger: TriggerSpec, event: Event, at: Micros | None = None) -> Fit | None:
        """What the event is to the trigger, now or at another time; None when a condition is false. Raises ExpressionError, UserError."""
        now = self._clock.now() if at is None else at
        return await self._in_trigger(trigger, lambda names: fit(trigger, event, names, now))

    def fits_at_once(self, trigger: TriggerSpec, event: Event) -> bool:
        """Whether the conditions hold when the event comes, as far as that can be told without asking outside. Raises ExpressionError,
        UserError."""
        try:
            return fit(trigger, event, self.outside, event.time) is not None
        except NeedsOutside as outside:
            raise ExpressionError(f"the function `{outside.name}` is not available here") from None

    async def starts(self, trigger: TriggerSpec, event: Event, key: str, beside: Beside | None = None) -> tuple[Start, ...]:
        """The flows that the trigger starts for this event. Raises ExpressionError, UserError."""
        now = self._clock.now()
        return await self._in_trigger(trigger, lambda names: starts(trigger, event, key, names, now, beside))

    async def labels(self, trigger: TriggerSpec, event: Event, labels: Mapping[str, str]) -> dict[str, str]:
        """The labels with their expressions evaluated; what cannot be is left out."""
        return await self._in_trigger(trigger, lambda names: labels_of(labels, make_scope(scope(trigger, event, names, event.time))))

    async def match(self, trigger: TriggerSpec, event: Event) -> tuple[Start, ...]:
        """What the event starts by this trigger, taken by itself. Raises ExpressionError, UserError."""
        found = await self.fit(trigger, event)
        return () if found is None or trigger.correlation is not None else await self.starts(trigger, event, found.identity)

    async def why_not(self, trigger: TriggerSpec, event: Event) -> str | None:
        """Which condition was false when the event came, with what it saw; None when all hold. Raises ExpressionError, UserError."""
        return await self._in_trigger(trigger, lambda names: why_not(trigger, event, facts_of(trigger, event, names, event.time)))

    async def _in_trigger(self, trigger: TriggerSpec, work: Callable[[Mapping[str, Any]], T]) -> T:
        """What `work` gives for a trigger. A web service may not be asked: all events that come after would wait for it."""
        namespace, flow = (trigger.targets[0].namespace, trigger.targets[0].id) if trigger.targets else (trigger.namespace or "main", "")
        lent = {"secret": self._secrets.giver(namespace), "http": _not_in_a_trigger}
        return await self._answered(Asked(namespace, flow, ""), {**self.outside, "__outside__": lent}, work)


def _not_in_a_trigger(*arguments: Any, **options: Any) -> NoReturn:
    raise ExpressionError("the function `http` is not available in a trigger; ask in a task of the flow")
