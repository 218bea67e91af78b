"""ForEach and its old names: the tasks once for each value."""

import pytest

from onbeat.core.plan.for_each import MOST_VALUES, as_values
from tests.core.world import FAILED, SUCCESS, WARNING, World, flow_of


def each(values: str, limit: int = 1, kind: str = "core.flow.ForEach") -> str:
    """A loop over the values, with two tasks, and one after it."""
    return f"""
tasks:
  - id: each
    type: {kind}
    values: {values}
    concurrencyLimit: {limit}
    tasks:
      - {{id: a, type: t}}
      - {{id: b, type: t}}
  - {{id: after, type: t}}
"""


def test_values_are_worked_on_one_after_another_by_default():
    """concurrencyLimit is 1: the second value begins when the first one's tasks have ended."""
    world = World(each("[x, y]")).play()

    assert list(world.states) == ["each", "a[x]", "b[x]", "a[y]", "b[y]", "after"]
    assert world.state is SUCCESS


@pytest.mark.parametrize(("limit", "first"), [(1, 1), (2, 2), (3, 3), (0, 3), (7, 3)])
def test_the_limit_is_the_most_values_at_once(limit: int, first: int):
    """0 is all at once; a value that is done lets the next one begin."""
    world = World(each("[x, y, z]", limit))
    world.begin()
    assert world.running == ["a[x]", "a[y]", "a[z]"][:first]
    world.end("a[x]")
    world.end("b[x]")

    assert world.running == ["a[y]", "a[z]"][: max(1, first - (first == 3))]


def test_duplicate_values_are_kept():
    """Each value runs, in order, whether it was there before or not: Kestra drops them."""
    world = World(each("[x, x, y, x]")).play()

    assert [run.iteration for run in world.execution.runs.values() if run.task == "a"] == [0, 1, 2, 3]
    assert [run.value for run in world.execution.runs.values() if run.task == "a"] == ["x", "x", "y", "x"]


def test_no_values_is_a_success_with_no_task():
    """An empty list is over at once."""
    world = World(each("[]")).play()

    assert world.states == {"each": SUCCESS, "after": SUCCESS}


def test_null_values_fail_in_kestras_words():
    """The message counts the nulls and shows the values."""
    world = World(each("'[1, null, \"a\"]'")).play()

    assert world.states == {"each": FAILED}
    assert world.run("each").error == "Found '1' null values on Each, with values=[1,null,\"a\"]"


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([1, "1", True, {"k": [1]}], ["1", "1", "true", '{"k":[1]}']),
        ('["a", 2]', ["a", "2"]),
        ({"k": 1, "l": "x"}, ['{"key":"k","value":1}', '{"key":"l","value":"x"}']),
        ('{"k": 1}', ['{"key":"k","value":1}']),
    ],
)
def test_values_may_be_a_list_a_map_or_json_text(values: object, wanted: list[str]):
    """`taskrun.value` is text: JSON text for what is no scalar; a map gives its entries."""
    world = World(each('"{{ inputs.v }}"'), inputs={"v": values}).play()

    assert [run.value for run in world.execution.runs.values() if run.task == "a"] == wanted


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ("nothing", "`values` must be a list, or text that is a JSON list; it is not JSON"),
        ("7", "`values` must be a list; it is int: 7"),
        (7, "`values` must be a list; it is int: 7"),
        (None, "`values` must be a list; it is NoneType"),
        ("[NaN]", "`values`"),
        ("[1e999]", "`values`"),
        ('["\\ud800"]', "`values`"),
        ("[" * 100_000, "`values`"),
        ("[" + "9" * 5_000 + "]", "`values`"),
        ([0] * (MOST_VALUES + 1), f"`values` holds {MOST_VALUES + 1} values"),
    ],
)
def test_what_is_no_list_of_plain_values_fails_the_run(values: object, said: str):
    """The run fails with a sentence: nothing that a row cannot hold exactly gets into the journal, and no bug is made of it."""
    world = World(each('"{{ inputs.v }}"'), inputs={"v": values}).play()

    assert world.states == {"each": FAILED}
    assert (world.run("each").error or "").startswith(said)


def test_values_are_plain_json():
    """Integers beyond 64 bits become their decimal text, as everywhere."""
    assert as_values("[123456789012345678901234567890]") == ("123456789012345678901234567890",)


def test_outputs_are_found_by_value_at_any_depth():
    """`outputs.task[v1][v2].x` outside, and inside with taskrun.value and the parent's."""
    world = World(
        """
        tasks:
          - id: outer
            type: core.flow.ForEach
            values: [a, b]
            tasks:
              - id: inner
                type: core.flow.ForEach
                values: [1, 2]
                tasks:
                  - {id: leaf, type: t}
                  - id: seq
                    type: core.flow.Sequential
                    tasks:
                      - id: if
                        type: core.flow.If
                        condition: >-
                          {{ outputs.leaf[parents[1].taskrun.value][taskrun.value].x == parents[1].taskrun.value ~ taskrun.value }}
                        then: [{id: right, type: t}]
          - id: last
            type: core.flow.Switch
            value: "{{ outputs.leaf.b['2'].x }}"
            cases: {b2: [{id: found, type: t}]}
        """,
        {"leaf": lambda world, run: {"x": "".join(run.path)}},
    ).play()

    assert world.state is SUCCESS
    assert [run.path for run in world.execution.runs.values() if run.task == "right"] == [("a", "1"), ("a", "2"), ("b", "1"), ("b", "2")]
    assert "found" in world.states


def test_a_failed_value_stops_the_loop():
    """Values that run go on to the end of their present task; no step and no value begins after the failure."""
    world = World(each("[x, y, z]", 2))
    world.begin()
    world.end("a[x]", FAILED)
    assert world.running == ["a[y]"]
    world.end("a[y]")

    assert world.states == {"each": FAILED, "a[x]": FAILED, "a[y]": SUCCESS}
    assert world.state is FAILED


def test_a_value_that_may_fail_does_not_stop_it():
    """allowFailure inside the loop makes WARNING of it, and the next value runs."""
    world = World(
        "tasks: [{id: e, type: core.flow.ForEach, values: [x, y], tasks: [{id: a, type: t, allowFailure: true}]}]", {"a": [FAILED]}
    )

    assert world.play().states == {"e": WARNING, "a[x]": WARNING, "a[y]": WARNING}


def test_the_old_names_read_their_old_keys():
    """EachSequential runs one `value` at a time; EachParallel all, or as many as `concurrent` says."""
    flow = flow_of("""
        tasks:
          - {id: s, type: io.kestra.core.tasks.flows.EachSequential, value: '["a", "b"]', tasks: [{id: a, type: t}]}
          - {id: p, type: io.kestra.plugin.core.flow.EachParallel, value: [1, 2, 3], tasks: [{id: b, type: t}]}
          - {id: q, type: core.flow.EachParallel, value: [1, 2, 3], concurrent: 2, tasks: [{id: c, type: t}]}
    """)
    world = World(flow)
    world.begin()
    assert world.running == ["a[a]"]
    world.end("a[a]")
    world.end("a[b]")
    assert world.running == ["b[1]", "b[2]", "b[3]"]
    for name in ("b[1]", "b[2]", "b[3]"):
        world.end(name)
    assert world.running == ["c[1]", "c[2]"]
