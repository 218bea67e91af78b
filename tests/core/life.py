"""The life of one execution of a random flow, or of a family of them: what may happen, one act at a time, and that it comes to an end.

The world ends, fails, crashes, repeats itself and interferes. After every signal all invariants are audited (invariants.py, explained.py,
steps.py). Who makes the choices is an argument: Hypothesis or a seeded generator. In half of the lives what an execution starts is only
a name, and how it ends is chosen; in the others subflows and iterations are executions too, and hear of each other late.
"""

import random
from typing import Any

from onbeat.core import commands as cmd
from onbeat.core import signals as s
from onbeat.core.changes import AnyChange
from onbeat.core.decide import decide
from onbeat.core.execution import ROOT, Execution
from onbeat.core.plan.for_each_item import SPLIT
from onbeat.core.plan.loop import Loop
from onbeat.core.plan.subflow import Subflow
from onbeat.core.replay import replayable, settable
from onbeat.core.states import SETTABLE, TERMINATED, State
from tests.core import invariants, shell, steps
from tests.core.flows import Choice, random_flow
from tests.core.world import CANCELLED, FAILED, KILLED, SECOND, SUCCESS, WARNING, Outcome, World, flow_of

FACTS = [
    s.Facts(labels={"team": "x"}, variables={"v": 1}),
    s.Facts(variables={"v": 1}, overwrite=False),
    s.Facts(unset=("v",)),
    *[s.Facts(exit=state) for state in (SUCCESS, FAILED, CANCELLED, KILLED, WARNING)],
]
OUTCOMES: list[Outcome] = [*[SUCCESS] * 6, *[FAILED] * 4, *[WARNING] * 2, {"x": 1}, {"x": 1}, KILLED, CANCELLED, "facts"]
OUTSIDE = {"envs": {"go": "PT1S", "values": ["u", "v"], "none": [], "turn": 1}}
CHILD = flow_of("tasks: [{id: c1, type: t}, {id: c2, type: core.flow.Pause, pauseDuration: PT3S}, {id: c3, type: t}]", "child")
ANSWERED = (cmd.Dispatch, cmd.RunTask, cmd.StopTask, cmd.Evaluate, cmd.AwaitChild, cmd.AwaitChildren, cmd.AwaitEvent, cmd.AwaitSlot)
WAITS = (cmd.AwaitResume, cmd.ArmTimer)
MOST_STEPS = 6_000


class Alone(World):
    """A world that starts only names: how they end is chosen. The journal is read again at crashes and at the end."""

    def _cascade(self, before: Execution, changes: Any, signals: Any) -> None:
        pass

    def audit_now(self, before: Execution, changes: tuple[AnyChange, ...], signals: tuple[s.AnySignal, ...]) -> list[str]:
        wrong = invariants.broken_state(self.flow, self.execution, self.exits) if changes else []
        return wrong + steps.broken_step(self.flow, before, changes, self.execution, signals, self.now)


class Kin(Alone):
    """A world whose children are worlds, too: what they tell each other waits until somebody looks into the inbox."""

    _cascade = World._cascade

    def post(self, other: World, signal: s.AnySignal) -> None:
        other.inbox.append(signal)

    def begin(self) -> None:
        self.tell(s.Begin())


