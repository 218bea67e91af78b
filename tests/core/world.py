"""Play the world around one execution, so that tests of the core read as stories.

    world = World('''
      tasks:
        - {id: a, type: t}
        - {id: b, type: t}
    ''')
    world.begin()
    world.end("a", FAILED)
    assert world.states == {"a": FAILED}

The world does what is outstanding and nothing else: it grants places, runs tasks by a script (`plays`: task id -> outcomes, one an
attempt), keeps time, evaluates what reaches outside, and plays what it starts (subflows, iterations of a Loop, the next try of itself)
as worlds of their own: all of them are its `family`. Every change goes through its journal row, and after every signal all invariants
are audited (invariants.py). A run is called by its task id with the values of the loops around it: `t`, `t[a]`, `t[a][1]`; a second one
of that name is `t#2`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from onbeat.core import changes as c
from onbeat.core import commands as cmd
from onbeat.core import signals as s
from onbeat.core.commands import outstanding
from onbeat.core.decide import decided
from onbeat.core.evolve import create, fold
from onbeat.core.execution import Execution, Head, TaskRun
from onbeat.core.flow import Flow
from onbeat.core.parse import parse_flow
from onbeat.core.plan.for_each_item import SPLIT
from onbeat.core.plan.subflow import Subflow
from onbeat.core.replay import replayed
from onbeat.core.states import State
from onbeat.engine.tells import tells
from tests.core import invariants, shell, steps

SUCCESS, WARNING, FAILED, KILLED, CANCELLED = State.SUCCESS, State.WARNING, State.FAILED, State.KILLED, State.CANCELLED
CREATED, QUEUED, RUNNING, PAUSED, RESTARTED = State.CREATED, State.QUEUED, State.RUNNING, State.PAUSED, State.RESTARTED
RETRYING, KILLING, SKIPPED, RETRIED = State.RETRYING, State.KILLING, State.SKIPPED, State.RETRIED

SECOND = 1_000_000
EPOCH = 1_000_000 * SECOND
"""The instant at which stories begin: 1970-01-12T13:46:40Z."""

HANG = "hang"
"""An outcome: the attempt does not end by itself."""

Outcome = State | dict[str, Any] | s.Facts | str | None
"""How an attempt ends: a state; a map of outputs; facts; HANG; another text is the error it fails with; None is SUCCESS. For a
WaitForEvent a map is the event that arrives."""
Script = Callable[["World", TaskRun], Outcome]


def flow_of(text: str, flow_id: str = "story") -> Flow:
    """The flow of YAML text; id and namespace are added."""
    lines = text.strip("\n").splitlines()
    indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    body = "\n".join(line[indent:] for line in lines)
    return parse_flow(f"id: {flow_id}\nnamespace: tests\nrevision: 1\n{body}\n", f"{flow_id}.yaml")[0]


def head_of(flow: Flow, **facts: Any) -> Head:
    """The head of an execution of the flow."""
    given = {"id": "exec", "namespace": flow.namespace, "flow": flow.id, "revision": 1, "created": EPOCH, "variables": flow.variables}
    given |= facts
    return Head(**{"correlation_id": given["id"], **given})


class World:
    """One execution and everything outside of it."""

    def __init__(
        self,
        flow: str | Flow,
        plays: dict[str, Sequence[Outcome] | Script] | None = None,
        *,
        flows: Mapping[str, str | Flow] | None = None,
        outside: Mapping[str, Any] | None = None,
        audit: bool = True,
        head: Head | None = None,
        family: "dict[str, World] | None" = None,
        **facts: Any,
    ) -> None:
        self.flow = flow_of(flow) if isinstance(flow, str) else flow
        self.plays: dict[str, Sequence[Outcome] | Script] = dict(plays or {}) if family is None else plays  # a family has one script
        self.flows = {name: flow_of(text, name) if isinstance(text, str) else text for name, text in (flows or {}).items()}
        self.outside = {"envs": {}, "__outside__": {}, **(outside or {})}
        self.audit = audit
        self.inbox: list[s.AnySignal] = []
        head = head or head_of(self.flow, **facts)
        self.family = {} if family is None else family
        self.family[head.id] = self
        self.now = head.created
        self.execution: Execution = create(head)
        self.journal: list[bytes] = [c.to_record(c.Created(at=head.created, head=head))]
        self.told: list[s.AnySignal] = []
        self.exits: set[State] = set()
        self.fired: frozenset[cmd.AnyCommand] = frozenset()

    # ---- telling -------------------------------------------------------------------------------------------------

    def tell(self, *signals: s.AnySignal) -> tuple[c.AnyChange, ...]:
        """Decide these signals, write what was decided, audit it."""
        changes, after = decided(self.flow, self.execution, signals, self.now)
        self.told.extend(signals)
        self.take(changes, after, signals)
        return changes

    def take(self, changes: tuple[c.AnyChange, ...], after: Execution, signals: tuple[s.AnySignal, ...]) -> None:
        """Write what was decided, audit it, and tell others."""
        before, self.execution = self.execution, after
        self.journal.extend(c.to_record(change) for change in changes)
        self.exits |= {change.state for change in changes if isinstance(change, c.Exiting)}
        self.fired = self.fired and self.fired & self.outstanding()  # one that is armed anew is told anew
        if self.audit:
            wrong = self.audit_now(before, changes, signals)
            assert not wrong, "\n".join([*wrong, *map(str, signals), *map(str, changes)])
        self._cascade(before, changes, signals)

    def audit_now(self, before: Execution, changes: tuple[c.AnyChange, ...], signals: tuple[s.AnySignal, ...]) -> list[str]:
        """What is wrong after a step."""
        return [
            *invariants.broken_journal(self.execution, self.journal),
            *invariants.broken_state(self.flow, self.execution, self.exits),
            *steps.broken_step(self.flow, before, changes, self.execution, signals, self.now),
        ]

    def _cascade(self, before: Execution, changes: Sequence[c.AnyChange], signals: Sequence[s.AnySignal]) -> None:
        """Create what was started, tell the others what they must hear, run again what is to, all as in one transaction."""
        started = [self._child(change.child) for change in changes if isinstance(change, c.ChildStarted)]
        for tell in tells(before, self.execution, changes, (), signals):
            if tell.execution in self.family:
                self.post(self.family[tell.execution], tell.signal)
        for change in changes:
            if isinstance(change, c.ChildRestarted):
                self._revive(change.child, change.n)
        for world in started:
            world.begin()

    def _child(self, head: Head) -> "World":
        """An execution that this one starts: of its own flow, or another."""
        flow = self.flow if head.flow == self.flow.id else self.flows[head.flow]
        given = {"flows": self.flows, "outside": self.outside, "audit": self.audit, "family": self.family}
        return type(self)(flow, self.plays, head=head, **given)

    def post(self, other: "World", signal: s.AnySignal) -> None:
        """Tell another execution: a kill at once, all else when it is played."""
        if isinstance(signal, s.Kill):
            other.now = max(other.now, self.now)
            other.tell(signal)
        else:
            other.inbox.append(signal)

    def _revive(self, child: str, n: int) -> None:
        """Run an execution again that this one waits for; one that cannot be is over at once."""
        world = self.family[child]
        world.now = max(world.now, self.now)
        world.inbox.clear()
        if not world.tell(s.Restart()):
            self.inbox.append(s.ChildEnded(n, child, world.state, world.execution.outputs))

    @property
    def children(self) -> "dict[str, World]":
        """The executions that this one started, in order."""
        me = self.execution.id
        return {id_: world for id_, world in self.family.items() if world is not self and me == world.execution.head.parent}

    def begin(self) -> None:
        """Begin it, and grant places."""
        self.tell(s.Begin())
        self.grant()

    def grant(self) -> None:
        """Give a place to every task run that asks for one, and evaluate what is asked, until nothing does."""
        while True:
            ready = sorted((command for command in self.outstanding() if isinstance(command, cmd.Dispatch | cmd.Evaluate)), key=str)
            if not ready:
                return
            command = ready[0]
            if isinstance(command, cmd.Dispatch):
                self.tell(s.Dispatched(command.run))
            else:
                self.tell(shell.answered(self.flow, self.execution, command, self.now, self.outside))

    def end(self, name: str, outcome: Outcome = None, *, retry: bool = True) -> None:
        """The present attempt of that run ends so; new places are granted."""
        run = self.run(name)
        self.tell(self.ending(run, outcome, retry=retry))
        self.grant()

    def ending(self, run: TaskRun, outcome: Outcome, *, retry: bool = True) -> s.TaskEnded:
        """The signal of an outcome."""
        match outcome:
            case State():
                return s.TaskEnded(run.n, run.attempt, outcome, retry=retry)
            case dict():
                return s.TaskEnded(run.n, run.attempt, SUCCESS, outputs=outcome)
            case s.Facts():
                return s.TaskEnded(run.n, run.attempt, SUCCESS, facts=outcome)
            case str():
                return s.TaskEnded(run.n, run.attempt, FAILED, error=outcome, retry=retry)
            case None:
                return s.TaskEnded(run.n, run.attempt, SUCCESS)

    # ---- time ----------------------------------------------------------------------------------------------------

    def at(self, seconds: float) -> None:
        """Let time pass until so many seconds after the beginning, and fire the timers that come due, in order."""
        until = self.execution.head.created + int(seconds * SECOND)
        while timers := [timer for timer in self.timers() if timer.due <= until]:
            self.fire(timers[0])
        self.now = until

    def timers(self) -> list[cmd.ArmTimer]:
        """What is armed and was not told yet, the next one first."""
        armed = [command for command in self.outstanding() if isinstance(command, cmd.ArmTimer) and command not in self.fired]
        return sorted(armed, key=lambda timer: (timer.due, timer.run))

    def fire(self, timer: cmd.ArmTimer | None = None) -> None:
        """The next timer comes due."""
        timer = timer or self.timers()[0]
        self.now = max(self.now, timer.due)
        self.fired |= {timer}
        self.tell(s.TimerFired(timer.run, timer.due))
        self.grant()

    # ---- playing -------------------------------------------------------------------------------------------------

    def play(self) -> "World":
        """Let everything happen by the script until nothing more does: the execution ended, or waits for somebody."""
        if self.state in (CREATED, RESTARTED) and self.execution.wake is None and self.flow.concurrency is None:
            self.begin()
        self.grant()
        while self._act():
            self.grant()
        return self

    def _act(self) -> bool:
        """One thing that happens: it hears of another, a child goes on, a task ends, a stopped one is gone, a timer fires."""
        if self.inbox:
            self.tell(self.inbox.pop(0))
            return True
        for command in sorted(self.outstanding(), key=lambda each: (getattr(each, "run", 0), str(each))):
            match command:
                case cmd.AwaitChild():
                    if self._await(command.child):
                        return True
                case cmd.AwaitChildren():
                    if any(self._await(child) for child in sorted(self.execution.blocks[command.run].fan.children)):
                        return True
                case cmd.RunTask() | cmd.AwaitEvent():
                    run = self.execution.runs[command.run]
                    if isinstance(self.flow.by_id[run.task], Subflow):
                        self.tell(shell.chosen(self.flow, run))
                        return True
                    outcome = self.outcome(run)
                    if outcome != HANG:
                        arrived = isinstance(command, cmd.AwaitEvent)
                        self.tell(s.EventArrived(run.n, outcome) if arrived else self.ending(run, outcome))
                        return True
                case cmd.StopTask():
                    self.tell(s.TaskEnded(command.run, command.attempt, KILLED))
                    return True
        timers = self.timers()
        if timers:
            self.fire(timers[0])
        return bool(timers)

    def _await(self, child: str) -> bool:
        """Let a child go on; whether there is something to hear."""
        world = self.family[child]
        world.now = max(world.now, self.now)
        world.play()
        if self.inbox:
            self.now = max(self.now, world.now)
        return bool(self.inbox)

    def outcome(self, run: TaskRun) -> Outcome:
        """What the script says about this attempt; without a script: SUCCESS with the run's name as output `value`."""
        script = self.plays.get(run.task)
        if script is None and self.flow.by_id[run.task].type == SPLIT:
            return {"uris": ["kestra:///b0", "kestra:///b1"]}
        if script is None:
            return {"value": self.name(run)}
        if callable(script):
            return script(self, run)
        return script[min(run.attempt, len(script)) - 1]

    # ---- crashes -------------------------------------------------------------------------------------------------

    def crash(self) -> None:
        """The engine dies: memory is what the journal gives, and a new engine tells Recover."""
        self.forget()
        self.tell(s.Recover())
        self.grant()

    def forget(self) -> None:
        """Memory is what the journal gives; timers are armed anew."""
        self.fired = frozenset()
        self.execution = fold(c.from_record(row) for row in self.journal)

    def read_again(self) -> None:
        """Memory is what the journal gives, and that is what it was."""
        wrong = invariants.broken_journal(self.execution, self.journal)
        assert not wrong, "\n".join(wrong)
        self.forget()

    # ---- again ---------------------------------------------------------------------------------------------------

    def restart(self, **plays: Sequence[Outcome]) -> "World":
        """Somebody restarts it, its tasks play so from now on, and it comes to its end."""
        self.plays |= plays
        self.tell(s.Restart())
        return self.play()

    def replay(self, name: str, *, flow: Flow | None = None, **plays: Sequence[Outcome]) -> "World":
        """A new execution that repeats this one from a task run on, with the flow as it is in another revision."""
        before = self.execution
        self.now += 1  # so that what is copied is older
        number = sum(world.execution.head.original is not None for world in self.family.values())
        facts = {"id": f"again{number}", "created": self.now, "original": before.head.original or before.id, "replay_of": before.id}
        head = msgspec.structs.replace(before.head, parent=None, parent_run=None, scheduled=None, attempt=1, **facts)
        world = self._child(head)
        world.flow, world.audit = flow or self.flow, self.audit and flow is None
        world.plays |= plays
        world.exits |= self.exits
        world.take(*replayed(world.flow, before, self.run(name).n, head, self.now), ())
        return world

    # ---- looking -------------------------------------------------------------------------------------------------

    def outstanding(self) -> frozenset[cmd.AnyCommand]:
        """What the world must be doing."""
        return outstanding(self.execution)

    @property
    def state(self) -> State:
        """The execution's state."""
        return self.execution.state

    @property
    def states(self) -> dict[str, State]:
        """The runs by name, in order of creation, with their states."""
        return {self.name(run): run.state for _, run in sorted(self.execution.runs.items())}

    @property
    def running(self) -> list[str]:
        """The runs that have an attempt under way, in order."""
        active = {command.run for command in self.outstanding() if isinstance(command, cmd.RunTask)}
        return [self.name(self.execution.runs[n]) for n in sorted(active)]

    @property
    def history(self) -> list[State]:
        """The execution's states, in order."""
        return [state for state, _ in self.execution.history]

    def past(self, name: str) -> list[State]:
        """A run's states, in order."""
        return [state for state, _ in self.run(name).history]

    def name(self, run: TaskRun) -> str:
        """What a run is called."""
        same = [n for n, other in sorted(self.execution.runs.items()) if (other.task, other.path) == (run.task, run.path)]
        number = f"#{same.index(run.n) + 1}" if run.n != same[0] else ""
        return run.task + "".join(f"[{value}]" for value in run.path) + number

    def run(self, name: str) -> TaskRun:
        """The run of that name."""
        found = {self.name(run): run for run in self.execution.runs.values()}
        assert name in found, f"no run {name}; there are {', '.join(found)}"
        return found[name]

    def changes(self) -> list[c.AnyChange]:
        """All that was decided."""
        return [c.from_record(row) for row in self.journal]
