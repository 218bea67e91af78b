"""Loop: an execution for each value, with what was known before the loop."""

from typing import Any

import pytest

from onbeat.core import commands as cmd
from onbeat.core import signals as s
from onbeat.core.plan.loop import Loop
from onbeat.core.refs import AROUND, INLINE_LIMIT, REF_KEY
from tests.core.world import FAILED, HANG, KILLED, KILLING, PAUSED, RESTARTED, RUNNING, SUCCESS, WARNING, Outcome, Script, World, flow_of


def loop(values: object = '["a", "b", "c"]', tasks: str = "[{id: t, type: t}]", more: str = "") -> str:
    """A flow with a task, a loop and a task after it."""
    return f"""
tasks:
  - {{id: first, type: t}}
  - id: loop
    type: core.flow.Loop
    values: {values}
    {more}
    tasks: {tasks}
  - {{id: after, type: t}}
"""


def by_index(*outcomes: Outcome) -> Script:
    """How the task ends in each iteration."""
    return lambda world, run: outcomes[world.execution.head.scope.item["index"]]


def items(world: World) -> list[dict[str, Any]]:
    """`item` of each iteration, in order."""
    return [child.execution.head.scope.item for child in world.children.values()]


def counted(begun: int, **ended: int) -> dict[str, Any]:
    """The outputs of a loop that is over."""
    return {"iterationCount": begun, "runningIterations": 0, "terminatedIterations": ended}


def test_each_value_is_an_execution_of_the_loops_tasks():
    """One after another by default; the loop's own run is one run, and counts them."""
    world = World(loop()).play()

    assert world.states == {"first": SUCCESS, "loop": SUCCESS, "after": SUCCESS}
    assert [child.states for child in world.children.values()] == [{"t": SUCCESS}] * 3
    assert world.run("loop").outputs == counted(3, SUCCESS=3)


@pytest.mark.parametrize(("limit", "begun"), [(1, 1), (2, 2), (3, 3), (0, 3)])
def test_the_limit_bounds_how_many_run_at_once(limit: int, begun: int):
    """0: all of them. One that ended lets the next one begin."""
    world = World(loop(more=f"concurrencyLimit: {limit}"), {"t": [HANG]}).play()
    assert len(world.children) == begun
    next(iter(world.children.values())).end("t")
    world.play()

    assert len(world.children) == min(begun + 1, 3)


def test_an_iteration_sees_its_item_and_what_was_before():
    """value, index and key; the outputs, states, inputs, labels and variables of before; the id of the execution around it."""
    seen = "{{ [item.value, item.index, item.key, outputs.first.x, tasks.first.state, inputs.i, labels.l, vars.v, execution.id] }}"
    flow = loop('["a", "b"]', f'[{{id: t, type: core.flow.Switch, value: "{seen}", cases: {{}}, defaults: [{{id: d, type: t}}]}}]')
    world = World(flow, {"first": [{"x": 7}]}, inputs={"i": 1}, labels={"l": "m"}, variables={"v": True}).play()

    assert [child.run("t").outputs["value"] for child in world.children.values()] == [
        '["a",0,0,7,"SUCCESS",1,"m",true,"exec"]',
        '["b",1,1,7,"SUCCESS",1,"m",true,"exec"]',
    ]


def test_the_entries_of_a_map_have_their_keys():
    """And the values are those of the map, in order."""
    assert items(World(loop("{x: 1, y: [2]}")).play()) == [{"value": 1, "index": 0, "key": "x"}, {"value": [2], "index": 1, "key": "y"}]


def test_a_loop_in_a_loop_knows_the_loops_around_it():
    """`item.parent` is the next one out, `item.parents` all of them, the outermost first."""
    deepest = "{id: deep, type: core.flow.Loop, values: [z], tasks: [{id: t, type: t}]}"
    inner = f"[{{id: in, type: core.flow.Loop, values: [1, 2], tasks: [{deepest}]}}]"
    world = World(loop('["a"]', inner)).play()
    (outer,) = world.children.values()
    deep = [grandchild for child in outer.children.values() for grandchild in child.children.values()]

    assert [child.execution.head.scope.item["parents"] for child in deep] == [
        [{"value": "a", "index": 0, "key": 0}, {"value": value, "index": at, "key": at}] for at, value in enumerate([1, 2])
    ]
    assert [child.execution.head.scope.item["parent"]["value"] for child in deep] == [1, 2]
    assert {child.execution.head.scope.origin for child in deep} == {"exec"}


def test_the_outputs_of_iterations_are_a_list_in_order():
    """Whichever ended first; the loop's specs are rendered in each iteration."""
    flow = loop(more="concurrencyLimit: 0\n    outputs: [{id: o, value: '{{ item.value }}{{ outputs.t.x }}'}]")
    world = World(flow, {"t": [HANG]}).play()
    for child in reversed(list(world.children.values())):
        child.end("t", {"x": "!"})
        world.play()

    assert world.run("loop").outputs["outputs"] == [
        {"item": {"value": value, "index": at, "key": at}, "outputs": {"o": f"{value}!"}} for at, value in enumerate("abc")
    ]


