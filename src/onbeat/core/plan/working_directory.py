"""Run tasks one after another in one directory: `core.flow.WorkingDirectory`.

Its tasks may be any that do work, each with its place, attempts and log as everywhere; what they share is the directory, which the shell
prepares before the first and empties after the last. A flowable inside could run tasks side by side in it, or wait for days, so there
is none, as in Kestra.
"""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field

from onbeat.core.durations import Duration
from onbeat.core.execution import Block, Execution, TaskRun
from onbeat.core.flow import Dynamic, Flow, FlowableSpec, Lane, Opening, Render, RunnableTask, TaskSpec, parse_task
from onbeat.core.frozen import Frozen
from onbeat.core.workspace import WantedFiles

NAMES = ("core.flow.WorkingDirectory", "core.flow.Worker")


def _doing_work(task: TaskSpec) -> TaskSpec:
    if not isinstance(task, RunnableTask):
        raise ValueError(f"`{task.id}` ({task.type}) cannot be inside a WorkingDirectory: only tasks that do work themselves can")
    return task


def _not_empty(tasks: tuple[TaskSpec, ...]) -> tuple[TaskSpec, ...]:
    if not tasks:
        raise ValueError("there must be at least one task")
    return tasks


def _map_or_text(value: object) -> object:
    if isinstance(value, dict | str | None):
        return value
    raise ValueError("must be a map of names and contents, or text that gives one")


def _list_or_text(value: object) -> object:
    if isinstance(value, list | str | None):
        return value
    raise ValueError("must be a list of names or patterns, or text that gives one")


Work = Annotated[
    tuple[Annotated[TaskSpec, BeforeValidator(parse_task), AfterValidator(_doing_work)], ...],
    AfterValidator(_not_empty),
]


class Cache(Frozen):
    """Which files of the directory the next execution of the task begins with, and for how long. patterns: of their paths."""

    patterns: tuple[str, ...] = Field(min_length=1)
    ttl: Duration | None = None


class WorkingDirectory(FlowableSpec):
    """One lane with all the tasks, between a preparation and a collection by the shell."""

    prepared_by: ClassVar[str] = "@directory"
    collected_by: ClassVar[str] = "@files"
    whole: ClassVar[bool] = True
    """The directory of what failed is gone."""

    tasks: Work
    input_files: Annotated[Dynamic, AfterValidator(_map_or_text)] = Field(None, alias="inputFiles")
    output_files: Annotated[Dynamic, AfterValidator(_list_or_text)] = Field(None, alias="outputFiles")
    namespace_files: WantedFiles | None = Field(None, alias="namespaceFiles")
    cache: Cache | None = None

    def branches(self) -> Iterator[tuple[TaskSpec, ...]]:
        yield self.tasks
        yield from self._tails()

    def open(self, render: Render) -> Opening:
        return Opening()

    def lane(self, block: Block, lane: int) -> Lane:
        return Lane(self.tasks)

    def entering(self) -> dict[str, Any]:
        """What the directory begins with, not rendered."""
        files = self.namespace_files
        return {"inputFiles": self.input_files, "namespaceFiles": None if files is None else files.model_dump(by_alias=True)}

    def leaving(self) -> dict[str, Any]:
        """What is kept of it, not rendered."""
        return {"outputFiles": self.output_files}


def enclosing(flow: Flow, execution: Execution, n: int) -> TaskRun | None:
    """The run of the nearest WorkingDirectory around a task run."""
    at = execution.runs[n].parent
    while at:
        run = execution.runs[at]
        if isinstance(flow.by_id[run.task], WorkingDirectory):
            return run
        at = run.parent
    return None
