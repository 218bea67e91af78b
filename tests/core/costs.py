"""Drive large executions one signal at a time, with the commands of each task run asked as the engine asks them, and count calls.

The counts are of Python and C calls, so they are the same on every machine. What is measured is the core alone: the world is a loop
that answers what is outstanding, and looks at nothing but the task runs that changed.
"""

import sys
from collections import deque
from collections.abc import Callable
from typing import Any

from onbeat.core import changes as c
from onbeat.core import commands as cmd
from onbeat.core import signals as s
from onbeat.core.commands import of_run
from onbeat.core.decide import decided
from onbeat.core.event import Json
from onbeat.core.evolve import create
from onbeat.core.execution import Execution
from onbeat.core.flow import Flow
from onbeat.core.states import State
from tests.core.world import head_of

MOST = 1.3
"""So many times as many calls for each task run of a large execution as of a small one."""


def calls_of(work: Callable[[], Any]) -> int:
    """How many calls are made."""
    count = 0

    def profile(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


class Large:
    """An execution and what it waits for. state: how the executions that it starts end."""

    def __init__(self, flow: Flow, **inputs: Json) -> None:
        self.flow = flow
        head = head_of(flow, inputs=inputs)
        self.now = head.created
        self.execution: Execution = create(head)
        self.waiting: deque[s.AnySignal] = deque([s.Begin()])
        self.state = State.SUCCESS

    def step(self) -> None:
        """Tell the next signal, and note what is outstanding then for what it changed."""
        signal = self.waiting.popleft()
        if isinstance(signal, s.TimerFired):
            self.now = max(self.now, signal.due)
        changes, self.execution = decided(self.flow, self.execution, [signal], self.now)
        touched = dict.fromkeys(change.n for change in changes if isinstance(getattr(change, "n", None), int) and change.n)
        for n in touched:
            run = self.execution.runs.get(n)
            for command in () if run is None else of_run(self.execution, run):
                self._answer(command)
        for change in changes:
            if isinstance(change, c.ChildStarted):
                self.waiting.append(s.ChildEnded(change.n, change.child.id, self.state, {"o": change.n}))

    def _answer(self, command: cmd.AnyCommand) -> None:
        match command:
            case cmd.Dispatch():
                self.waiting.append(s.Dispatched(command.run))
            case cmd.RunTask():
                self.waiting.append(s.TaskEnded(command.run, command.attempt, State.SUCCESS, {"x": command.run}))
            case cmd.Evaluate():
                self.waiting.append(s.Evaluated(command.run, command.ask))
            case cmd.ArmTimer():
                self.waiting.append(s.TimerFired(command.run, command.due))

    def go(self) -> "Large":
        """All of it, to the end."""
        while self.waiting:
            self.step()
        return self
