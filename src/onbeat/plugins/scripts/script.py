"""Say what all script tasks have in common: their options, how they run, what they give.

Rules
1. A script works in the directory that its attempt is given, which holds its `inputFiles` and of which its `outputFiles` are kept.
2. An exit code other than 0 fails the task; lines on stderr make it a WARNING unless `warningOnStdErr: false` (Kestra's default).
3. Lines `::{"outputs": {…}}::` on stdout are the outputs `vars`, `::{"metrics": […]}::` are metrics.
4. Containers are not available: `containerImage` is not used, a task runner that needs one is an error.
5. The file of a script's own text is not left behind for the tasks that share its directory.

Called by: the runner, through its subclasses.
"""

import asyncio
import json
import os
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from onbeat.core.event import Json
from onbeat.core.expressions import to_text
from onbeat.core.states import State
from onbeat.core.type_names import short_type
from onbeat.core.workspace import Text, Texts
from onbeat.errors import UserError
from onbeat.ports import Metric, Outcome, ProcessEnd, TaskContext, TaskFailed, WorkspaceTask

SHELL = ("/bin/sh", "-c")
_SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh", "busybox"})
_PROCESS = "core.runner.Process"
_METRICS = ("counter", "timer", "gauge")


def _map(value: object) -> object:
    """A map, or text that is a JSON map."""
    return json.loads(value) if isinstance(value, str) else {} if value is None else value


class Script(WorkspaceTask):
    """What all script tasks have in common."""

    place: ClassVar[Literal["loop", "process"]] = "process"

    env: Annotated[dict[str, Text], BeforeValidator(_map)] = Field({}, repr=False)
    interpreter: Annotated[Texts, Field(min_length=1)] = SHELL
    before_commands: Texts = Field((), alias="beforeCommands")
    fail_fast: bool = Field(True, alias="failFast")
    warning_on_stderr: bool = Field(True, alias="warningOnStdErr")
    container_image: Any = Field(None, alias="containerImage")
    docker: Any = None
    runner: str | None = None
    task_runner: dict[str, Any] | None = Field(None, alias="taskRunner")
    target_os: Any = Field(None, alias="targetOS")

    async def run(self, context: TaskContext) -> Outcome:
        """Run it in its directory; give its exit code, variables and metrics."""
        assert context.directory is not None, "a script has a directory"
        self._check(context)
        own = self._own_file(context)
        try:
            env = await self._environment(context)
            if own is not None:
                await asyncio.to_thread((context.directory / own[0]).write_text, own[1], "utf-8")
            argv = self._argv(context, env)
            end = await context.services.processes.run(argv, env=env, cwd=context.directory, log=context.log)
        finally:
            if own is not None:
                await asyncio.to_thread((context.directory / own[0]).unlink, missing_ok=True)
            await self._leave(context)
        return self._outcome(context, end)

    def _argv(self, context: TaskContext, env: dict[str, str]) -> list[str]:
        """The program and its arguments."""
        raise NotImplementedError

    def _own_file(self, context: TaskContext) -> tuple[str, str] | None:
        """Name and text of a file that the program needs beside the user's."""
        return None

    async def _environment(self, context: TaskContext) -> dict[str, str]:
        """The variables that it gets."""
        return {**facts(context), **self.env}

    async def _leave(self, context: TaskContext) -> None:
        """Remove what its language has left outside of the directory."""

    def _lines(self, *lines: str) -> list[str]:
        """The interpreter with these lines as its text."""
        fail_fast = self.fail_fast and os.path.basename(self.interpreter[0]) in _SHELLS
        return [*self.interpreter, "\n".join([*(["set -e"] if fail_fast else []), *self.before_commands, *lines])]

    def _check(self, context: TaskContext) -> None:
        """Say what this installation cannot do before anything is done."""
        runner = short_type(str((self.task_runner or {}).get("type", _PROCESS)))
        if runner != _PROCESS or self.runner not in (None, "PROCESS"):
            named = runner if runner != _PROCESS else self.runner
            raise UserError(f"the task runner `{named}` is not available; leave it out, or use `{_PROCESS}`: scripts run on this machine")
        if self.container_image or self.docker:
            context.log("INFO", "The script runs on this machine: container images are not used")

    def _outcome(self, context: TaskContext, end: ProcessEnd) -> Outcome:
        outputs: dict[str, Json] = {
            "exitCode": end.code,
            "vars": end.outputs,
            "outputFiles": {},
            "stdOutLineCount": end.stdout_lines,
            "stdErrLineCount": end.stderr_lines,
        }
        metrics = tuple(_measured(end.metrics, context))
        if end.code != 0:
            raise TaskFailed(_ending(end.code), outputs, metrics=metrics)
        warn = self.warning_on_stderr and end.stderr_lines > 0
        state = State.WARNING if warn else State.SUCCESS
        return Outcome(state=state, outputs=outputs, metrics=metrics)


def facts(context: TaskContext) -> dict[str, str]:
    """What each script may know of its attempt."""
    return {
        "ONBEAT_EXECUTION": context.execution,
        "ONBEAT_TASK": context.task,
        "ONBEAT_ATTEMPT": str(context.attempt),
        "ONBEAT_IDEMPOTENCY_KEY": context.idempotency_key,
        "WORKING_DIR": str(context.directory),
        **({"TRACEPARENT": context.traceparent} if context.traceparent is not None else {}),
    }


def own_name(context: TaskContext, suffix: str) -> str:
    """The name of the file of a script's text: no other attempt's, and none that a flow would write."""
    return f".{context.task}.{context.attempt}{suffix}"


def beside(context: TaskContext, suffix: str) -> Path:
    """A path that is no file of the flow's and goes with its directory at the latest when the engine starts anew."""
    assert context.directory is not None, "a script has a directory"
    return context.directory.with_name(context.directory.name + suffix)


def _measured(metrics: Sequence[dict[str, Json]], context: TaskContext) -> Iterator[Metric]:
    """The metrics that are such; the others are told of."""
    for each in metrics:
        kind, name, value, tags = each.get("type", "counter"), each.get("name"), each.get("value"), each.get("tags") or {}
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if kind in _METRICS and isinstance(name, str) and isinstance(tags, dict) and number:
            yield Metric(type=kind, name=name, value=float(value or 0), tags={key: to_text(item) for key, item in tags.items()})
        else:
            context.log("WARN", "a metric is `type` (counter, timer or gauge), `name`, `value` (a number) and `tags`; this one is not kept")


def _ending(code: int) -> str:
    if code > 0:
        return f"Command failed with exit code {code}"
    known = -code in signal.valid_signals()
    return f"Command was ended by {signal.Signals(-code).name if known else f'signal {-code}'}"