@pytest.mark.parametrize("values", ["[]", '"{{ inputs.none }}"', '"[]"'])
def test_without_values_it_is_over_at_once(values: str):
    """Also where an expression, or JSON text, gives them."""
    world = World(loop(values), inputs={"none": []}).play()

    assert world.run("loop").state is SUCCESS
    assert world.run("loop").outputs == counted(0)


@pytest.mark.parametrize(("values", "said"), [("5", "must be a list; it is int"), ("[1, null]", "Found '1' null values")])
def test_what_is_no_list_fails_it(values: str, said: str):
    """The run says what is wrong."""
    assert said in (World(loop(values)).play().run("loop").error or "")


def test_a_failed_iteration_fails_the_loop_and_no_further_one_begins():
    """What runs goes on to its end."""
    world = World(loop(more="concurrencyLimit: 2"), {"t": by_index(FAILED, HANG)}).play()
    assert [child.state for child in world.children.values()] == [FAILED, RUNNING]
    list(world.children.values())[1].end("t")
    world.play()

    assert world.states == {"first": SUCCESS, "loop": FAILED}
    assert world.run("loop").outputs == counted(2, FAILED=1, SUCCESS=1)


def test_without_transmit_failed_the_others_run_and_it_ends_well():
    """`transmitFailed: false`."""
    world = World(loop(more="transmitFailed: false"), {"t": [FAILED]}).play()

    assert (world.run("loop").state, len(world.children)) == (SUCCESS, 3)


def test_a_warning_of_an_iteration_is_one_of_the_loop():
    """The others are not stopped by it."""
    world = World(loop(), {"t": [WARNING]}).play()

    assert (world.run("loop").state, len(world.children)) == (WARNING, 3)


def test_its_errors_and_finally_run_in_the_execution_around():
    """Once, and not in each iteration."""
    world = World(loop(more="errors: [{id: e, type: t}]\n    finally: [{id: f, type: t}]"), {"t": [FAILED]}).play()

    assert world.states == {"first": SUCCESS, "loop": FAILED, "e": SUCCESS, "f": SUCCESS}
    assert [list(child.states) for child in world.children.values()] == [["t"]]


def test_a_kill_reaches_all_iterations():
    """The loop ends when they have; no further one begins."""
    world = World(loop(more="concurrencyLimit: 2"), {"t": [HANG]}).play()
    world.tell(s.Kill())
    assert [child.state for child in world.children.values()] == [KILLING, KILLING]
    assert world.outstanding() == {cmd.AwaitChildren(world.run("loop").n)}
    world.play()

    assert (world.state, world.run("loop").state) == (KILLED, KILLED)
    assert [child.state for child in world.children.values()] == [KILLED, KILLED]


def test_an_execution_is_paused_while_all_its_iterations_are():
    """Not before; it goes on with the first that does, and is PAUSED again when all that is left is."""
    world = World(loop('["a", "b"]', "[{id: p, type: core.flow.Pause}, {id: t, type: t}]", "concurrencyLimit: 0"), {"t": [HANG]}).play()
    first, second = world.children.values()
    assert (world.state, world.run("loop").state) == (PAUSED, PAUSED)
    assert world.tell(s.Resume()) == (), "its iterations are resumed themselves"

    first.tell(s.Resume())
    world.play()
    assert (world.state, world.run("loop").state) == (RUNNING, RUNNING)
    first.grant()
    first.end("t")
    world.play()
    assert (world.state, world.run("loop").state) == (PAUSED, PAUSED)
    second.tell(s.Resume())
    second.grant()
    second.end("t")
    world.play()

    assert world.state is SUCCESS
    assert world.past("loop").count(PAUSED) == 2


def test_a_place_that_is_free_is_taken_before_it_is_paused():
    """One waits for a person, another ended: the next one begins."""
    branches = "then: [{id: wait, type: core.flow.Pause}], else: [{id: t, type: t}]"
    pauses = f"[{{id: p, type: core.flow.If, condition: '{{{{ item.index == 0 }}}}', {branches}}}]"
    world = World(loop('["a", "b", "c"]', pauses, "concurrencyLimit: 2")).play()

    assert [child.state for child in world.children.values()] == [PAUSED, SUCCESS, SUCCESS]
    assert (world.state, world.run("loop").state) == (PAUSED, PAUSED)


def test_one_that_a_person_paused_is_not_woken_by_its_iterations():
    """They wait, go on and end; it stays PAUSED until the resume."""
    world = World(loop('["a", "b"]', "[{id: t, type: t}, {id: p, type: core.flow.Pause}]"), {"t": [HANG]}).play()
    (child,) = world.children.values()
    world.tell(s.Pause())
    child.end("t")
    world.play()
    assert (world.state, world.run("loop").state, child.state) == (PAUSED, PAUSED, PAUSED)
    child.tell(s.Resume())
    world.play()
    assert (world.state, world.run("loop").state, child.state) == (PAUSED, RUNNING, SUCCESS)
    assert len(world.children) == 1
    world.tell(s.Resume())
    world.play()

    assert (world.state, len(world.children)) == (RUNNING, 2)


