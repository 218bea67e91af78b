"""ForEachItem: a subflow for each batch of a file's items."""

import pytest

from onbeat.core import commands as cmd
from onbeat.core import signals as s
from onbeat.core.plan.for_each_item import ForEachItem
from onbeat.core.states import State
from onbeat.errors import InvalidFile
from tests.core.world import FAILED, HANG, KILLED, PAUSED, RUNNING, SUCCESS, WARNING, World, flow_of

CHILD = {"child": "tasks: [{id: work, type: t}]\noutputs: [{id: o, value: 1}]"}


def batches(more: str = "") -> str:
    """A flow with a ForEachItem and a task after it."""
    return f"""
tasks:
  - id: each
    type: core.flow.ForEachItem
    items: "{{{{ inputs.file }}}}"
    namespace: tests
    flowId: child
    {more}
  - {{id: after, type: t}}
"""


def world_of(more: str = "", size: int = 5, **plays: object) -> World:
    """Played, over so many batches."""
    uris = {"uris": [f"kestra:///b{at}" for at in range(size)]}
    return World(batches(more), {"each_split": [uris], **plays}, flows=CHILD, inputs={"file": "kestra:///f"}).play()


def index(world: World, run: object) -> int:
    """Which batch an execution has."""
    return world.execution.head.trigger.variables["taskRunIteration"]


def test_each_batch_is_a_subflow():
    """All of them; split, items and merge are its tasks."""
    world = world_of()

    assert world.states == {"each": SUCCESS, "each_split": SUCCESS, "each_items": SUCCESS, "each_merge": SUCCESS, "after": SUCCESS}
    assert [child.execution.head.inputs["batch"] for child in world.children.values()] == [f"kestra:///b{at}" for at in range(5)]
    assert {child.execution.head.flow for child in world.children.values()} == {"child"}


def test_its_outputs_count_how_they_ended():
    """Every state that there was; the results are a file."""
    world = world_of(work=[WARNING])

    assert world.run("each_items").outputs["iterations"]["WARNING"] == 5
    assert world.run("each_items").outputs["numberOfBatches"] == 5
    assert world.run("each_items").outputs["subflowOutputs"].startswith("kestra:///")
    assert world.run("each").state is WARNING


def test_their_trigger_says_which_they_are():
    """The execution around it, and the number of the batch, from 0."""
    child = list(world_of().children.values())[2]
    trigger = child.execution.head.trigger

    assert (trigger.id, trigger.type, trigger.variables["executionId"], trigger.variables["taskRunIteration"]) == (
        "each", "core.flow.ForEachItem", "exec", 2,
    )  # fmt: skip


@pytest.mark.parametrize(("limit", "begun"), [(1, 1), (2, 2), (0, 5)])
def test_the_limit_bounds_how_many_run_at_once(limit: int, begun: int):
    """0: as many as there is room for."""
    world = world_of(f"concurrencyLimit: {limit}", work=[HANG])
    assert len(world.children) == begun
    next(iter(world.children.values())).end("work")
    world.play()

    assert len(world.children) == min(begun + 1, 5)


def test_one_that_fails_stops_no_other():
    """All are started; then it fails."""
    world = world_of("concurrencyLimit: 1", work=lambda world, run: FAILED if index(world, run) == 1 else SUCCESS)

    assert [child.state for child in world.children.values()].count(SUCCESS) == 4
    assert world.states == {"each": FAILED, "each_split": SUCCESS, "each_items": FAILED}


def test_without_transmit_failed_it_ends_well():
    """The counts tell."""
    world = world_of("transmitFailed: false", work=[FAILED])

    assert world.run("each").state is SUCCESS
    assert world.run("each_items").outputs["iterations"]["FAILED"] == 5


def test_without_wait_it_ends_when_all_are_started():
    """How they end is their own matter."""
    world = world_of("wait: false", work=[HANG])

    assert world.state is SUCCESS
    assert [child.state for child in world.children.values()] == [RUNNING] * 5


@pytest.mark.parametrize("size", [0, 1])
def test_few_batches(size: int):
    """None is no failure."""
    assert (world_of(size=size).state, len(world_of(size=size).children)) == (SUCCESS, size)


