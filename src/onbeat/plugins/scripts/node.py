"""Run JavaScript with the `node` that is on the path of this machine."""

import shlex
from typing import ClassVar

from pydantic import Field

from onbeat.core.workspace import Text
from onbeat.plugins.scripts.script import SHELL, Script, own_name
from onbeat.plugins.scripts.shell import ShellCommands
from onbeat.ports import TaskContext


class NodeScript(Script):
    """Runs a JavaScript script with `node`. Outputs as `scripts.shell.Script`; modules among `inputFiles` can be required.

    Example:

    ```yaml
    tasks:
      - id: total
        type: scripts.node.Script
        env:
          ORDER: "{{ trigger.data | json }}"
        script: |
          const total = JSON.parse(process.env.ORDER).prices.reduce((sum, price) => sum + price, 0)
          console.log('::' + JSON.stringify({outputs: {total}}) + '::')
      - id: use
        type: core.log.Log
        message: "{{ outputs.total.vars.total }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("scripts.node.Script",)

    script: Text = Field(min_length=1)

    def _argv(self, context: TaskContext, env: dict[str, str]) -> list[str]:
        argv = ["node", own_name(context, ".js")]
        return argv if self.interpreter == SHELL and not self.before_commands else self._lines(shlex.join(argv))

    def _own_file(self, context: TaskContext) -> tuple[str, str]:
        return own_name(context, ".js"), self.script


class NodeCommands(ShellCommands):
    """Runs commands in a shell, for flows that call `node` or `npm`.

    Example:

    ```yaml
    tasks:
      - id: check
        type: scripts.node.Commands
        inputFiles:
          check.js: |
            console.log("checking", process.argv[2])
        commands:
          - node check.js orders
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("scripts.node.Commands",)
