"""WorkingDirectory: tasks one after another in one directory, which the shell prepares and collects."""

import pytest

from onbeat.core import replay
from onbeat.core import signals as s
from onbeat.core.draft import Draft
from onbeat.core.execution import TaskRun
from onbeat.core.parse import parse_flow
from onbeat.core.plan.working_directory import WorkingDirectory, enclosing
from onbeat.core.states import State
from onbeat.errors import InvalidFile
from tests.core.world import FAILED, KILLED, SUCCESS, World, flow_of, head_of

FLOW = """
tasks:
  - id: wd
    type: core.flow.WorkingDirectory
    tasks:
      - {id: a, type: t}
      - {id: b, type: t}
  - {id: after, type: t}
"""


def test_tasks_run_one_after_another_between_preparation_and_collection():
    """What the shell collects is the run's outputs."""
    world = World(FLOW, outside={"@directory": {"cache": None}, "@files": {"outputFiles": {"x": "kestra:///x"}}}).play()

    assert list(world.states) == ["wd", "a", "b", "after"]
    assert world.state is SUCCESS
    assert world.run("wd").outputs == {"outputFiles": {"x": "kestra:///x"}}


def test_a_failed_task_ends_it_and_what_there_is_is_collected():
    """The next ones do not run."""
    world = World(FLOW, {"a": [FAILED]}, outside={"@directory": None, "@files": {"outputFiles": {}}}).play()

    assert world.states == {"wd": FAILED, "a": FAILED}
    assert world.run("wd").outputs == {"outputFiles": {}}


def test_a_kill_collects_nothing():
    """Nothing starts after it."""
    world = World(FLOW, {"a": ["hang"]}, outside={"@directory": None})
    world.begin()
    world.tell(s.Kill())
    world.play()

    assert world.state is KILLED
    assert "@files" not in world.run("wd").answers


def test_a_restart_runs_all_of_it_again():
    """What the tasks before the failure had left in the directory is gone."""
    runs: list[str] = []

    def note(world: World, run: TaskRun) -> State:
        runs.append(run.task)
        return FAILED if runs.count("b") == 1 and run.task == "b" else SUCCESS

    world = World(FLOW, {"a": note, "b": note}, outside={"@directory": {"cache": 1}, "@files": None}).play()
    assert world.state is FAILED
    world.tell(s.Restart())
    assert world.run("wd").ask == "@directory"
    world.play()

    assert runs == ["a", "b", "a", "b"]
    assert world.states == {"wd": SUCCESS, "a": SUCCESS, "b": SUCCESS, "after": SUCCESS}


def test_a_replay_from_inside_runs_all_of_it_again():
    """The directory was the other execution's."""
    flow = flow_of(FLOW)
    world = World(flow, outside={"@directory": None, "@files": None}).play()
    _, after = replay.replayed(flow, world.execution, world.run("b").n, head_of(flow, id="again"), world.now)
    draft = Draft(flow, after, world.now)
    replay.go_on(draft)

    assert [run.task for run in after.runs.values()] == ["wd"]
    assert draft.run(1).ask == "@directory"


@pytest.mark.parametrize(
    "inside",
    [
        "{id: wait, type: core.flow.Pause}",
        "{id: wait, type: core.flow.Sequential, tasks: [{id: x, type: t}]}",
        "{id: wait, type: core.flow.Subflow, namespace: n, flowId: f}",
        "{id: wait, type: core.flow.WorkingDirectory, tasks: [{id: x, type: t}]}",
    ],
)
def test_only_tasks_that_do_work_can_be_inside(inside: str):
    """The problem is told where the task stands, with its id and type."""
    text = f"id: f\nnamespace: n\ntasks:\n  - id: impossible\n    type: core.flow.WorkingDirectory\n    tasks:\n      - {inside}\n"
    with pytest.raises(InvalidFile) as wrong:
        parse_flow(text, "f.yaml")
    (problem,) = wrong.value.problems
    assert (problem.line, "`wait` (core.flow." in problem.message) == (7, True)
    assert "cannot be inside a WorkingDirectory" in problem.message


def test_any_task_can_be_among_its_errors():
    """They are not of the work in the directory."""
    flow = flow_of(
        """
        tasks:
          - id: wd
            type: core.flow.WorkingDirectory
            tasks: [{id: a, type: t}]
            errors: [{id: e, type: core.flow.Sequential, tasks: [{id: x, type: t}]}]
        """
    )
    assert [task.id for task in flow.all_tasks()] == ["wd", "a", "e", "x"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("inputFiles: [a]", "`tasks.0.inputFiles`: must be a map of names and contents"),
        ("outputFiles: {a: b}", "`tasks.0.outputFiles`: must be a list of names or patterns"),
        ("namespaceFiles: {includes: []}", "unknown key `includes`"),
        ("cache: {ttl: PT1H}", "`patterns` is missing"),
        ("cache: {patterns: []}", "`tasks.0.cache.patterns`"),
        ("cache: {patterns: [a], ttl: 5}", "has no unit"),
        ("tasks: []", "there must be at least one task"),
    ],
)
def test_a_wrong_option_is_told(options: str, said: str):
    """Each in words of YAML."""
    tasks = "" if options.startswith("tasks") else ", tasks: [{id: a, type: t}]"
    text = f"id: f\nnamespace: n\ntasks: [{{id: wd, type: core.flow.WorkingDirectory, {options}{tasks}}}]\n"
    with pytest.raises(InvalidFile) as wrong:
        parse_flow(text, "f.yaml")
    assert said in str(wrong.value)


def test_options_may_be_expressions():
    """They are kept as they stand; the shell evaluates them."""
    flow = flow_of(
        """
        tasks:
          - id: wd
            type: io.kestra.core.tasks.flows.Worker
            inputFiles: "{{ inputs.files }}"
            outputFiles: "{{ inputs.names }}"
            namespaceFiles: {enabled: "{{ inputs.x }}"}
            tasks: [{id: a, type: t}]
        """
    )
    spec = flow.by_id["wd"]
    assert isinstance(spec, WorkingDirectory)
    assert spec.entering()["inputFiles"] == "{{ inputs.files }}"
    assert spec.entering()["namespaceFiles"]["enabled"] == "{{ inputs.x }}"
    assert spec.leaving() == {"outputFiles": "{{ inputs.names }}"}


def test_the_nearest_one_around_is_found():
    """Also around a task that is deeper in its `errors`; its task run is `workerTaskrun`."""
    world = World(
        """
        tasks:
          - id: each
            type: core.flow.ForEach
            values: [x]
            tasks:
              - id: wd
                type: core.flow.WorkingDirectory
                tasks: [{id: a, type: t, when: "{{ workerTaskrun.value == 'x' and workerTaskrun.id != taskrun.id }}"}]
                errors: [{id: s, type: core.flow.Sequential, tasks: [{id: e, type: t}]}]
        """,
        {"a": [FAILED]},
        outside={"@directory": None, "@files": None},
    ).play()
    runs = {run.task: run.n for run in world.execution.runs.values()}

    assert world.states["a[x]"] is FAILED
    for task, around in {"a": "wd", "e": "wd", "s": "wd", "wd": None, "each": None}.items():
        found = enclosing(world.flow, world.execution, runs[task])
        assert (found.task if found else None) == around
