"""Run attempts of tasks; whatever happens becomes one TaskEnded signal.

The only code that calls a task. It renders the task's options, makes the plugin's object of them, runs it, and tells how it ended:
by returning, raising, being stopped. Timeouts and retries are policy and live in the core: a late task is simply stopped.

Rules
1. Every ending is exactly one signal, also of an attempt that was stopped before it began; a bug in a plugin fails its attempt and
   nothing else.
2. What a task is given is rendered once; event data in it is data.
3. The same idempotency key for every attempt of a task run.
4. A secret's value is in no log line and no error text.

Called by: the engine.
"""

import asyncio
import traceback
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import structlog
from pydantic import ValidationError

from onbeat.core.context import looped
from onbeat.core.errors_text import short
from onbeat.core.event import Json
from onbeat.core.execution import Execution, Head
from onbeat.core.expressions import compile_value
from onbeat.core.flow import RunnableTask, TaskSpec
from onbeat.core.ids import idempotency_key
from onbeat.core.plan.subflow import Subflow
from onbeat.core.plan.wait_for_event import WaitForEvent
from onbeat.core.plan.working_directory import enclosing
from onbeat.core.signals import ChildChosen, Signal, TaskEnded
from onbeat.core.states import State
from onbeat.core.times import from_iso
from onbeat.core.workspace import log_path
from onbeat.engine.attempt import Running, TellEnd
from onbeat.engine.catalog import LoadedFlow
from onbeat.engine.causes import CausedPublisher, caused
from onbeat.engine.evaluator import Evaluator
from onbeat.engine.keeping import Keeping
from onbeat.engine.meters import Meters
from onbeat.engine.payloads import Payloads
from onbeat.engine.places import Kind, Places
from onbeat.engine.problems import explain
from onbeat.engine.sealing_storage import lent_to
from onbeat.engine.targets import Targets
from onbeat.engine.task_cache import TaskCache
from onbeat.engine.tasklog import AttemptLog, TaskLogs
from onbeat.engine.tracing import Tracing
from onbeat.engine.values import KeptValues, LentValues
from onbeat.engine.workspace import OUTPUT_DIR, WORKING_DIR, Workspaces
from onbeat.errors import OutsideError, UserError
from onbeat.ports import Outcome, Record, TaskContext, TaskFailed, TaskOptions, TaskServices, WorkspaceTask
from onbeat.registry import Registry

_log = structlog.get_logger("onbeat.runner")
Names = Mapping[str, Json]
ENDS = frozenset((State.SUCCESS, State.WARNING, State.FAILED, State.KILLED, State.CANCELLED))
"""What a task may say of its end."""


