"""Crash before and after every durable write there is, start again, and require the right end."""

from pathlib import Path

import pytest

from tests.engine import crash_constructs, crash_endings, crash_signals
from tests.engine.crashing import Deeds, Scenario, crash_everywhere, memory, sqlite

BUS = Scenario(
    flows={
        "parent": """
concurrency: {limit: 2}
triggers:
  - {id: event, type: core.trigger.Event, topic: go, inputs: {n: "{{ trigger.data.n }}"}}
inputs:
  - {id: n, type: INT}
tasks:
  - id: both
    type: core.flow.Parallel
    tasks:
      - {id: left, type: core.debug.Return, format: "{{ inputs.n }}"}
      - {id: right, type: core.log.Log, message: "right"}
  - id: each
    type: core.flow.ForEach
    values: [a, b]
    tasks:
      - {id: call, type: core.flow.Subflow, namespace: crash, flowId: child, inputs: {value: "{{ taskrun.value }}"}}
  - id: broken
    type: core.execution.Fail
    allowFailure: true
    retry: {type: constant, interval: PT0.01S, maxAttempts: 2}
  - {id: tell, type: core.event.Publish, topic: results, data: "{{ outputs.left.value }}"}
""",
        "child": """
inputs:
  - {id: value, type: STRING}
tasks:
  - {id: say, type: core.debug.Return, format: "{{ inputs.value }}"}
outputs:
  - {id: said, type: STRING, value: "{{ outputs.say.value }}"}
""",
        "hears": """
tasks:
  - {id: work, type: test.Told, what: work}
triggers:
  - {id: result, type: core.trigger.Event, topic: results}
outputs:
  - {id: n, type: STRING, value: "{{ trigger.data }}"}
""",
    },
    events=tuple(("go", {"n": n}, None) for n in range(2)),
    ends=(
        *(["parent WARNING"] * 2),
        *([f'child SUCCESS {{"said": "{value}"}}' for value in "ab"] * 2),
        *(f'hears SUCCESS {{"n": "{n}"}}' for n in range(2)),
    ),
    runs={"call SUCCESS": 4, "broken WARNING": 2, "tell SUCCESS": 2},
)
SCENARIOS = {"bus": BUS, **crash_constructs.SCENARIOS, **crash_endings.SCENARIOS, **crash_signals.SCENARIOS}


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_crash_point_ends_right(tmp_path: Path, deeds: Deeds, name: str) -> None:
    """Whatever durable write the process dies before or after, all that was begun ends as if nothing had happened, once."""
    assert crash_everywhere(SCENARIOS[name], memory(), tmp_path, deeds) > 5


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_crash_while_it_recovers_ends_right(tmp_path: Path, deeds: Deeds, name: str) -> None:
    """Who starts again may die again, at one of the first writes."""
    crash_everywhere(SCENARIOS[name], memory(), tmp_path, deeds, every=11, again=4)


@pytest.mark.parametrize("name", SCENARIOS)
def test_crash_points_on_sqlite(tmp_path: Path, deeds: Deeds, name: str) -> None:
    """The same on the real store, at every fifth point: a new process opens the file that the dead one left."""
    crash_everywhere(SCENARIOS[name], sqlite(), tmp_path, deeds, every=5)
