"""Sequential: one lane."""

from tests.core.world import FAILED, SUCCESS, World

NESTED = """
tasks:
  - id: outer
    type: core.flow.Sequential
    tasks:
      - {id: a, type: t}
      - id: inner
        type: io.kestra.plugin.core.flow.Sequential
        tasks:
          - {id: b, type: t}
          - {id: c, type: t}
      - {id: d, type: t}
  - {id: e, type: t}
"""


def test_tasks_run_one_after_another_at_any_depth():
    """One attempt is under way at a time, in the order of the YAML."""
    world = World(NESTED)
    world.begin()
    for name in "abcde":
        assert world.running == [name]
        world.end(name)

    assert world.state is SUCCESS
    assert list(world.states) == ["outer", "a", "inner", "b", "c", "d", "e"]


def test_a_failure_ends_every_sequence_around_it():
    """What comes after the failed task, at any depth, has no task run."""
    world = World(NESTED, {"b": [FAILED]}).play()

    assert world.state is FAILED
    assert world.states == {"outer": FAILED, "a": SUCCESS, "inner": FAILED, "b": FAILED}
