"""Wait for somebody's decision: `core.flow.Approval`.

Like Pause, with a decision: `APPROVED` and `DENIED`, or the names in `decisions` (the first one approves, the others deny). What
follows a decision is `onApprove` or `onDeny`, then the flow goes on (CONTINUE), or the execution ends: CANCEL, FAIL, WARN.
`autoApprove` is a condition that decides at once; after `timeout` it ends as `expireBehavior` says.
"""

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import AliasChoices, Field

from onbeat.core.execution import Block
from onbeat.core.flow import Dynamic, NoTasks, Opening, TaskSpec
from onbeat.core.inputs import Inputs
from onbeat.core.plan.pause import BEFORE, Pause
from onbeat.core.states import FAILING, State, worst

NAMES = ("core.flow.Approval",)
EXPIRED = "EXPIRED"
Behaviour = Literal["CONTINUE", "CANCEL", "FAIL", "WARN"]
_ENDS = {"CONTINUE": State.SUCCESS, "CANCEL": State.CANCELLED, "FAIL": State.FAILED, "WARN": State.WARNING}


class Approval(Pause):
    """A Pause that is resumed with a decision."""

    on_resume: Inputs = Field((), validation_alias=AliasChoices("inputs", "onResume"))
    decisions: tuple[str, ...] = Field(("APPROVED", "DENIED"), min_length=1)
    comment_required: bool = Field(False, alias="commentRequired")
    auto_approve: Dynamic = Field(None, alias="autoApprove")
    approve_behavior: Behaviour = Field("CONTINUE", alias="approveBehavior")
    deny_behavior: Behaviour = Field("CANCEL", alias="denyBehavior")
    expire_behavior: Behaviour = Field("CANCEL", alias="expireBehavior")
    on_wait: NoTasks = Field((), alias="onWait")
    on_approve: NoTasks = Field((), alias="onApprove")
    on_deny: NoTasks = Field((), alias="onDeny")

    @property
    def approve(self) -> str:
        """The decision that approves."""
        return self.decisions[0]

    @property
    def at_timeout(self) -> str:
        """What it is decided as when nobody does in time."""
        return EXPIRED

    @property
    def before(self) -> tuple[TaskSpec, ...]:
        return (*super().before, *self.on_wait)

    def after(self, choice: str) -> tuple[TaskSpec, ...]:
        if choice == EXPIRED:
            return ()
        return self.on_approve if choice == self.approve else self.on_deny

    def branches(self) -> Iterator[tuple[TaskSpec, ...]]:
        yield self.before
        yield self.on_approve
        yield self.on_deny
        yield from self._tails()

    def refused(self, decision: str | None, comment: str | None) -> str | None:
        """Why it cannot be decided so, as a sentence; None when it can. decision: None is a plain resume, which approves."""
        if decision is not None and decision not in self.decisions:
            return f"`{self.id}` is decided as one of {', '.join(self.decisions)}, and not as `{decision[:60]}`"
        if self.comment_required and not (comment or "").strip():
            return f"`{self.id}` asks for a `comment` with the decision"
        return None

    def resumed(self, choice: str = "") -> Opening:
        return Opening(lanes=1 if self.after(choice) else 0, choice=choice)

    def ends(self, state: State, block: Block) -> State:
        if state in FAILING or block.choice == BEFORE:
            return state
        behaviour = self.approve_behavior if block.choice == self.approve else self.deny_behavior
        return worst([state, _ENDS[self.expire_behavior if block.choice == EXPIRED else behaviour]])

    def decided(
        self, decision: str, inputs: dict[str, Any], by: str | None, at: str, comment: str | None, automatic: bool
    ) -> dict[str, Any]:
        """Its outputs."""
        return {"decision": decision, "auto": automatic, "by": by, "on": at, "comment": comment, "inputs": inputs, "onResume": inputs}