class Runner:
    """Runs attempts on this loop. tell, places: the engine's, which brings them."""

    def __init__(
        self,
        registry: Registry,
        evaluator: Evaluator,
        payloads: Payloads,
        logs: TaskLogs,
        services: TaskServices,
        targets: Targets,
        workspaces: Workspaces,
        cache: TaskCache,
        group: asyncio.TaskGroup,
        values: KeptValues,
    ) -> None:
        self._values = values
        self._registry = registry
        self._evaluator = evaluator
        self._keeping = Keeping(payloads, services.clock)
        self._logs = logs
        self._services = services
        self._targets = targets
        self.workspaces = workspaces
        self._cache = cache
        self._group = group
        self._kinds: dict[str, Kind] = {}
        self._running: dict[tuple[str, int, int], Running] = {}
        self._idle = asyncio.Event()
        self._idle.set()
        self._closing = False
        self.meters, self.tracing = Meters(), Tracing()
        self.tell: TellEnd
        self.places: Places

    def __len__(self) -> int:
        return len(self._running)

    def kind(self, spec: TaskSpec) -> Kind:
        """Which place a task needs."""
        if isinstance(spec, Subflow | WaitForEvent):
            return "none"
        kind = self._kinds.get(spec.type)
        if kind is None:
            try:
                kind = self._registry.task(spec.type).place
            except UserError:
                kind = "loop"  # it fails when it runs, with the message
            self._kinds[spec.type] = kind
        return kind

    def start(self, loaded: LoadedFlow, execution: Execution, n: int, attempt: int) -> None:
        """Run an attempt; the same one twice is one."""
        key = (execution.id, n, attempt)
        if key not in self._running and not self._closing:
            self._idle.clear()
            running = self._running[key] = Running(self.places.take(execution.id, n))
            running.work = self._group.create_task(self._attempt(running, loaded, execution, n, attempt))

    def stop(self, execution: str, n: int, attempt: int) -> None:
        """Stop an attempt; one that is not running ends at once as KILLED."""
        running = self._running.get((execution, n, attempt))
        if running is None:
            self.tell(execution, TaskEnded(n, attempt, State.KILLED))
        else:
            running.stop()

    def cancel(self, execution: str, n: int, attempt: int) -> None:
        """Stop an attempt that no longer counts; what it says at its end is stale."""
        running = self._running.get((execution, n, attempt))
        if running is not None:
            running.stop()

    def abandon(self, execution: str) -> None:
        """Stop all attempts of an execution; they tell nothing at their end. Looks through all that run."""
        for (id_, _, _), running in self._running.items():
            if id_ == execution:
                running.silent = True
                running.stop()

    async def drain(self, seconds: float) -> None:
        """Give running attempts time to end, then stop those that have not: recovery finds them as after a kill -9."""
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            _log.warning("stopping tasks that did not end in time", tasks=len(self._running))
        self._closing = True
        for running in self._running.values():
            running.silent = True
            running.stop()

    async def _attempt(self, running: "Running", loaded: LoadedFlow, execution: Execution, n: int, attempt: int) -> None:
        head = execution.head
        mask = self._evaluator.mask_of(head)
        log = self._logs.open(execution.id, n, execution.runs[n].task, attempt, mask=mask, namespace=head.namespace)
        began = self.meters.begin(execution.id)
        try:
            running.begun = True
            signal, records = await self._end(running, loaded, execution, n, attempt, log)
            log.end()
            if log.file is not None and isinstance(signal, TaskEnded):
                kept = await log.file.keep(self._services.storage, log_path(execution, n, attempt))
                signal = msgspec.structs.replace(signal, log=kept)
        finally:
            if log.file is not None:
                log.file.close()
            del self._running[execution.id, n, attempt]
            if not self._running:
                self._idle.set()
            self.places.release(running.place)
        self.meters.attempted(loaded.flow.by_id[execution.runs[n].task].type, signal, began)
        if not running.silent:
            self.tell(execution.id, signal, records=records, logs=self._logs.close(log), metrics=tuple(log.metrics))

    async def _end(
        self, running: "Running", loaded: LoadedFlow, execution: Execution, n: int, attempt: int, log: AttemptLog
    ) -> tuple[Signal, tuple[Record, ...]]:
        """How the attempt ended, and what it publishes with that. Raises CancelledError only when the engine itself goes down."""
        outputs: dict[str, Json] | None = None
        retry = True
        try:
            if running.stopped:
                return TaskEnded(n, attempt, State.KILLED), ()
            spec = loaded.flow.by_id[execution.runs[n].task]
            log.least(spec.log_level)
            if spec.log_to_file:
                log.into(self.workspaces.log_file(execution, n, attempt))
            if isinstance(spec, Subflow):
                return await self._choose_child(loaded, execution, n, attempt, spec, log), ()
            try:
                outcome = await self._run(loaded, execution, n, attempt, spec, log)
            except TaskFailed as failed:
                outcome = Outcome(state=State.FAILED, outputs=failed.outputs, error=short(failed), metrics=failed.metrics)
                retry = failed.retry
            error = None if outcome.error is None else log.hidden().mask(outcome.error)
            if error is not None:
                log("ERROR", error)
            if outcome.state not in ENDS:
                raise ValueError(f"a task cannot end {outcome.state}")
            log.measure(outcome.metrics)
            if self._logs.quotas.on:
                self._logs.quotas.charge(execution, outcome.outputs)
            outputs = await self._keeping.values(execution, f"tasks/{n}/{attempt}", outcome.outputs, log.hidden)
            facts = await self._keeping.facts(execution, f"{n}/{attempt}", outcome.facts, log.hidden)
            given = [await self._keeping.record(record, log.hidden) for record in outcome.records]
            records = tuple(caused(record, execution.head, self.tracing.of(execution.head, n)) for record in given)
            return TaskEnded(n, attempt, outcome.state, outputs, error, retry, facts), records
        except asyncio.CancelledError:
            if running.stopped:
                return TaskEnded(n, attempt, State.KILLED), ()
            work = asyncio.current_task()
            if work is not None and work.cancelling():
                raise
            error = "it was cancelled from within: something it waited for was cancelled"
        except (ValidationError, UserError, OutsideError) as wrong:
            error = explain(wrong)
        except (Exception, SystemExit) as bug:
            error = explain(bug)
            trace = log.hidden().mask("".join(traceback.format_exception(bug)))
            _log.error("a task raised", execution=execution.id, task=execution.runs[n].task, attempt=attempt, exception=trace)
        error = log.hidden().mask(error)
        log("ERROR", error)
        return TaskEnded(n, attempt, State.FAILED, outputs, error, retry), ()

    async def _run(self, loaded: LoadedFlow, execution: Execution, n: int, attempt: int, spec: TaskSpec, log: AttemptLog) -> Outcome:
        assert isinstance(spec, RunnableTask)
        kind: type[TaskOptions] = self._registry.task(spec.type)
        if spec.task_cache is None or not spec.task_cache.enabled:
            return await self._work(loaded, execution, n, attempt, spec, kind, log)
        same = await self._options(loaded, execution, n, spec, kind, {WORKING_DIR: WORKING_DIR, OUTPUT_DIR: OUTPUT_DIR}, log)
        outcome = await self._cache.find(execution.head, spec, same, log)
        if outcome is None:
            outcome = await self._work(loaded, execution, n, attempt, spec, kind, log)
            await self._cache.keep(execution.head, spec, same, outcome, log)
        return outcome

    async def _work(
        self, loaded: LoadedFlow, execution: Execution, n: int, attempt: int, spec: RunnableTask, kind: type[TaskOptions], log: AttemptLog
    ) -> Outcome:
        """Run the task, in a directory if it needs one."""
        wanted = kind.workspace or WORKING_DIR in loaded.template(spec.id).roots
        lend = partial(self.workspaces.lend, loaded, execution, n, attempt)
        if wanted or enclosing(loaded.flow, execution, n) is not None:
            async with lend(wanted) as folder:
                beside: dict[str, Json] = {} if folder is None else {WORKING_DIR: str(folder)}
                if folder is not None and OUTPUT_DIR in loaded.template(spec.id).roots:
                    beside[OUTPUT_DIR] = await self.workspaces.output_dir(folder, n, attempt)
                task = self._task(kind, await self._options(loaded, execution, n, spec, kind, beside, log))
                return await self._within(folder, task, loaded, execution, n, attempt, beside, log)
        task = self._task(kind, await self._options(loaded, execution, n, spec, kind, {}, log))
        if not task.workspace:
            return await self._within(None, task, loaded, execution, n, attempt, {}, log)
        async with lend(True) as folder:  # it stands in another one's place
            return await self._within(folder, task, loaded, execution, n, attempt, {}, log)

    async def _within(
        self,
        folder: Path | None,
        task: TaskOptions,
        loaded: LoadedFlow,
        execution: Execution,
        n: int,
        attempt: int,
        beside: Names,
        log: AttemptLog,
    ) -> Outcome:
        """Run the task in this directory, with what it begins with, and keep what it says."""
        around = looped(execution, execution.runs[n])
        context = TaskContext(
            execution=execution.id,
            namespace=execution.head.namespace,
            flow=execution.head.flow,
            task=execution.runs[n].task,
            attempt=attempt,
            idempotency_key=idempotency_key(execution.id, n),
            log=log,
            deadline=self._deadline(execution, n),
            services=self._lent(execution.head, n, log),
            directory=folder,
            render=partial(self._render, loaded, execution, n, beside, log),
            run=execution.run_id(n),
            traceparent=self.tracing.of(execution.head, n),
            value=None if around is None else around.value,
        )
        if folder is None or not isinstance(task, WorkspaceTask):
            return await task.run(context)
        await self.workspaces.bring(folder, task, execution.head, log)
        outcome = await task.run(context)
        files = await self.workspaces.keep(folder, task, execution, n, attempt, log)
        return msgspec.structs.replace(outcome, outputs={**(outcome.outputs or {}), "outputFiles": files})

    async def _options(
        self, loaded: LoadedFlow, execution: Execution, n: int, spec: RunnableTask, kind: type[TaskOptions], beside: Names, log: AttemptLog
    ) -> Json:
        """The task's options, rendered but for those that it evaluates itself."""
        own = {name: value for name, value in spec.options.items() if name in kind.verbatim} if kind.verbatim else {}
        if not own:
            return await self._evaluator.render(loaded.template(spec.id), loaded.flow, execution, n, beside, log.hidden.taint)
        others = {name: value for name, value in spec.options.items() if name not in own}
        return {**await self._evaluator.render(compile_value(others), loaded.flow, execution, n, beside, log.hidden.taint), **own}

    async def _render(
        self, loaded: LoadedFlow, execution: Execution, n: int, beside: Names, log: AttemptLog, value: Json, names: Names
    ) -> Json:
        return await self._evaluator.render(compile_value(value), loaded.flow, execution, n, {**beside, **names}, log.hidden.taint)

    def _task(self, kind: type[TaskOptions], options: Json) -> TaskOptions:
        """The task with these options, or the one that stands in its place."""
        task = kind.model_validate(options)
        other = task.instead()
        return task if other is None else self._task(self._registry.task(other[0]), other[1])

    def _lent(self, head: Head, n: int, log: AttemptLog) -> TaskServices:
        """The services as one attempt sees them."""
        key = idempotency_key(head.id, n)
        values = LentValues(self._values, log.hidden, key)
        publisher, storage = self._services.publisher, self._values.own_storage(lent_to(self._services.storage, log.hidden), key)
        if not publisher.embedded:
            publisher = CausedPublisher(publisher, head, self.tracing.of(head, n))
        return replace(self._services, values=values, storage=storage, publisher=publisher)

    def _deadline(self, execution: Execution, n: int) -> float | None:
        wake = execution.runs[n].wake
        if wake is None:
            return None
        return self._services.clock.monotonic() + max(0, wake - self._services.clock.now()) / 1_000_000

    async def _choose_child(self, loaded: LoadedFlow, execution: Execution, n: int, attempt: int, spec: Subflow, log: AttemptLog) -> Signal:
        """Find the flow and check its inputs."""
        taint = log.hidden.taint
        options: dict[str, Any] = await self._evaluator.render(loaded.template(spec.id), loaded.flow, execution, n, taint=taint)
        labels, when = options["labels"], options.get("scheduleDate")
        namespace, flow = str(options["namespace"]), str(options["flowId"])
        chosen = await self._targets.choose(
            execution,
            namespace,
            flow,
            spec.revision,
            options["inputs"],
            labels,
            spec.inherit_labels,
            f"children/{n}/{attempt}",
            log.hidden(),
        )
        return ChildChosen(
            run=n,
            attempt=attempt,
            namespace=namespace,
            flow=flow,
            revision=chosen.revision,
            inputs=chosen.inputs,
            labels=chosen.labels,
            variables=chosen.variables,
            wait=spec.wait,
            transmit=spec.transmit_failed,
            scheduled=None if when is None else from_iso(str(when)),
        )
