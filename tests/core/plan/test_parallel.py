"""Parallel: a lane for each task."""

import pytest

from tests.core.world import FAILED, SUCCESS, WARNING, World


def parallel(concurrent: int = 0, tasks: str = "abcd") -> str:
    """A flow with tasks side by side and one after them."""
    lines = "\n".join(f"      - {{id: {task}, type: t}}" for task in tasks)
    return f"""
tasks:
  - id: par
    type: core.flow.Parallel
    concurrent: {concurrent}
    tasks:
{lines}
  - {{id: after, type: t}}
"""


def test_all_tasks_run_at_once_and_what_follows_waits_for_all():
    """Without a limit every lane begins at once; the next task begins after the last lane."""
    world = World(parallel())
    world.begin()
    assert world.running == ["a", "b", "c", "d"]
    for name in "dbca":
        world.end(name)

    assert world.running == ["after"]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 9])
def test_concurrent_is_the_most_at_once(limit: int):
    """As many lanes as the limit are open; one that ends lets the next one begin."""
    world = World(parallel(limit))
    world.begin()
    for at in range(4):
        assert world.running == list("abcd")[at : at + limit]
        world.end(world.running[0])

    assert world.running == ["after"]


def test_after_a_failure_what_runs_goes_on_and_nothing_else_begins():
    """The other lanes end on their own; lanes that have not begun never do."""
    world = World(parallel(2))
    world.begin()
    world.end("a", FAILED)
    assert world.running == ["b"]
    world.end("b")

    assert world.state is FAILED
    assert world.states == {"par": FAILED, "a": FAILED, "b": SUCCESS}


@pytest.mark.parametrize(("ends", "whole"), [([SUCCESS, WARNING], WARNING), ([FAILED, WARNING], FAILED), ([SUCCESS, SUCCESS], SUCCESS)])
def test_the_worst_child_is_the_state_of_the_whole(ends: list, whole: object):
    """KILLED > FAILED > CANCELLED > WARNING > SUCCESS."""
    world = World(parallel(tasks="ab"), {"a": ends[:1], "b": ends[1:]}).play()

    assert world.run("par").state is whole
    assert world.state is whole


def test_lanes_of_disabled_tasks_are_passed_over():
    """A disabled task has no task run and takes no place."""
    world = World("""
        tasks:
          - id: par
            type: core.flow.Parallel
            concurrent: 1
            tasks:
              - {id: a, type: t, disabled: true}
              - {id: b, type: t}
              - {id: c, type: t, disabled: true}
              - {id: d, type: t, disabled: true}
    """).play()

    assert world.states == {"par": SUCCESS, "b": SUCCESS}
