"""Flow: what the YAML may say. What is said of mistakes is in test_parse.py."""

import pytest
from pydantic import ValidationError

from onbeat.core.flow import Flow, FlowableSpec, OnLost, Retry, RunnableTask, Sla
from onbeat.core.parse import CONTEXT
from onbeat.core.plan import FLOWABLES
from onbeat.core.type_names import short_type
from tests.core.world import flow_of


@pytest.mark.parametrize(("name", "short"), [
    ("io.kestra.plugin.core.log.Log", "core.log.Log"),
    ("io.kestra.core.tasks.log.Log", "core.log.Log"),
    ("core.log.Log", "core.log.Log"),
    ("io.kestra.core.tasks.flows.Parallel", "core.flow.Parallel"),
    ("io.kestra.core.tasks.executions.Fail", "core.execution.Fail"),
    ("io.kestra.core.tasks.debugs.Return", "core.debug.Return"),
    ("io.kestra.core.tasks.scripts.Bash", "scripts.shell.Bash"),
    ("io.kestra.core.models.triggers.types.Schedule", "core.trigger.Schedule"),
    ("io.kestra.core.models.conditions.types.DayWeek", "core.condition.DayWeek"),
    ("io.kestra.plugin.kafka.RealtimeTrigger", "kafka.RealtimeTrigger"),
    ("io.onbeat.core.event.Publish", "core.event.Publish"),
    ("anything.Else", "anything.Else"),
])  # fmt: skip
def test_kestras_names_old_and_new_mean_the_same(name: str, short: str):
    """The package prefixes are taken off."""
    assert short_type(name) == short
    assert flow_of(f"tasks: [{{id: a, type: {name}, tasks: [{{id: b, type: t}}]}}]").tasks[0].type == short


def test_every_construct_is_made_by_its_name():
    """And is flowable, but for Subflow and WaitForEvent: they are leaves."""
    leaves = {name for name, kind in FLOWABLES.items() if not issubclass(kind, FlowableSpec)}
    assert leaves == {"core.flow.Subflow", "core.flow.Flow", "core.flow.WaitForEvent"}
    assert all(name.startswith("core.flow.") for name in FLOWABLES)


def test_a_tasks_options_are_kept_as_they_are():
    """Any key but those that every task has; nothing is rendered."""
    (task,) = flow_of("tasks: [{id: a, type: t, runIf: 1, timeout: PT1S, message: '{{ x }}', more: {k: [1]}}]").tasks

    assert isinstance(task, RunnableTask)
    assert task.options == {"message": "{{ x }}", "more": {"k": [1]}}
    assert (task.when, task.timeout, task.flowable, list(task.branches())) == (1, "PT1S", False, [])


def test_without_options_there_are_none():
    """An empty map."""
    (task,) = flow_of("tasks: [{id: a, type: t}]").tasks

    assert isinstance(task, RunnableTask)
    assert task.options == {}
    assert (task.when, task.on_lost, task.allow_failure) == (True, OnLost.RETRY, False)


TREE = """
tasks:
  - id: s
    type: core.flow.Sequential
    tasks: [{id: a, type: t}, {id: i, type: core.flow.If, condition: 1, then: [{id: b, type: t}], else: [{id: c, type: t}]}]
    errors: [{id: d, type: t}]
    finally: [{id: e, type: t}]
  - {id: w, type: core.flow.Switch, value: 1, cases: {1: [{id: f, type: t}]}, defaults: [{id: g, type: t}]}
  - {id: p, type: core.flow.Pause, tasks: [{id: h, type: t}]}
  - {id: r, type: core.flow.Parallel, tasks: [{id: j, type: t}]}
  - {id: l, type: core.flow.ForEach, values: [], tasks: [{id: k, type: t}]}
errors: [{id: y, type: t}]
finally: [{id: z, type: t}]
"""


def test_all_tasks_of_the_tree_are_found_each_before_those_inside():
    """In the order of the YAML, errors and finally included."""
    flow = flow_of(TREE)

    assert [task.id for task in flow.all_tasks()] == list("saibcdewfgphrjlkyz")
    assert flow.by_id.keys() == set("saibcdewfgphrjlkyz")


@pytest.mark.parametrize("place", ["errors: [{id: b, type: t}]", "finally: [{id: b, type: t}]"])
def test_ids_are_unique_in_the_whole_tree(place: str):
    """A task run is found by its task's id."""
    with pytest.raises(Exception, match="task id `b` is used more than once"):
        flow_of(f"tasks: [{{id: a, type: core.flow.Sequential, tasks: [{{id: b, type: t}}]}}]\n{place}")


