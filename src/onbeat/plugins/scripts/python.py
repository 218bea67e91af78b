"""Run Python scripts and commands, with the interpreter that runs onbeat or in an environment of their own."""

import importlib.util
import os
import shlex
import shutil
import sys
from asyncio import to_thread
from functools import cache
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from onbeat.core.workspace import Text, Texts
from onbeat.plugins.scripts.environment import Wish, environment
from onbeat.plugins.scripts.script import SHELL, Script, beside, facts, own_name
from onbeat.ports import TaskContext

_LIBRARY = Path(__file__).with_name("lib")
_PACKAGES = ".packages"
_THROW_AWAY = ".environment"


class Python(Script):
    """What Python tasks have in common: whose `python` it is, and what can be imported."""

    dependencies: Texts = ()
    package_manager: Literal["PIP", "UV"] | None = Field(None, alias="packageManager")
    dependency_cache: bool = Field(True, alias="dependencyCacheEnabled")
    python_version: Text | None = Field(None, alias="pythonVersion")

    async def _environment(self, context: TaskContext) -> dict[str, str]:
        """`python` is ours or the environment's, lines come as they are printed; what pip installs goes with the attempt."""
        packages = beside(context, _PACKAGES)
        own = {"PYTHONUNBUFFERED": "1", "PIP_TARGET": str(packages)}
        programs = Path(sys.executable).parent
        if self.dependencies or self.python_version:
            wish = Wish(self.dependencies, self.package_manager, self.python_version, self.dependency_cache)
            place = await environment(wish, beside(context, _THROW_AWAY), context, self.env)
            own["VIRTUAL_ENV"], programs = str(place), place / "bin"
        own["PATH"] = os.pathsep.join([str(programs), str(packages / "bin"), os.environ.get("PATH", os.defpath)])
        modules = [*filter(None, [self.env.get("PYTHONPATH")]), str(packages), *([] if _has_kestra() else [str(_LIBRARY)])]
        return {**facts(context), **own, **self.env, "PYTHONPATH": os.pathsep.join(modules)}

    async def _leave(self, context: TaskContext) -> None:
        for suffix in (_PACKAGES, _THROW_AWAY):
            await to_thread(shutil.rmtree, beside(context, suffix), ignore_errors=True)


class PythonScript(Python):
    """Runs a Python script with the interpreter that runs onbeat, in a process of its own. `python.Call` is faster.

    Outputs as `scripts.shell.Script`. Modules among `inputFiles` can be imported, and so can what `dependencies` names: it is installed
    once, into an environment that all tasks with the same list share. `from kestra import Kestra` works as it does in Kestra.

    Example:

    ```yaml
    tasks:
      - id: total
        type: scripts.python.Script
        env:
          ORDER: "{{ trigger.data | json }}"
        script: |
          import json, os
          from kestra import Kestra
          order = json.loads(os.environ["ORDER"])
          Kestra.outputs({"total": sum(order["prices"])})
      - id: use
        type: core.log.Log
        message: "{{ outputs.total.vars.total }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("scripts.python.Script",)

    script: Text = Field(min_length=1)

    def _argv(self, context: TaskContext, env: dict[str, str]) -> list[str]:
        python = f"{env['VIRTUAL_ENV']}/bin/python" if "VIRTUAL_ENV" in env else sys.executable
        argv = [python, own_name(context, ".py")]
        return argv if self.interpreter == SHELL and not self.before_commands else self._lines(shlex.join(argv))

    def _own_file(self, context: TaskContext) -> tuple[str, str]:
        return own_name(context, ".py"), self.script


class PythonCommands(Python):
    """Runs commands in a shell where `python` is the interpreter that runs onbeat, or that of its `dependencies`.

    What `pip install` brings is there until the task ends.

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

    commands: Annotated[Texts, Field(min_length=1)]

    def _argv(self, context: TaskContext, env: dict[str, str]) -> list[str]:
        return self._lines(*self.commands)


@cache
def _has_kestra() -> bool:
    """Whether Kestra's own library is installed beside onbeat: then it is the one to use."""
    return importlib.util.find_spec("kestra") is not None
