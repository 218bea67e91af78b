"""Whatever happens to an execution of whatever flow, in whatever order, the invariants hold and it comes to an end.

life.py says what may happen, to one execution or to a family of them; invariants.py, explained.py and steps.py what must hold after every
signal: never stuck, terminated absorbs, stale signals change nothing, nothing starts after a kill or an exit, attempts bounded, lanes in
order, nothing before what it depends on, limits kept, counters as a full scan gives them, the journal folds to what memory holds, a whole
is explained by its parts, what is undone is undone in reverse. test_seeded_bugs.py shows that they notice mistakes.

ONBEAT_EXAMPLES multiplies how many lives are lived: `ONBEAT_EXAMPLES=100` takes minutes.
"""

import os
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.core.life import Life, live

EXAMPLES = int(os.environ.get("ONBEAT_EXAMPLES", "1"))
CHUNKS = 10


class Play(RuleBasedStateMachine):
    """One life, every choice of it made by Hypothesis: what it finds, it makes small."""

    life: Life | None = None

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        """A random flow's execution begins."""
        self.life = Life(choosing(data))

    @rule(data=st.data())
    def something_happens(self, data: st.DataObject) -> None:
        """Any act."""
        assert self.life is not None
        self.life.choice = choosing(data)
        self.life.act()

    def teardown(self) -> None:
        """Left alone it comes to an end."""
        if self.life is not None:
            self.life.end()


def choosing(data: st.DataObject) -> Any:
    """Hypothesis as the one who chooses."""

    def choice(options: Sequence[Any]) -> Any:
        return options[data.draw(st.integers(0, len(options) - 1))]

    return choice


TestPlay = Play.TestCase
TestPlay.settings = settings(
    max_examples=40 * EXAMPLES, stateful_step_count=30, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_lives_of_a_seeded_generator(chunk: int):
    """Many more lives, the same each time: faster than those that can be made small."""
    for seed in range(chunk, 500 * EXAMPLES, CHUNKS):
        try:
            live(seed)
        except Exception as problem:
            problem.add_note(f"live({seed}) in tests/core/life.py")
            raise
