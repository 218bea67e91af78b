"""Call Python functions without starting an interpreter each time."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from onbeat.ports import Outcome, TaskContext, TaskOptions


class Call(TaskOptions):
    """Calls a function that onbeat can import and gives what it returns: `{{ outputs.<id>.value }}`.

    `target` is `package.module:function`, `kwargs` its arguments. `mode`: `auto` awaits async functions on onbeat's own loop and runs
    others in a thread; `process` calls in a warm worker process, which can be killed and has its own memory; `loop` and `thread` insist.
    A function that runs in a thread cannot be stopped: a kill or a timeout ends the task, while the function runs on to its end.
    What the function logs with `logging` is the task's log; in a worker, what it prints too. The result is made plain JSON. Code is
    loaded once: an edit of a module takes effect at the next call in `process` mode, in the others when onbeat is started again.

    Example:

    ```yaml
    tasks:
      - id: total
        type: python.Call
        target: statistics:fmean
        kwargs:
          data: "{{ trigger.data.prices }}"
        mode: process
      - id: use
        type: core.log.Log
        message: "{{ outputs.total.value }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("python.Call",)

    target: str = Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_][\w.]*$")
    kwargs: dict[str, Any] = Field({}, repr=False)
    mode: Literal["auto", "loop", "thread", "process"] = "auto"

    async def run(self, context: TaskContext) -> Outcome:
        """Call it."""
        value = await context.services.workers.call(self.target, self.kwargs, mode=self.mode, log=context.log)
        return Outcome(outputs={"value": value})


PROVIDES = (Call,)
