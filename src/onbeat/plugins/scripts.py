"""Run shell and Python scripts as programs on this machine.

Event data reaches a script as text of the script, when the flow writes it there, or as a variable of its environment. Variables are data,
script text is code: the docs say so, and `env` is how the examples do it.

Rules
1. Each attempt has a working directory of its own, for this user only, which is removed afterwards.
2. No file name leads out of it: neither an input's, nor a link that the script leaves behind.
3. An exit code other than 0 fails the task; lines on stderr make it a WARNING unless `warningOnStdErr: false` (Kestra's default).
4. Lines `::{"outputs": {…}}::` on stdout are the outputs `vars`.
5. Containers are not available: `containerImage` is not used, a task runner that needs one is an error.

Called by: the runner.
"""

import asyncio
import json
import os
import shlex
import shutil
import signal
import stat
import sys
import tempfile
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from onbeat.core.event import Json
from onbeat.core.expressions import to_text
from onbeat.core.flow import short_type
from onbeat.core.states import State
from onbeat.errors import UserError
from onbeat.ports import Outcome, ProcessEnd, TaskContext, TaskFailed, TaskOptions

LARGEST_FILE = 100 * 1024 * 1024
_SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh", "busybox"})
_SHELL = ("/bin/sh", "-c")

Text = Annotated[str, BeforeValidator(to_text)]
Files = Annotated[dict[str, Any], BeforeValidator(lambda value: json.loads(value) if isinstance(value, str) else value)]


class Script(TaskOptions):
    """What all script tasks have in common."""

    place: ClassVar[Literal["loop", "process"]] = "process"

    env: dict[str, Text] = Field({}, repr=False)
    interpreter: tuple[str, ...] = Field(_SHELL, min_length=1)
    before_commands: tuple[Text, ...] = Field((), alias="beforeCommands")
    fail_fast: bool = Field(True, alias="failFast")
    warning_on_stderr: bool = Field(True, alias="warningOnStdErr")
    input_files: Files = Field({}, alias="inputFiles", repr=False)
    output_files: tuple[Text, ...] = Field((), alias="outputFiles")
    container_image: Any = Field(None, alias="containerImage")
    docker: Any = None
    runner: str | None = None
    task_runner: dict[str, Any] | None = Field(None, alias="taskRunner")
    target_os: Any = Field(None, alias="targetOS")
    namespace_files: dict[str, Any] | None = Field(None, alias="namespaceFiles")
    dependencies: tuple[str, ...] = ()

    async def run(self, context: TaskContext) -> Outcome:
        """Run it in a fresh directory; give its exit code, variables and files."""
        self._check(context)
        folder = _make_folder()
        try:
            contents = [(name, await _content(value, context)) for name, value in self.input_files.items()]
            await asyncio.to_thread(_write_all, folder, [*contents, *self._own_files()])
            end = await context.services.processes.run(self._argv(), env=self._env(context, folder), cwd=folder, log=context.log)
            return await self._outcome(context, folder, end)
        finally:
            await asyncio.to_thread(_remove, folder)

    def _argv(self) -> list[str]:
        """The program and its arguments."""
        raise NotImplementedError

    def _own_files(self) -> list[tuple[str, bytes]]:
        """Files that the program needs beside the user's."""
        return []

    def _lines(self, *lines: str) -> list[str]:
        """The interpreter with these lines as its text."""
        fail_fast = self.fail_fast and os.path.basename(self.interpreter[0]) in _SHELLS
        return [*self.interpreter, "\n".join([*(["set -e"] if fail_fast else []), *self.before_commands, *lines])]

    def _env(self, context: TaskContext, folder: Path) -> dict[str, str]:
        return {
            "ONBEAT_EXECUTION": context.execution,
            "ONBEAT_TASK": context.task,
            "ONBEAT_ATTEMPT": str(context.attempt),
            "ONBEAT_IDEMPOTENCY_KEY": context.idempotency_key,
            "WORKING_DIR": str(folder),
            **self.env,
        }

    def _check(self, context: TaskContext) -> None:
        """Say what this installation cannot do before anything is done."""
        runner = short_type(str((self.task_runner or {}).get("type", "core.runner.Process")))
        if runner != "core.runner.Process" or self.runner not in (None, "PROCESS"):
            named = runner if runner != "core.runner.Process" else self.runner
            raise UserError(f"the task runner `{named}` is not available yet; leave it out, or use `core.runner.Process`")
        if (self.namespace_files or {}).get("enabled"):
            raise UserError("`namespaceFiles` are not available yet; give the files as `inputFiles`")
        if self.dependencies:
            raise UserError("`dependencies` are not installed yet; install them in `beforeCommands`, or beside onbeat")
        if self.container_image or self.docker:
            context.log("INFO", "The script runs on this machine: container images are not used")

    async def _outcome(self, context: TaskContext, folder: Path, end: ProcessEnd) -> Outcome:
        outputs: dict[str, Json] = {
            "exitCode": end.code,
            "vars": end.outputs,
            "outputFiles": {},
            "stdOutLineCount": end.stdout_lines,
            "stdErrLineCount": end.stderr_lines,
        }
        if end.metrics:
            outputs["metrics"] = list(end.metrics)
        if end.code != 0:
            raise TaskFailed(_ending(end.code), outputs)
        outputs["outputFiles"] = await self._keep_files(context, folder)
        warn = self.warning_on_stderr and end.stderr_lines > 0
        return Outcome(state=State.WARNING if warn else State.SUCCESS, outputs=outputs)

    async def _keep_files(self, context: TaskContext, folder: Path) -> dict[str, str]:
        """Put what `outputFiles` names into storage; gives the address of each."""
        where = f"{context.namespace}/{context.flow}/executions/{context.execution}/files/{context.idempotency_key}/{context.attempt}"
        kept: dict[str, str] = {}
        for pattern in self.output_files:
            found = await asyncio.to_thread(_find, folder, pattern)
            if not found:
                context.log("WARN", f"`outputFiles`: there is no file `{pattern}`")
            for path in found:
                name = path.relative_to(folder).as_posix()
                if name not in kept:
                    data = await asyncio.to_thread(_read, folder, path)
                    kept[name] = await context.services.storage.put(f"{where}/{name}", data)
        return kept


