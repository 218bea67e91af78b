"""Let a branch fail without failing what is around it: `core.flow.AllowFailure`. Its `errors` run all the same."""

from onbeat.core.execution import Block
from onbeat.core.plan.sequential import Sequential
from onbeat.core.states import State

NAMES = ("core.flow.AllowFailure",)


class AllowFailure(Sequential):
    """One lane; when it failed, the task run ends as WARNING and the flow goes on."""

    def ends(self, state: State, block: Block) -> State:
        return State.WARNING if state is State.FAILED else state
