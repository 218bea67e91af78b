"""How flows end: their outputs."""

import pytest

from tests.core.world import FAILED, SUCCESS, World

OUTPUTS = """
tasks: [{{id: a, type: t}}]
outputs:
  - {{id: first, value: 1}}
  - {{id: missing, value: "{}", required: {}}}
  - {{id: last, value: "{{{{ outputs.a.x }}}}"}}
"""


@pytest.mark.parametrize("value", ["{{ outputs.never.x }}", "{{ envs.never }}"])
def test_an_output_that_need_not_be_there_is_left_out(value: str):
    """One that cannot be had fails the flow otherwise."""
    world = World(OUTPUTS.format(value, "false"), {"a": [{"x": 5}]}).play()
    assert (world.state, world.execution.outputs) == (SUCCESS, {"first": 1, "last": 5})

    world = World(OUTPUTS.format(value, "true"), {"a": [{"x": 5}]}).play()
    assert (world.state, world.execution.outputs) == (FAILED, None)


def test_an_output_that_need_not_be_there_is_given_where_it_can_be():
    """In its place."""
    world = World(OUTPUTS.format("{{ outputs.a.x }}", "false"), {"a": [{"x": 5}]}).play()
    assert list((world.execution.outputs or {}).items()) == [("first", 1), ("missing", 5), ("last", 5)]


def test_others_are_asked_for_although_one_cannot_be_had():
    """What needs the shell is not forgotten."""
    flow = OUTPUTS.format("{{ outputs.never.x }}", "false") + '  - {id: home, value: "{{ envs.home }}"}\n'
    world = World(flow, {"a": [{"x": 5}]}, outside={"envs": {"home": "/h"}}).play()
    assert world.execution.outputs == {"first": 1, "last": 5, "home": "/h"}