class ShellScript(Script):
    """Runs a shell script. Outputs: `exitCode`, `vars`, `outputFiles`, `stdOutLineCount`, `stdErrLineCount`.

    Lines on stdout are logged at INFO, on stderr at ERROR. Give event data by `env`, not inside the script: it is data then.

    Example:

    ```yaml
    tasks:
      - id: count
        type: scripts.shell.Script
        env:
          NAME: "{{ trigger.data.name }}"
        outputFiles:
          - result.txt
        script: |
          printf '%s' "$NAME" | wc -c > result.txt
          echo "::{\\"outputs\\":{\\"length\\":$(cat result.txt)}}::"
      - id: use
        type: scripts.shell.Commands
        inputFiles:
          result.txt: "{{ outputs.count.outputFiles['result.txt'] }}"
        commands:
          - echo "{{ outputs.count.vars.length }}, and in the file $(cat result.txt)"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("scripts.shell.Script",)

    script: Text = Field(min_length=1)

    def _argv(self) -> list[str]:
        return self._lines(self.script)


class ShellCommands(Script):
    """Runs commands one after the other in one shell; with `failFast` (the default) the first that fails ends it.

    Example:

    ```yaml
    tasks:
      - id: report
        type: scripts.shell.Commands
        inputFiles:
          orders.csv: "{{ outputs.export.uri }}"
        commands:
          - sort orders.csv > sorted.csv
          - wc -l sorted.csv
        outputFiles:
          - "*.csv"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("scripts.shell.Commands",)

    commands: tuple[Text, ...] = Field(min_length=1)

    def _argv(self) -> list[str]:
        return self._lines(*self.commands)


class PythonScript(Script):
    """Runs a Python script with the interpreter that runs onbeat, in a process of its own. `python.Call` is faster.

    Outputs as `scripts.shell.Script`; modules among `inputFiles` can be imported.

    Example:

    ```yaml
    tasks:
      - id: total
        type: scripts.python.Script
        env:
          ORDER: "{{ trigger.data | json }}"
        script: |
          import json, os
          order = json.loads(os.environ["ORDER"])
          print("::" + json.dumps({"outputs": {"total": sum(order["prices"])}}) + "::")
      - id: use
        type: core.log.Log
        message: "{{ outputs.total.vars.total }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("scripts.python.Script",)
    file: ClassVar[str] = "_script.py"

    script: Text = Field(min_length=1)

    def _argv(self) -> list[str]:
        if self.interpreter == _SHELL and not self.before_commands:
            return [sys.executable, self.file]
        return self._lines(f"{shlex.quote(sys.executable)} {self.file}")

    def _own_files(self) -> list[tuple[str, bytes]]:
        return [(self.file, self.script.encode())]

    def _env(self, context: TaskContext, folder: Path) -> dict[str, str]:
        return _python_env() | super()._env(context, folder)


