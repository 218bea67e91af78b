"""Write lines to an execution's log, take them out as a file, and remove old ones."""

import json
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from onbeat.core.expressions import to_text
from onbeat.core.times import Instant, iso
from onbeat.ports import LogLine, Outcome, TaskContext, TaskOptions

Name = Annotated[str, BeforeValidator(to_text), Field(min_length=1)]
Level = Annotated[
    Literal["TRACE", "DEBUG", "INFO", "WARN", "ERROR"],
    BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value),
]


class Log(TaskOptions):
    """Logs a message, or each message of a list. What is not text is written as JSON.

    Example:

    ```yaml
    tasks:
      - id: hello
        type: core.log.Log
        message: "Order {{ trigger.data.id }} over {{ trigger.data.total }} EUR"
        level: INFO
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.log.Log",)

    message: Any
    level: Level = "INFO"

    async def run(self, context: TaskContext) -> Outcome:
        """Log it."""
        for message in self.message if isinstance(self.message, list) else [self.message]:
            context.log(self.level, to_text(message))
        return Outcome()


def _one_or_more(value: object) -> object:
    return [value] if isinstance(value, str) else value


class Fetch(TaskOptions):
    """Writes an execution's log lines into a file in storage, one JSON object a line. Outputs: `uri`, and `size`, how many lines.

    Example:

    ```yaml
    tasks:
      - id: work
        type: core.log.Log
        message: working
      - id: lines
        type: core.log.Fetch
        level: WARN
      - id: use
        type: core.log.Log
        message: "{{ outputs.lines.size }} lines in {{ outputs.lines.uri }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.log.Fetch",)

    execution_id: Name | None = Field(None, alias="executionId")
    """The execution; this one without it."""
    namespace: Name | None = None
    """Taken for Kestra's sake: the id alone says which execution is meant."""
    flow_id: Name | None = Field(None, alias="flowId")
    """Taken for Kestra's sake, as `namespace`."""
    level: Level = "INFO"
    """The least level."""
    tasks: Annotated[tuple[Name, ...], BeforeValidator(_one_or_more)] = Field((), alias="tasksId")
    """Only lines of these tasks; none: of all."""

    async def run(self, context: TaskContext) -> Outcome:
        """Write the file."""
        found = await context.services.actions.logs(self.execution_id or context.execution, least=self.level, tasks=self.tasks)
        content = "".join(json.dumps(_shown(line), ensure_ascii=False) + "\n" for line in found)
        uri = await context.services.storage.put(f"{context.folder}/logs.jsonl", content.encode())
        return Outcome(outputs={"uri": uri, "size": len(found)})


def _shown(line: LogLine) -> dict[str, Any]:
    return {
        "executionId": line.execution,
        "taskId": line.task,
        "taskRunId": f"{line.execution}-{line.run}" if line.run else None,
        "attemptNumber": max(0, line.attempt - 1),
        "timestamp": iso(line.at),
        "level": line.level,
        "message": line.message,
    }


class PurgeLogs(TaskOptions):
    """Removes log lines, whether their executions have ended or not. Output: `count`.

    Example:

    ```yaml
    triggers:
      - id: nightly
        type: core.trigger.Schedule
        cron: "@daily"
    tasks:
      - id: purge
        type: core.log.PurgeLogs
        namespace: company
        logLevels: [TRACE, DEBUG, INFO]
        endDate: "{{ now() | dateAdd(-7, 'DAYS') }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.log.PurgeLogs",)

    namespace: Name | None = None
    """Of the flow; without `flowId`, of all flows in it and below it."""
    flow_id: Name | None = Field(None, alias="flowId")
    """Only lines of this flow's executions."""
    execution_id: Name | None = Field(None, alias="executionId")
    """Only lines of this execution."""
    levels: tuple[Level, ...] = Field((), alias="logLevels")
    """Only lines of these levels; none: of all."""
    start_date: Instant | None = Field(None, alias="startDate")
    """Only lines written since then."""
    end_date: Instant = Field(alias="endDate")
    """Only lines written before then."""

    async def run(self, context: TaskContext) -> Outcome:
        """Remove them."""
        count = await context.services.actions.purge_logs(
            namespace=self.namespace,
            flow=self.flow_id,
            execution=self.execution_id,
            levels=self.levels,
            start=self.start_date,
            end=self.end_date,
        )
        return Outcome(outputs={"count": count})


PROVIDES = (Log, Fetch, PurgeLogs)