class Life:
    """One execution (or family), and what may happen to it: the methods named in ACTS."""

    def __init__(self, choice: Choice) -> None:
        self.choice = choice
        self.kin = choice([False, True])
        kind = Kin if self.kin else Alone
        self.first = self.world = kind(random_flow(choice), outside=OUTSIDE, flows={"child": CHILD})
        self.world.tell(s.Begin())
        if self.world.flow.concurrency is not None:
            self.world.tell(choice([s.SlotGranted(), s.SlotQueued()]))
        self.kind = choice(["calm", "calm", "killed", "failing", "corrected"])

    def act(self) -> None:
        """Something happens to one of the family; what has ended is often run again."""
        going = [world for world in self.world.family.values() if not world.execution.ended or world.inbox]
        if len(self.world.family) > 1:
            self.world = self.choice(going or [self.first])
        if self.world.inbox and self.choice([True, False]):
            self.world.tell(self.world.inbox.pop(0))
            return
        act = self.choice(ACTS)
        if self.world.execution.ended:
            act = self.choice(["somebody_runs_it_again", act])
        getattr(self, act)()

    def outcome(self) -> Outcome:
        """How an attempt ends."""
        return self.choice([FAILED, FAILED, SUCCESS] if self.kind == "failing" else OUTCOMES)

    def outstanding(self, *kinds: type) -> list[cmd.AnyCommand]:
        """What of these kinds is outstanding, in order; of what others do, only what they are too."""
        world = self.world
        found = sorted((command for command in world.outstanding() - world.fired if isinstance(command, kinds)), key=str)
        return [command for command in found if not (self.kin and isinstance(command, cmd.AwaitChild | cmd.AwaitChildren))]

    def answer(self, command: cmd.AnyCommand, outcome: Outcome) -> s.AnySignal:
        """What the world tells when it has done that."""
        world = self.world
        match command:
            case cmd.Dispatch():
                return s.Dispatched(command.run)
            case cmd.Evaluate():
                return shell.answered(world.flow, world.execution, command, world.now, world.outside)
            case cmd.RunTask():
                return self.task_ends(command, outcome)
            case cmd.StopTask():
                return s.TaskEnded(command.run, command.attempt, KILLED)
            case cmd.AwaitChild():
                return self.child_ends(command.run, command.child, outcome)
            case cmd.AwaitChildren():
                fan = world.execution.blocks[command.run].fan
                child = self.choice(sorted(fan.children))
                if outcome == WARNING and isinstance(world.flow.by_id[world.execution.runs[command.run].task], Loop):
                    return s.ChildPaused(command.run, child, child not in fan.paused)
                return self.child_ends(command.run, child, outcome)
            case cmd.AwaitEvent():
                return s.EventArrived(command.run, {"id": "e", "data": {}})
            case cmd.ArmTimer():
                return s.TimerFired(command.run, command.due)
            case cmd.AwaitResume():
                return s.Resume({"x": 1}, decision=self.choice([None, "APPROVED", "DENIED"]))
            case cmd.AwaitSlot():
                return s.SlotGranted()

    def task_ends(self, command: cmd.RunTask, outcome: Outcome) -> s.AnySignal:
        """An attempt is over, or a subflow's target was found."""
        world = self.world
        run = world.execution.runs[command.run]
        spec = world.flow.by_id[run.task]
        if isinstance(spec, Subflow) and outcome != FAILED:
            return shell.chosen(world.flow, run)
        if outcome == "facts":
            outcome = self.choice(FACTS)
        if spec.type == SPLIT and outcome == SUCCESS:
            outcome = {"uris": [f"b{at}" for at in range(self.choice(range(5)))]}
        return world.ending(run, outcome)

    def child_ends(self, run: int, child: str, outcome: Outcome) -> s.ChildEnded:
        """A name ends, or another one takes its place."""
        state = outcome if isinstance(outcome, State) else SUCCESS
        if outcome == "facts":
            return s.ChildEnded(run, child, State.RETRIED, successor=child + "'")
        return s.ChildEnded(run, child, state, {"o": 1} if state is SUCCESS else None)

    # ---- acts ----------------------------------------------------------------------------------------------------

    def something_ends(self) -> None:
        """The world does one thing that is outstanding."""
        ready = self.outstanding(*ANSWERED)
        if ready:
            self.world.tell(self.answer(self.choice(ready), self.outcome()))

    def all_get_places(self) -> None:
        """Every task that asks for a place has one."""
        for command in self.outstanding(cmd.Dispatch):
            self.world.tell(self.answer(command, None))

    def many_end_at_once(self) -> None:
        """Several signals are decided in one commit: as if one after the other, though the first may make the second stale."""
        world = self.world
        signals = [self.answer(command, self.outcome()) for command in self.outstanding(*ANSWERED)[:4]]
        together = decide(world.flow, world.execution, signals, world.now)

        one_by_one = [change for signal in signals for change in world.tell(signal)]

        assert list(together) == one_by_one

    def a_timer_fires(self) -> None:
        """Time passes until a timer is due."""
        timers = self.outstanding(cmd.ArmTimer)
        if timers:
            self.fire(self.choice(timers))

    def fire(self, timer: cmd.ArmTimer) -> tuple[AnyChange, ...]:
        """A timer is told once, as long as it is not armed anew."""
        self.world.now = max(self.world.now, timer.due)
        self.world.fired |= {timer}
        return self.world.tell(s.TimerFired(timer.run, timer.due))

    def a_timer_is_early(self) -> None:
        """It changes nothing, and is told again in its time."""
        timers = self.outstanding(cmd.ArmTimer)
        if timers and (timer := self.choice(timers)).due > self.world.now:
            self.world.tell(s.TimerFired(timer.run, timer.due))

    def a_timer_is_another(self) -> None:
        """Nobody armed it, or something else has happened since."""
        self.world.tell(s.TimerFired(self.choice(range(7)), self.world.now - self.choice(range(3)) * SECOND))

    def time_passes(self) -> None:
        """Timers that come due meanwhile are late."""
        self.world.now += self.choice([0, 1, 3]) * SECOND

    def somebody_pauses(self) -> None:
        """A person; often it is resumed at once."""
        self.world.tell(s.Pause())
        if self.choice([True, False]):
            self.world.tell(s.Resume())

    def somebody_resumes(self) -> None:
        """Answers to all that is paused."""
        self.world.tell(s.Resume({"x": 1}, by="ada", decision=self.choice([None, "APPROVED", "DENIED"])))

    def somebody_kills(self) -> None:
        """Not in every life, and not at once, so that others get somewhere."""
        if self.kind == "killed" and len(self.world.journal) > 8:
            if self.choice([True, False]):
                self.world.tell(s.Pause())
                self.something_ends()
            self.world.tell(s.Kill())

    def somebody_runs_it_again(self) -> None:
        """It has ended, and goes on: restarted, or in some lives from where an operator goes back to; or another one does."""
        act = self.choice([self.somebody_restarts, self.somebody_restarts, self.somebody_replays])
        (self.somebody_corrects if self.kind == "corrected" else act)()

    def somebody_restarts(self) -> None:
        """An iteration is run again by the execution around it only."""
        if self.world.execution.head.scope is None:
            self.world.tell(s.Restart())

    def somebody_replays(self) -> None:
        """A new execution repeats it from a task run on, and is the one that lives on."""
        world = self.world
        runs = [n for n in sorted(world.execution.runs) if replayable(world.flow, world.execution, n) is None]
        if runs and world.execution.ended and world.execution.head.scope is None:
            self.first = self.world = world.replay(world.name(world.execution.runs[self.choice(runs)]))
            self.world.tell(s.Begin())

    def somebody_corrects(self) -> None:
        """An operator says how a task run, or the execution, ended."""
        world = self.world
        n, state = self.choice([ROOT, *sorted(world.execution.runs), *sorted(world.execution.runs)]), self.choice(sorted(SETTABLE))
        allowed = settable(world.flow, world.execution, n, state) is None and not (n == ROOT and world.state is state)
        if world.execution.head.scope is None:
            assert bool(world.tell(s.SetState(state, n))) is allowed

    def somebody_labels(self) -> None:
        """At any time."""
        self.world.tell(s.SetLabels({"team": self.choice("xy")}))

    def the_engine_dies(self) -> None:
        """Memory is what the journal gives; then the new engine tells Recover."""
        self.world.read_again()
        self.world.tell(s.Recover())
        assert not self.outstanding(cmd.RunTask, cmd.StopTask), "what ran in the engine that died goes on in nobody"

    def an_old_signal_comes_again(self) -> None:
        """Anything that was told is told again; the audit knows which of these are stale."""
        old = self.choice(self.world.told[-25:] or [s.Recover()])
        if not isinstance(old, s.Kill | s.Restart | s.SetLabels | s.SetState):
            self.world.tell(old)

    def nobody_interferes_for_a_while(self) -> None:
        """A stretch of ordinary life, so that it gets somewhere."""
        for _ in range(4):
            for command in self.outstanding(cmd.Dispatch, cmd.RunTask, cmd.Evaluate)[:2]:
                self.world.tell(self.answer(command, self.outcome()))

    # ---- the end -------------------------------------------------------------------------------------------------

    def end(self) -> None:
        """Left alone, with everything ending well and everybody resuming, all come to an end."""
        self.world.outside["envs"] = OUTSIDE["envs"] | {"turn": 3}
        for _ in range(MOST_STEPS):
            family = list(self.world.family.values())
            moved = [world for world in family if world.inbox or not world.execution.ended]
            if not moved:
                break
            for world in moved:
                self.world = world
                self.go_on()
        for world in self.world.family.values():
            assert world.state in TERMINATED, f"{world.execution.id} is {world.state}: {world.outstanding()}"
            world.read_again()

    def go_on(self) -> None:
        """One execution takes a step by itself; one that waits for others of its family may have none to take."""
        world = self.world
        if world.inbox:
            world.tell(world.inbox.pop(0))
            return
        if world.execution.ended:
            return
        command = next(iter(self.outstanding(*ANSWERED) or self.outstanding(cmd.AwaitResume) or self.outstanding(cmd.ArmTimer)), None)
        if command is None:
            assert world.outstanding(), "it is stuck"
            return
        if isinstance(command, cmd.ArmTimer):
            self.fire(command)  # nothing follows from one that somebody's pause outlasts
            return
        stale = isinstance(command, cmd.AwaitResume) and self.kin
        assert world.tell(self.answer(command, SUCCESS)) or stale, f"nothing follows from {command}"


def live(seed: int, acts: int = 40) -> Life:
    """A whole life, by a seeded generator."""
    life = Life(random.Random(seed).choice)
    for _ in range(acts):
        life.act()
    life.end()
    return life


ACTS = [
    *["something_ends"] * 4,
    *["nobody_interferes_for_a_while"] * 2,
    *["many_end_at_once"] * 2,
    *["a_timer_fires"] * 2,
    "all_get_places",
    "a_timer_is_early",
    "a_timer_is_another",
    "time_passes",
    "somebody_pauses",
    "somebody_resumes",
    *["somebody_kills"] * 2,
    "somebody_runs_it_again",
    "somebody_labels",
    "the_engine_dies",
    *["an_old_signal_comes_again"] * 3,
]
"""What may happen, the frequent more often."""