def test_while_it_is_paused_nothing_begins():
    """Neither a loop that opens, nor the next value of one."""
    world = World(loop(), {"t": [HANG]}).play()
    world.tell(s.Pause())
    next(iter(world.children.values())).end("t")
    world.play()
    assert len(world.children) == 1
    world.tell(s.Resume())
    world.play()

    assert len(world.children) == 2


def test_a_restart_runs_the_failed_iterations_again():
    """Themselves, from what failed in them; those that never began begin; those that ended well stay as they are."""
    tasks = "[{id: t, type: t}, {id: u, type: t}]"
    world = World(loop('["a", "b", "c"]', tasks), {"u": by_index(SUCCESS, FAILED)}).play()
    assert [child.state for child in world.children.values()] == [SUCCESS, FAILED]
    world.restart(u=[SUCCESS])

    children = list(world.children.values())
    assert world.state is SUCCESS
    assert [child.history.count(RESTARTED) for child in children] == [0, 1, 0]
    assert (children[1].run("t").attempt, children[1].run("u").attempt) == (1, 2)
    assert world.run("loop").outputs == counted(3, SUCCESS=3)


def test_a_restart_after_its_finally_failed_counts_right():
    """The iterations ended well: only what came after them runs again."""
    world = World(loop('["a", "b"]', more="finally: [{id: f, type: t}]"), {"f": [FAILED]}).play()
    assert world.state is FAILED
    world.restart(f=[SUCCESS])

    assert world.states == {"first": SUCCESS, "loop": SUCCESS, "f": SUCCESS, "after": SUCCESS}
    assert len(world.children) == 2


def test_an_iteration_that_fails_again_at_once_fails_the_restarted_loop():
    """Its end is told though it was over before anybody looked."""
    world = World(loop('["a"]', "[{id: i, type: core.flow.If, condition: '{{ outputs.nowhere }}', then: [{id: t, type: t}]}]")).play()
    assert world.state is FAILED

    assert world.restart().state is FAILED
    assert world.history.count(RESTARTED) == 1


def test_a_replay_runs_all_iterations_anew():
    """As executions of the new one."""
    world = World(loop('["a", "b"]')).play()
    again = world.replay("loop").play()

    assert again.state is SUCCESS
    assert [list(child.states) for child in again.children.values()] == [["t"], ["t"]]
    assert again.run("first").attempt == 1


def test_large_outputs_around_it_are_kept_once():
    """The shell says where they are; each iteration's first row has that only."""
    world = World(
        loop('["a", "b"]'), {"first": [{"x": "y" * INLINE_LIMIT}]}, outside={AROUND: {"first": {REF_KEY: "kestra:///kept", "size": 9}}}
    )
    world.play()

    assert world.state is SUCCESS
    assert all(not child.execution.head.scope.outputs for child in world.children.values())
    assert [child.execution.head.scope.kept[0].ref.uri for child in world.children.values()] == ["kestra:///kept"] * 2


def test_a_duplicate_end_counts_once():
    """And so does one of an execution that is not its own."""
    world = World(loop(more="concurrencyLimit: 0"), {"t": [HANG]}).play()
    child = next(iter(world.children))
    ended = s.ChildEnded(world.run("loop").n, child, SUCCESS)
    assert world.tell(ended)

    assert world.tell(ended) == ()
    assert world.tell(s.ChildEnded(world.run("loop").n, "stranger", SUCCESS)) == ()
    assert world.tell(s.ChildPaused(world.run("loop").n, child)) == ()


def test_values_may_be_the_lines_of_a_file():
    """The shell reads them, and keeps what the iterations gave back as a file."""
    world = World(loop("kestra:///lines", more="outputs: [{id: o, value: 1}]"), outside={"@values": ["x", "y"]}).play()

    assert [item["value"] for item in items(world)] == ["x", "y"]
    assert world.run("loop").outputs["uri"].endswith("outputs.jsonl")


def test_without_a_limit_a_thousand_run_at_once():
    """More would be one transaction of any size."""
    (spec,) = flow_of("tasks: [{id: l, type: core.flow.Loop, concurrencyLimit: 0, values: [1], tasks: [{id: t, type: t}]}]").tasks

    assert isinstance(spec, Loop)
    assert spec.limit == 1_000


def test_what_is_counted_does_not_depend_on_its_errors():
    """They are a phase of its block, with a lane of their own."""
    flow = loop(more="concurrencyLimit: 0\n    errors: [{id: told, type: t}]")
    world = World(flow, {"t": [FAILED]}).play()

    assert world.states == {"first": SUCCESS, "loop": FAILED, "told": SUCCESS}
    assert world.run("loop").outputs == counted(3, FAILED=3)
