"""Run attempts of tasks; whatever happens becomes one TaskEnded signal.

The only code that calls a task. It renders the task's options, makes the plugin's object of them, runs it, and tells how it ended:
by returning, raising, being stopped. Timeouts and retries are policy and live in the core: a late task is simply stopped.

Rules
1. Every ending is exactly one signal; a bug in a plugin fails its attempt and nothing else.
2. What a task is given is rendered once; event data in it is data.
3. The same idempotency key for every attempt of a task run.

Called by: the engine.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

import structlog
from pydantic import ValidationError

from onbeat.core.errors_text import short
from onbeat.core.event import Json
from onbeat.core.execution import Execution
from onbeat.core.expressions import ExpressionError
from onbeat.core.flow import RunnableTask, TaskSpec
from onbeat.core.ids import idempotency_key
from onbeat.core.inputs import resolve
from onbeat.core.plan.subflow import Subflow
from onbeat.core.signals import ChildChosen, Signal, TaskEnded
from onbeat.core.states import State
from onbeat.core.values import normalise
from onbeat.engine.catalog import Catalog, LoadedFlow
from onbeat.engine.evaluator import Evaluator
from onbeat.engine.inputs import renderer
from onbeat.engine.payloads import Payloads
from onbeat.engine.places import Kind
from onbeat.engine.tasklog import AttemptLog, TaskLogs
from onbeat.errors import OutsideError, UserError
from onbeat.ports import LogLine, Outcome, Record, TaskContext, TaskFailed, TaskOptions, TaskServices
from onbeat.registry import Registry

_log = structlog.get_logger("onbeat.runner")


class TellEnd(Protocol):
    """Tells the engine how an attempt ended, with what is to be written in the same transaction."""

    def __call__(self, execution: str, signal: Signal, *, records: tuple[Record, ...] = (), logs: tuple[LogLine, ...] = ()) -> None: ...


class Runner:
    """Runs attempts on this loop. free: called when an attempt is over, to give its place back."""

    def __init__(
        self,
        registry: Registry,
        catalog: Catalog,
        evaluator: Evaluator,
        payloads: Payloads,
        logs: TaskLogs,
        services: TaskServices,
        group: asyncio.TaskGroup,
    ) -> None:
        self._registry = registry
        self._catalog = catalog
        self._evaluator = evaluator
        self._payloads = payloads
        self._logs = logs
        self._services = services
        self._group = group
        self._running: dict[tuple[str, int, int], asyncio.Task[None]] = {}
        self._idle = asyncio.Event()
        self._idle.set()
        self._closing = False
        self.tell: TellEnd
        self.free: Callable[[str, int], None]

    def __len__(self) -> int:
        return len(self._running)

    def kind(self, spec: TaskSpec) -> Kind:
        """Which place a task needs."""
        if isinstance(spec, Subflow):
            return "none"
        try:
            return self._registry.task(spec.type).place
        except UserError:
            return "loop"  # it fails when it runs, with the message

    def start(self, loaded: LoadedFlow, execution: Execution, n: int, attempt: int) -> None:
        """Run an attempt; the same one twice is one."""
        key = (execution.id, n, attempt)
        if key not in self._running and not self._closing:
            self._idle.clear()
            self._running[key] = self._group.create_task(self._attempt(loaded, execution, n, attempt))

    def stop(self, execution: str, n: int, attempt: int) -> None:
        """Stop an attempt; one that is not running ends at once as KILLED."""
        task = self._running.get((execution, n, attempt))
        if task is None:
            self.tell(execution, TaskEnded(n, attempt, State.KILLED))
        else:
            task.cancel()

    def cancel(self, execution: str, n: int, attempt: int) -> None:
        """Stop an attempt that no longer counts; what it says at its end is stale."""
        task = self._running.get((execution, n, attempt))
        if task is not None:
            task.cancel()

    async def drain(self, seconds: float) -> None:
        """Give running attempts time to end, then stop those that have not: recovery finds them as after a kill -9."""
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            _log.warning("stopping tasks that did not end in time", tasks=len(self._running))
        self._closing = True
        for task in self._running.values():
            task.cancel()

    async def _attempt(self, loaded: LoadedFlow, execution: Execution, n: int, attempt: int) -> None:
        spec = loaded.flow.by_id[execution.runs[n].task]
        log = self._logs.open(execution.id, n, spec.id, attempt, spec.log_level)
        records: tuple[Record, ...] = ()
        signal: Signal
        try:
            if isinstance(spec, Subflow):
                signal = await self._choose_child(loaded, execution, n, attempt, spec)
            else:
                outcome = await self._run(loaded, execution, n, attempt, spec, log)
                records = outcome.records
                if outcome.error is not None:
                    log("ERROR", outcome.error)
                outputs = await self._keep(execution, n, attempt, outcome.outputs)
                signal = TaskEnded(n, attempt, outcome.state, outputs, outcome.error)
        except asyncio.CancelledError:
            if self._closing:
                raise  # the daemon stops: the attempt is lost, as after a kill -9
            signal = TaskEnded(n, attempt, State.KILLED)
        except TaskFailed as failed:
            log("ERROR", short(failed))
            signal = TaskEnded(
                n, attempt, State.FAILED, await self._keep(execution, n, attempt, failed.outputs), short(failed), failed.retry
            )
        except (ExpressionError, ValidationError) as wrong:
            error = explain(wrong)
            log("ERROR", error)
            signal = TaskEnded(n, attempt, State.FAILED, None, error)
        except (UserError, OutsideError) as problem:
            log("ERROR", short(problem))
            signal = TaskEnded(n, attempt, State.FAILED, None, short(problem))
        except Exception as bug:
            _log.exception("a task raised", execution=execution.id, task=spec.id, attempt=attempt, type=spec.type)
            error = f"{type(bug).__name__}: {short(bug)}"
            log("ERROR", error)
            signal = TaskEnded(n, attempt, State.FAILED, None, error)
        finally:
            del self._running[execution.id, n, attempt]
            if not self._running:
                self._idle.set()
            self.free(execution.id, n)
        self.tell(execution.id, signal, records=_caused(records, execution), logs=self._logs.close(log))

    async def _run(self, loaded: LoadedFlow, execution: Execution, n: int, attempt: int, spec: TaskSpec, log: AttemptLog) -> Outcome:
        assert isinstance(spec, RunnableTask)
        options = await self._evaluator.render(loaded.template(spec.id), loaded.flow, execution, n)
        kind: type[TaskOptions] = self._registry.task(spec.type)
        task = kind.model_validate(options)
        context = TaskContext(
            execution=execution.id,
            namespace=execution.head.namespace,
            flow=execution.head.flow,
            task=spec.id,
            attempt=attempt,
            idempotency_key=idempotency_key(execution.id, n),
            log=log,
            deadline=self._deadline(execution, n),
            services=self._services,
        )
        return await task.run(context)

    def _deadline(self, execution: Execution, n: int) -> float | None:
        wake = execution.runs[n].wake
        if wake is None:
            return None
        return self._services.clock.monotonic() + max(0, wake - self._services.clock.now()) / 1_000_000

    async def _keep(self, execution: Execution, n: int, attempt: int, outputs: dict[str, Json] | None) -> dict[str, Json] | None:
        if not outputs:
            return outputs
        head = execution.head
        where = f"{head.namespace}/{head.flow}/executions/{head.id}/tasks/{n}/{attempt}"
        return await self._payloads.keep(normalise(outputs), where)

    async def _choose_child(self, loaded: LoadedFlow, execution: Execution, n: int, attempt: int, spec: Subflow) -> Signal:
        """Find the flow and check its inputs."""
        options: dict[str, Any] = await self._evaluator.render(loaded.template(spec.id), loaded.flow, execution, n)
        namespace, flow = str(options["namespace"]), str(options["flowId"])
        target = self._catalog.find(namespace, flow)
        if target is not None and spec.revision is not None:
            target = await self._catalog.revision(namespace, flow, spec.revision)
        if target is None:
            return TaskEnded(n, attempt, State.FAILED, None, f"there is no flow {namespace}.{flow}")
        if target.flow.disabled:
            return TaskEnded(n, attempt, State.FAILED, None, f"flow {namespace}.{flow} is disabled")
        labels = {**target.flow.labels, **(execution.labels if spec.inherit_labels else {}), **options["labels"]}
        return ChildChosen(
            run=n,
            attempt=attempt,
            namespace=namespace,
            flow=flow,
            revision=target.flow.revision,
            inputs=resolve(target.flow.inputs, options["inputs"], renderer(target.flow)),
            labels=labels,
            variables=target.flow.variables,
            wait=spec.wait,
            transmit=spec.transmit_failed,
        )


def _caused(records: tuple[Record, ...], execution: Execution) -> tuple[Record, ...]:
    """Records with what stands behind them: the hops end a loop of flows."""
    head = execution.head
    return tuple(
        Record(
            topic=record.topic,
            id=record.id,
            data=record.data,
            time=record.time,
            key=record.key,
            source=record.source,
            type=record.type,
            headers=record.headers,
            hops=head.hops + 1,
            correlation_id=record.correlation_id or head.correlation_id,
            causation_id=record.causation_id or head.id,
            traceparent=record.traceparent or head.traceparent,
        )
        for record in records
    )


def explain(wrong: ExpressionError | ValidationError) -> str:
    """What is wrong with a task's options, in one line."""
    if isinstance(wrong, ExpressionError):
        return short(wrong)
    parts = []
    for error in wrong.errors(include_url=False, include_input=False):
        where = ".".join(str(part) for part in error["loc"])
        parts.append(f"`{where}`: {error['msg'].removeprefix('Value error, ')}" if where else error["msg"])
    return "; ".join(parts)
