"""Run shell scripts and commands."""

from typing import Annotated, ClassVar

from pydantic import Field

from onbeat.core.workspace import Text, Texts
from onbeat.plugins.scripts.script import Script
from onbeat.ports import TaskContext


class ShellScript(Script):
    """Runs a shell script. Outputs: `exitCode`, `vars`, `outputFiles`, `stdOutLineCount`, `stdErrLineCount`.

    Lines on stdout are logged at INFO, on stderr at ERROR. Give event data by `env`, not inside the script: it is data then.
    The directory it works in is `{{ workingDir }}`.

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

    def _argv(self, context: TaskContext, env: dict[str, str]) -> list[str]:
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

    commands: Annotated[Texts, Field(min_length=1)]

    def _argv(self, context: TaskContext, env: dict[str, str]) -> list[str]:
        return self._lines(*self.commands)