def test_a_target_that_is_not_there_fails_it():
    """What runs already goes on to its end, and no further one begins; its errors run."""
    world = World(batches("errors: [{id: e, type: t}]"), {"work": [HANG]}, flows=CHILD, inputs={"file": "f"})
    world.outside["@children 0"] = LookupError("there is no flow")
    world.play()

    assert world.states == {"each": FAILED, "each_split": SUCCESS, "each_items": FAILED, "e": SUCCESS}
    assert world.run("each_items").error == "there is no flow"

    late = World(
        batches("concurrencyLimit: 1"), {"work": [HANG]}, flows=CHILD, inputs={"file": "f"}, outside={"@children 1": LookupError("gone")}
    )
    late.play()
    next(iter(late.children.values())).end("work")
    assert late.play().run("each_items").error == "gone"


def test_a_kill_reaches_all():
    """Those that run are stopped; those that are being chosen are not made."""
    world = world_of(work=[HANG])
    world.tell(s.Kill())
    world.play()
    assert {child.state for child in world.children.values()} == {KILLED}
    assert world.state is KILLED

    early = World(batches(), flows=CHILD, inputs={"file": "f"})
    early.begin()
    early.tell(s.TaskEnded(2, 1, SUCCESS, outputs={"uris": ["a"]}))
    early.tell(s.Dispatched(3))
    early.tell(s.Kill())
    assert early.tell(s.ChildrenChosen(3, "@children 0", (s.Chosen("tests", "child", 1),))) == ()
    assert (early.state, early.children) == (KILLED, {})


def test_what_is_chosen_in_a_pause_begins_with_the_resume():
    """It is asked for again then."""
    world = World(batches(), {"work": [SUCCESS]}, flows=CHILD, inputs={"file": "f"})
    world.tell(s.Begin())
    world.tell(s.Dispatched(2))
    world.tell(s.TaskEnded(2, 1, SUCCESS, outputs={"uris": ["a"]}))
    world.tell(s.Evaluated(3, "@items", ["a"]))
    assert cmd.Evaluate(3, "@children 0") in world.outstanding()
    world.tell(s.Pause())
    world.tell(s.ChildrenChosen(3, "@children 0", (s.Chosen("tests", "child", 1),)))
    assert (world.state, world.children) == (PAUSED, {})
    world.tell(s.Resume())

    assert world.play().state is SUCCESS
    assert len(world.children) == 1


def test_a_restart_runs_the_failed_ones_again():
    """Themselves; the file is not split again."""
    world = world_of("concurrencyLimit: 2", work=lambda world, run: FAILED if index(world, run) % 2 else SUCCESS)
    assert world.state is FAILED
    world.restart(work=[SUCCESS])

    assert world.state is SUCCESS
    assert len(world.children) == 5
    assert [world.run(task).attempt for task in ("each_split", "each_items", "each_merge")] == [1, 2, 1]
    assert world.run("each_items").outputs["iterations"]["SUCCESS"] == 5


def test_by_default_each_item_is_a_batch():
    """One row; an unknown key of `batch` is refused with the nearest one."""
    (spec,) = flow_of(batches().replace("  - {id: after, type: t}", "")).tasks
    assert isinstance(spec, ForEachItem)
    assert spec.steps[0].options == {"from": "{{ inputs.file }}", "rows": 1}

    sized = flow_of(batches("batch: {bytes: 10MB}").replace("  - {id: after, type: t}", "")).tasks[0]
    assert sized.steps[0].options == {"from": "{{ inputs.file }}", "bytes": "10MB"}
    with pytest.raises(InvalidFile, match=r"unknown key `row`.*did you mean `rows`"):
        flow_of(batches("batch: {row: 1}"))


def test_an_execution_that_is_tried_anew_counts_once():
    """The one that stands for it is waited for."""
    world = world_of("concurrencyLimit: 1", work=[HANG], size=1)
    (child,) = world.children
    n = world.run("each_items").n
    world.tell(s.ChildEnded(n, child, State.RETRIED, successor="next"))
    assert world.tell(s.ChildEnded(n, child, SUCCESS)) == ()
    world.tell(s.ChildEnded(n, "next", SUCCESS))

    assert world.run("each_items").outputs is None or world.run("each_items").outputs["iterations"]["SUCCESS"] == 1
    assert cmd.AwaitChildren(n) not in world.outstanding()
