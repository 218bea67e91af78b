"""Make the world do what an execution needs now, and no longer what it needed before.

The only place where a decision becomes a deed; it is called after the decision is durable, with what differs.

Rules
1. Only differences are acted on: a command that stays is neither done again nor undone.

Called by: engine.
"""

import asyncio
from typing import Protocol

from onbeat.core import commands as cmd
from onbeat.core import signals as s
from onbeat.core.execution import Execution
from onbeat.engine.answering import Answering
from onbeat.engine.catalog import LoadedFlow
from onbeat.engine.dispatch import Dispatch
from onbeat.engine.listening import Listening
from onbeat.engine.mailbox import Commands, Mailbox
from onbeat.engine.runner import Runner
from onbeat.engine.timers import Timers


class Teller(Protocol):
    """Tells an execution something."""

    def __call__(self, execution: str, signal: s.Signal, /) -> None: ...


class Effects:
    """Runner, places, timers and evaluations, as commands ask for them."""

    def __init__(
        self,
        runner: Runner,
        dispatch: Dispatch,
        timers: Timers,
        answering: Answering,
        listening: Listening,
        group: asyncio.TaskGroup,
        tell: Teller,
    ) -> None:
        self._runner = runner
        self._dispatch = dispatch
        self._timers = timers
        self._answering = answering
        self._listening = listening
        self._group = group
        self._tell = tell

    def perform(self, box: Mailbox, new: Commands) -> None:
        """Do the difference between what was outstanding and what is, for the task runs that are named."""
        box.active = box.active_after(new)
        box.fresh = False
        if box.execution is not None and box.execution.ended:
            self._runner.workspaces.forget(box.id)
        for n, commands in new.items():
            old = box.commands.get(n, ())
            if old != commands:
                for command in old:
                    if command not in commands:
                        self._undo(box, command)
                for command in commands:
                    if command not in old:
                        self._do(box, command)
            if commands:
                box.commands[n] = commands
            else:
                box.commands.pop(n, None)

    def recall(self, box: Mailbox) -> None:
        """Note what is done for an execution that was not in memory: somebody looks out for the events it waits for."""
        assert box.execution is not None
        for n in box.execution.open:
            if (box.id, n) in self._listening:
                box.commands.setdefault(n, (cmd.AwaitEvent(n),))

    def abandon(self, box: Mailbox) -> None:
        """Stop whatever the world does for an execution, and let it tell nothing."""
        self._runner.abandon(box.id)
        for n, commands in box.commands.items():
            if cmd.AwaitEvent(n) in commands:
                self._listening.end(box.id, n)
        for instant, n in box.due:
            self._timers.disarm(box.id, n, instant)
        box.due.clear()

    def _do(self, box: Mailbox, command: cmd.AnyCommand) -> None:
        assert box.execution is not None
        assert box.loaded is not None
        match command:
            case cmd.RunTask():
                self._runner.start(box.loaded, box.execution, command.run, command.attempt)
            case cmd.Dispatch():
                self._dispatch.ask(box.loaded, box.execution, command.run)
            case cmd.StopTask():
                self._runner.stop(box.id, command.run, command.attempt)
            case cmd.Evaluate():
                self._group.create_task(self._evaluate(box.loaded, box.execution, command.run, command.ask))
            case cmd.ArmTimer():
                box.arm(command.run, command.due)
                self._timers.arm(box.id, command.run, command.due)
            case cmd.AwaitEvent():
                self._listening.begin(box.execution, command.run)
            case _:
                pass

    def _undo(self, box: Mailbox, command: cmd.AnyCommand) -> None:
        assert box.execution is not None
        match command:
            case cmd.RunTask():
                self._runner.cancel(box.id, command.run, command.attempt)
            case cmd.Dispatch():
                self._dispatch.withdraw(box.execution, command.run)
            case cmd.ArmTimer():
                box.disarm(command.run, command.due)
                self._timers.disarm(box.id, command.run, command.due)
            case cmd.AwaitEvent():
                self._listening.end(box.id, command.run)
            case _:
                pass

    async def _evaluate(self, loaded: LoadedFlow, execution: Execution, n: int, ask: str) -> None:
        self._tell(execution.id, await self._answering.answer(loaded, execution, n, ask))
