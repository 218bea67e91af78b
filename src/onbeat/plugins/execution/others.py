"""Count other executions, resume, stop and purge them.

The same actions as the API's, with the same refusals: a task can do nothing to an execution that a person could not.

Called by: the runner.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from onbeat.core.event import Json
from onbeat.core.expressions import to_text, truthy
from onbeat.core.states import State
from onbeat.core.times import Instant
from onbeat.ports import ExecutionSummary, Outcome, TaskContext, TaskOptions

_PAGE = 500
Name = Annotated[str, BeforeValidator(to_text), Field(min_length=1)]
States = tuple[State, ...]


class CountedFlow(BaseModel):
    """A flow whose executions are counted. states: instead of the task's."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    namespace: Name
    """Its namespace."""
    flow_id: Name | None = Field(None, alias="flowId")
    """Its id; without one all flows of the namespace are counted together."""
    states: States | None = None
    """States that count for this flow, instead of the task's."""


class Count(TaskOptions):
    """Counts executions, by flow. Outputs: `results`, a list of `{namespace, flowId, count}`, and `total`, their sum.

    Example:

    ```yaml
    tasks:
      - id: silent
        type: core.execution.Count
        flows:
          - namespace: company.team
            flowId: orders
        startDate: "{{ now() | dateAdd(-1, 'DAYS') }}"
        expression: "{{ count == 0 }}"
      - id: tell
        type: core.flow.ForEach
        values: "{{ outputs.silent.results }}"
        tasks:
          - id: warn
            type: core.log.Log
            level: WARN
            message: "no execution for a day: {{ taskrun.value }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.execution.Count",)
    verbatim: ClassVar[frozenset[str]] = frozenset({"expression"})

    flows: tuple[CountedFlow, ...] = ()
    """The flows; without them and `namespaces`, all executions are counted together."""
    namespaces: tuple[Name, ...] = ()
    """Namespaces whose executions are counted, each for itself."""
    states: States = ()
    """States that count; none: all."""
    start_date: Instant | None = Field(None, alias="startDate")
    """Executions created since then count."""
    end_date: Instant | None = Field(None, alias="endDate")
    """Executions created before then count."""
    expression: Any = "{{ true }}"
    """Which results are kept: it sees `count`, `namespace` and `flowId` beside what every task's expressions see."""

    async def run(self, context: TaskContext) -> Outcome:
        """Count them one flow after the other."""
        flows = [*self.flows, *(CountedFlow(namespace=name) for name in self.namespaces)]
        wanted: list[tuple[str | None, str | None, States]] = [(one.namespace, one.flow_id, one.states or self.states) for one in flows]
        results: list[dict[str, Json]] = []
        for namespace, flow, states in wanted or [(None, None, self.states)]:
            count = await context.services.actions.count(
                namespace=namespace, flow=flow, states=states, start=self.start_date, end=self.end_date
            )
            result: dict[str, Json] = {"namespace": namespace, "flowId": flow, "count": count}
            if truthy(await context.render(self.expression, result)):
                results.append(result)
        return Outcome(outputs={"results": results, "total": sum(result["count"] for result in results)})


class Resume(TaskOptions):
    """Resumes an execution that is PAUSED; it fails when it is not.

    Example:

    ```yaml
    tasks:
      - id: approve
        type: core.execution.Resume
        executionId: "{{ trigger.data.execution }}"
        inputs:
          approved: true
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.execution.Resume",)

    execution_id: Name | None = Field(None, alias="executionId")
    """The execution; this one without it."""
    namespace: Name | None = None
    """Taken for Kestra's sake: the id alone says which execution is meant."""
    flow_id: Name | None = Field(None, alias="flowId")
    """Taken for Kestra's sake, as `namespace`."""
    inputs: dict[str, Any] = Field({}, repr=False)
    """The answers to the pause's `onResume`."""

    async def run(self, context: TaskContext) -> Outcome:
        """Resume it."""
        await context.services.actions.resume(
            self.execution_id or context.execution, self.inputs, context.execution, key=context.idempotency_key
        )
        return Outcome()


class Kill(TaskOptions):
    """Stops an execution and its subflows; it fails when the execution has ended already.

    Example:

    ```yaml
    tasks:
      - id: stop
        type: core.execution.Kill
        executionId: "{{ trigger.data.execution }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.execution.Kill",)

    execution_id: Name = Field(alias="executionId")
    """The execution."""
    propagate_kill: Literal[True] = Field(True, alias="propagateKill")
    """A kill always reaches the subflows: one that went on alone would have nobody to end for."""

    async def run(self, context: TaskContext) -> Outcome:
        """Stop it."""
        await context.services.actions.kill(self.execution_id, key=context.idempotency_key)
        return Outcome()


class PurgeExecutions(TaskOptions):
    """Removes executions that have ended, with what is kept for them. What a sink has not been given yet stays for the next time.

    Outputs: `executionsCount`, `logsCount`, `metricsCount`, and `storagesCount`, the number of files. What onbeat does by itself after
    `ONBEAT_RETENTION_DAYS` this does earlier, for the flows of your choice.

    Example:

    ```yaml
    triggers:
      - id: nightly
        type: core.trigger.Schedule
        cron: "@daily"
    tasks:
      - id: purge
        type: core.execution.PurgeExecutions
        namespace: company
        endDate: "{{ now() | dateAdd(-7, 'DAYS') }}"
        states: [SUCCESS, CANCELLED]
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.execution.PurgeExecutions",)

    namespace: Name | None = None
    """Of the flow; without `flowId`, of all flows in it and below it."""
    flow_id: Name | None = Field(None, alias="flowId")
    """Only this flow's executions."""
    start_date: Instant | None = Field(None, alias="startDate")
    """Only executions created since then."""
    end_date: Instant = Field(alias="endDate")
    """Only executions created before then."""
    states: States = ()
    """Only executions in these states; none: all that have ended."""
    purge_execution: bool = Field(True, alias="purgeExecution")
    """Remove the executions themselves."""
    purge_log: bool = Field(True, alias="purgeLog")
    """Remove their log lines. What is left goes when onbeat's own retention is over."""
    purge_metric: bool = Field(True, alias="purgeMetric")
    """Remove what they measured."""
    purge_storage: bool = Field(True, alias="purgeStorage")
    """Remove their files."""
    batch_size: int = Field(_PAGE, alias="batchSize", ge=1)
    """Taken for Kestra's sake: onbeat removes in pieces that nobody feels."""

    async def run(self, context: TaskContext) -> Outcome:
        """Remove them page by page."""
        counts = {"executions": 0, "logs": 0, "metrics": 0, "storages": 0}
        async for ids in self._pages(context):
            purged = await context.services.actions.purge(
                ids, records=self.purge_execution, logs=self.purge_log, storage=self.purge_storage, metrics=self.purge_metric
            )
            counts = {name: count + purged[name] for name, count in counts.items()}
        return Outcome(outputs={f"{name}Count": count for name, count in counts.items()})

    async def _pages(self, context: TaskContext) -> AsyncIterator[Sequence[str]]:
        before: str | None = None
        while True:
            page = await context.services.actions.executions(
                namespace=self.namespace if self.flow_id else None,
                flow=self.flow_id,
                states=self.states,
                start=self.start_date,
                end=self.end_date,
                limit=_PAGE,
                before=before,
            )
            if not page:
                return
            before = page[-1].id
            if ids := [one.id for one in page if one.ended is not None and self._is_meant(one)]:
                yield ids

    def _is_meant(self, one: ExecutionSummary) -> bool:
        return self.namespace is None or one.namespace == self.namespace or one.namespace.startswith(f"{self.namespace}.")