class PythonCommands(ShellCommands):
    """Runs commands in a shell where `python` is the interpreter that runs onbeat.

    Example:

    ```yaml
    tasks:
      - id: check
        type: scripts.python.Commands
        inputFiles:
          check.py: |
            import sys
            print("checking", sys.argv[1])
        commands:
          - python check.py orders
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("scripts.python.Commands",)

    def _env(self, context: TaskContext, folder: Path) -> dict[str, str]:
        return _python_env() | super()._env(context, folder)


def _python_env() -> dict[str, str]:
    """Lines come as they are printed, and `python` is ours."""
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", os.defpath)])
    return {"PATH": path, "PYTHONUNBUFFERED": "1"}


def _ending(code: int) -> str:
    if code > 0:
        return f"Command failed with exit code {code}"
    known = -code in signal.valid_signals()
    return f"Command was ended by {signal.Signals(-code).name if known else f'signal {-code}'}"


async def _content(value: Any, context: TaskContext) -> bytes:
    """What an input file holds: what an address leads to, or the text itself."""
    if isinstance(value, str) and value.startswith("kestra://"):
        return await context.services.storage.get(value)
    return to_text(value).encode()


def _make_folder() -> Path:
    """Rule 1."""
    return Path(tempfile.mkdtemp(prefix="onbeat-")).resolve()


def _inside(folder: Path, name: str, what: str) -> Path:
    """Rule 2."""
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\0" in name:
        raise UserError(f"`{what}`: `{name}` is not a name inside the working directory")
    return folder.joinpath(*parts)


def _write_all(folder: Path, files: list[tuple[str, bytes]]) -> None:
    for name, data in files:
        path = _inside(folder, name, "inputFiles")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _find(folder: Path, pattern: str) -> list[Path]:
    _inside(folder, pattern, "outputFiles")
    return sorted(path for path in folder.glob(pattern) if path.is_file())


def _read(folder: Path, path: Path) -> bytes:
    real = path.resolve()
    if not real.is_relative_to(folder):
        raise TaskFailed(f"`outputFiles`: `{path.name}` is a link that leads out of the working directory", retry=False)
    with open(os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST_FILE:
            raise TaskFailed(f"`outputFiles`: `{path.name}` is larger than {LARGEST_FILE // 1024 // 1024} MB or no file", retry=False)
        return file.read()


def _remove(folder: Path) -> None:
    """Remove it, also directories that the script has closed to its own user."""
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        for where, names, _ in os.walk(folder):
            for path in (os.path.join(where, name) for name in names):
                if not os.path.islink(path):
                    os.chmod(path, 0o700)
        shutil.rmtree(folder, ignore_errors=True)


PROVIDES = (ShellScript, ShellCommands, PythonScript, PythonCommands)