@pytest.mark.parametrize(("given", "labels"), [
    ("{a: b, n: 1, f: 2.5, t: true, off: false}", {"a": "b", "n": "1", "f": "2.5", "t": "true", "off": "false"}),
    ("[{key: a, value: b}, {key: n, value: 42}]", {"a": "b", "n": "42"}),
    ("{}", {}),
    ("{system.readOnly: true, system.correlationId: x}", {"system.readOnly": "true", "system.correlationId": "x"}),
])  # fmt: skip
def test_labels_are_a_map_or_a_list_of_pairs(given: str, labels: dict[str, str]):
    """Scalars become text as YAML wrote them."""
    assert flow_of(f"labels: {given}\ntasks: [{{id: a, type: t}}]").labels == labels


@pytest.mark.parametrize("given", ["[{value: b}]", "[1]", "{a: [1]}", "{a: null}", "[{key: a}]", "{system.from: x}"])
def test_other_labels_are_refused(given: str):
    """Nested values, nulls, and names that are onbeat's own."""
    with pytest.raises(Exception, match="labels"):
        flow_of(f"labels: {given}\ntasks: [{{id: a, type: t}}]")


@pytest.mark.parametrize(("facts", "said"), [
    ({"type": "constant"}, "a retry of type `constant` needs `interval`"),
    ({}, "a retry of type `constant` needs `interval`"),
    ({"type": "exponential"}, "a retry of type `exponential` needs `interval` and `maxInterval`"),
    ({"type": "random", "minInterval": "PT1S"}, "a retry of type `random` needs `maxInterval`"),
    ({"type": "random", "minInterval": "PT2S", "maxInterval": "PT1S"}, "`maxInterval` must not be less than the interval it bounds"),
    ({"type": "exponential", "interval": "PT2S", "maxInterval": "PT1S"}, "`maxInterval` must not be less"),
    ({"interval": "PT10S", "maxDuration": "PT10S"}, "`maxDuration` must be longer than the interval"),
    ({"type": "random", "minInterval": "PT2S", "maxInterval": "PT3S", "maxDuration": "PT1S"}, "`maxDuration` must be longer"),
    ({"interval": "PT1S", "maxAttempts": 0}, "greater than or equal to 1"),
    ({"type": "exponential", "interval": "PT1S", "maxInterval": "PT9S", "delayFactor": 0.5}, "greater than or equal to 1"),
])  # fmt: skip
def test_a_retry_has_what_its_type_needs(facts: dict[str, object], said: str):
    """The keys that are missing are named."""
    with pytest.raises(ValidationError, match=said.replace("(", r"\(")):
        Retry.model_validate(facts)


def test_an_slas_labels_are_not_the_systems():
    """They are set by onbeat only."""
    with pytest.raises(ValidationError, match=r"reserved: `system\.x`"):
        Sla.model_validate({"id": "a", "type": "MAX_DURATION", "duration": "PT1S", "labels": {"system.x": "y"}})


def test_a_retrys_old_name_is_read():
    """`maxAttempt` is Kestra's before 0.24."""
    assert Retry.model_validate({"interval": "PT1S", "maxAttempt": 3}).max_attempts == 3


def test_a_flow_does_not_change_after_loading():
    """Executions are pinned to it."""
    with pytest.raises(ValidationError):
        flow_of("tasks: [{id: a, type: t}]").id = "other"  # type: ignore[misc]


def test_a_task_that_is_one_already_is_taken():
    """So that a flow can be built of parts."""
    task = RunnableTask(id="a", type="t")
    flow = Flow.model_validate({"id": "f", "namespace": "n", "tasks": [task]}, context=CONTEXT)

    assert flow.tasks == (task,)


def test_without_its_context_every_task_is_runnable():
    """Only parse knows the constructs: flow.py does not import them."""
    flow = Flow.model_validate({"id": "f", "namespace": "n", "tasks": [{"id": "a", "type": "core.flow.Sequential", "tasks": []}]})

    assert isinstance(flow.tasks[0], RunnableTask)


def test_a_construct_without_its_own_file_cannot_open():
    """FlowableSpec is what constructs have in common, and none itself."""
    spec = FlowableSpec(id="a", type="x")
    assert spec.limit == 0
    for call in (lambda: spec.open(lambda field: None), lambda: spec.lane(None, 0)):  # type: ignore[arg-type]
        with pytest.raises(NotImplementedError):
            call()


@pytest.mark.parametrize("text", ["core.flow.Sequential", "core.flow.If"])
def test_keys_of_a_construct_are_checked(text: str):
    """A construct takes no options of its own invention."""
    with pytest.raises(Exception, match="unknown key `zzz`"):
        flow_of(f"tasks: [{{id: a, type: {text}, zzz: 1, condition: 1, then: [{{id: b, type: t}}], tasks: [{{id: c, type: t}}]}}]")
