"""Switch: the branch that a value names."""

import pytest

from onbeat.core import changes as c
from onbeat.errors import InvalidFile
from tests.core.world import FAILED, SUCCESS, World, flow_of

FLOW = """
tasks:
  - id: sw
    type: core.flow.Switch
    value: "{{ inputs.x }}"
    cases:
      one: [{id: a, type: t}, {id: b, type: t}]
      1: [{id: number, type: t}]
      true: [{id: truth, type: t}]
      "": [{id: empty, type: t}]
      defaults: [{id: named_defaults, type: t}]
    defaults: [{id: other, type: t}]
"""


@pytest.mark.parametrize(
    ("value", "tasks"),
    [
        ("one", ["a", "b"]),
        (1, ["number"]),
        (True, ["truth"]),
        ("", ["empty"]),
        ("defaults", ["named_defaults"]),
        ("two", ["other"]),
        (None, ["empty"]),
        ({"k": 1}, ["other"]),
    ],
)
def test_the_value_as_text_chooses_the_case(value: object, tasks: list[str]):
    """A value no case names takes `defaults`; a case may bear that name itself."""
    world = World(FLOW, inputs={"x": value}).play()

    assert list(world.states)[1:] == tasks


def test_defaults_that_are_there_have_a_task():
    """As every case has; null is no defaults."""
    switch = "tasks: [{id: sw, type: core.flow.Switch, value: a, cases: {a: [{id: a, type: t}]}, defaults: %s}]"
    with pytest.raises(InvalidFile, match="at least one task"):
        World(switch % "[]")
    assert list(World(switch % "null").play().states) == ["sw", "a"]


def test_outputs_say_the_value_and_whether_it_was_a_default():
    """`value` as text, `defaults` as a truth."""
    assert World(FLOW, inputs={"x": 1}).play().run("sw").outputs == {"value": "1", "defaults": False}
    assert World(FLOW, inputs={"x": "two"}).play().run("sw").outputs == {"value": "two", "defaults": True}


def test_no_case_and_no_defaults_fails_and_names_the_cases():
    """The message says what was looked for and what there is."""
    world = World("tasks: [{id: sw, type: core.flow.Switch, value: c, cases: {b: [{id: x, type: t}], a: [{id: y, type: t}]}}]").play()

    assert world.states == {"sw": FAILED}
    assert world.run("sw").error == "no case `c` and no `defaults`; the cases are: a, b"


@pytest.mark.parametrize("more", ["", ", cases: {}", ", cases: {}, defaults: null", ", defaults: []"])
def test_one_without_any_tasks_is_refused(more: str):
    """There is nothing that it could do; one of the two is enough."""
    with pytest.raises(InvalidFile, match="there are no tasks, neither in `cases` nor in `defaults`"):
        flow_of(f"tasks: [{{id: sw, type: core.flow.Switch, value: c{more}}}]")
    assert World("tasks: [{id: sw, type: core.flow.Switch, value: c, cases: null, defaults: [{id: a, type: t}]}]").play().state is SUCCESS


def test_what_the_journal_says_of_the_choice_is_plain_text():
    """No NUL goes into a row: PostgreSQL cannot keep it."""
    for value in ("one", "two", ""):
        world = World(FLOW, inputs={"x": value}).play()
        opened = [change for change in world.changes() if isinstance(change, c.Opened) and change.n]
        assert [change.choice.isprintable() for change in opened if change.choice is not None] == [True]
