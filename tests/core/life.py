"""The life of one execution of a random flow: what may happen to it, one act at a time, and that it comes to an end.

The world ends, fails, crashes, repeats itself and interferes. After every signal all invariants are audited (invariants.py). Who makes
the choices is an argument: Hypothesis or a seeded generator.
"""

import random
from typing import Any

from onbeat.core import commands as cmd
from onbeat.core import signals as s
from onbeat.core.changes import AnyChange
from onbeat.core.decide import decide
from onbeat.core.execution import Execution
from onbeat.core.plan.subflow import Subflow
from onbeat.core.states import TERMINATED, State
from tests.core import invariants, steps
from tests.core.flows import Choice, random_flow
from tests.core.world import CANCELLED, FAILED, KILLED, SECOND, SUCCESS, WARNING, Outcome, World

OUTCOMES: list[Outcome] = [SUCCESS, SUCCESS, SUCCESS, FAILED, FAILED, WARNING, {"x": 1}, KILLED, CANCELLED]
OUTSIDE = {"envs": {"go": "PT1S", "values": ["u", "v"], "none": []}}
ANSWERED = (cmd.Dispatch, cmd.RunTask, cmd.StopTask, cmd.Evaluate, cmd.AwaitChild, cmd.AwaitSlot)
MOST_STEPS = 3_000


class Alone(World):
    """A world whose subflows are only names: how they end is chosen. The journal is read again at crashes and at the end."""

    def _cascade(self, before: Execution, changes: Any) -> None:
        pass

    def audit_now(self, before: Execution, changes: tuple[AnyChange, ...], signals: tuple[s.AnySignal, ...]) -> list[str]:
        wrong = invariants.broken_state(self.flow, self.execution) if changes else []
        return wrong + steps.broken_step(self.flow, before, changes, self.execution, signals, self.now)


class Life:
    """One execution, and what may happen to it: the methods named in ACTS."""

    def __init__(self, choice: Choice) -> None:
        self.choice = choice
        self.world = Alone(random_flow(choice), outside=OUTSIDE)
        self.world.tell(s.Begin())
        if self.world.flow.concurrency is not None:
            self.world.tell(choice([s.SlotGranted(), s.SlotQueued()]))
        self.kind = choice(["calm", "calm", "killed", "failing"])
        self.acts = 0

    def act(self) -> None:
        """Something happens; what has ended is often restarted."""
        act = self.choice(ACTS)
        if self.world.execution.ended:
            act = self.choice(["somebody_restarts", act])
        getattr(self, act)()

    def outcome(self) -> Outcome:
        """How an attempt ends."""
        return self.choice([FAILED, FAILED, SUCCESS] if self.kind == "failing" else OUTCOMES)

    def outstanding(self, *kinds: type) -> list[cmd.AnyCommand]:
        """What of these kinds is outstanding, in order."""
        return sorted((command for command in self.world.outstanding() if isinstance(command, kinds)), key=str)

    def answer(self, command: cmd.AnyCommand, outcome: Outcome) -> s.AnySignal:
        """What the world tells when it has done that."""
        world = self.world
        match command:
            case cmd.Dispatch():
                return s.Dispatched(command.run)
            case cmd.Evaluate():
                return world.evaluate(command)
            case cmd.RunTask():
                run = world.execution.runs[command.run]
                spec = world.flow.by_id[run.task]
                if isinstance(spec, Subflow) and outcome != FAILED:
                    return s.ChildChosen(run.n, run.attempt, "tests", "child", 1, wait=spec.wait)
                return world.ending(run, outcome)
            case cmd.StopTask():
                return s.TaskEnded(command.run, command.attempt, KILLED)
            case cmd.AwaitChild():
                return s.ChildEnded(command.run, command.child, outcome if isinstance(outcome, State) else SUCCESS)
            case cmd.ArmTimer():
                return s.TimerFired(command.run, command.due)
            case cmd.AwaitResume():
                return s.Resume({"x": 1})
            case cmd.AwaitSlot():
                return s.SlotGranted()

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
        signals = [self.answer(command, self.outcome()) for command in self.outstanding(cmd.Dispatch, cmd.RunTask, cmd.AwaitChild)[:4]]
        together = decide(self.world.flow, self.world.execution, signals, self.world.now)

        one_by_one = [change for signal in signals for change in self.world.tell(signal)]

        assert list(together) == one_by_one

    def a_timer_fires(self) -> None:
        """Time passes until a timer is due."""
        timers = self.outstanding(cmd.ArmTimer)
        if timers:
            timer = self.choice(timers)
            self.world.now = max(self.world.now, timer.due)
            self.world.tell(s.TimerFired(timer.run, timer.due))

    def a_timer_is_early(self) -> None:
        """It changes nothing, and is told again in its time."""
        timers = self.outstanding(cmd.ArmTimer)
        if timers:
            self.world.tell(self.answer(self.choice(timers), None))

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
        self.world.tell(s.Resume({"x": 1}))

    def somebody_kills(self) -> None:
        """Not in every life, and not at once, so that others get somewhere."""
        if self.kind == "killed" and len(self.world.journal) > 8:
            if self.choice([True, False]):
                self.world.tell(s.Pause())
                self.something_ends()
            self.world.tell(s.Kill())

    def somebody_restarts(self) -> None:
        """It has ended, and goes on."""
        self.world.tell(s.Restart())

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
        old = self.choice(self.world.told[-25:])
        if not isinstance(old, s.Kill | s.Restart | s.SetLabels):
            self.world.tell(old)

    def nobody_interferes_for_a_while(self) -> None:
        """A stretch of ordinary life, so that it gets somewhere."""
        for _ in range(4):
            for command in self.outstanding(cmd.Dispatch, cmd.RunTask, cmd.Evaluate)[:2]:
                self.world.tell(self.answer(command, self.outcome()))

    # ---- the end -------------------------------------------------------------------------------------------------

    def end(self) -> None:
        """Left alone, with everything ending well and everybody resuming, it comes to an end."""
        for _ in range(MOST_STEPS):
            if self.world.execution.ended:
                break
            command = next(iter(self.outstanding(*ANSWERED) or self.outstanding(cmd.AwaitResume) or self.outstanding(cmd.ArmTimer)))
            if isinstance(command, cmd.ArmTimer):
                self.world.now = max(self.world.now, command.due)
            assert self.world.tell(self.answer(command, SUCCESS)), f"nothing follows from {command}"
        assert self.world.state in TERMINATED
        self.world.read_again()


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
    "somebody_kills",
    "somebody_restarts",
    "somebody_labels",
    "the_engine_dies",
    *["an_old_signal_comes_again"] * 3,
]
"""What may happen, the frequent more often."""
