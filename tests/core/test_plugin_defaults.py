"""Plugin defaults: written once for a type, filled into each task before it is checked."""

import pytest

from onbeat.core.flow import PluginDefault
from onbeat.core.parse import parse_flow, parse_trigger
from onbeat.core.plugin_defaults import server_defaults
from onbeat.errors import InvalidFile, UserError

HEAD = "id: x\nnamespace: n\n"
LOG = "  - {id: a, type: io.kestra.plugin.core.log.Log, message: hi%s}\n"


def options(defaults: str, task: str = LOG % "", server: tuple[PluginDefault, ...] = ()) -> dict[str, object]:
    """The options of the task `a` of a flow with these defaults."""
    flow, _ = parse_flow(f"{HEAD}{defaults}\ntasks:\n{task}", "f.yaml", server)
    return flow.by_id["a"].model_dump(by_alias=True)


def default(type_: str, forced: bool = False, **values: object) -> PluginDefault:
    """One of the server's defaults."""
    return PluginDefault(type=type_, forced=forced, values=values)


@pytest.mark.parametrize(
    "type_", ["io.kestra.plugin.core.log.Log", "core.log.Log", "io.kestra.core.tasks.log.Log", "io.kestra.plugin.core", "io.kestra"]
)
def test_a_type_is_named_whole_or_by_its_beginning(type_: str):
    """Rule 1: in Kestra's names, old and new, and in ours."""
    assert options(f"pluginDefaults: [{{type: {type_}, values: {{level: WARN}}}}]")["level"] == "WARN"


def test_the_old_name_means_the_same():
    """`taskDefaults` is what Kestra called them."""
    assert options("taskDefaults: [{type: core.log.Log, values: {level: WARN}}]")["level"] == "WARN"


def test_the_more_exact_type_wins():
    """Rule 1: whatever the order in which they are written."""
    two = "{type: core.log.Log, values: {level: WARN}}", "{type: core.log, values: {level: DEBUG, extra: 1}}"
    for order in (two, two[::-1]):
        found = options(f"pluginDefaults: [{', '.join(order)}]")
        assert (found["level"], found["extra"]) == ("WARN", 1)


def test_the_task_wins_over_the_flow_and_the_flow_over_the_server():
    """Rule 2, without force."""
    server = (default("core.log.Log", level="TRACE", more="server"),)
    own = "pluginDefaults: [{type: core.log.Log, values: {level: WARN, message: other}}]"
    found = options(own, server=server)
    assert (found["message"], found["level"], found["more"]) == ("hi", "WARN", "server")


def test_forced_values_win_the_other_way_round():
    """Rule 2: the server's over the flow's, both over the task's."""
    server = (default("core.log.Log", forced=True, level="TRACE"),)
    own = "pluginDefaults: [{type: core.log.Log, forced: true, values: {level: WARN, message: forced}}]"
    found = options(own, server=server)
    assert (found["message"], found["level"]) == ("forced", "TRACE")


def test_maps_are_merged_and_lists_are_not():
    """Rule 2: an option inside an option, too."""
    task = "  - {id: a, type: core.http.Request, options: {auth: {user: me}}, list: [3]}\n"
    found = options("pluginDefaults: [{type: core.http, values: {options: {auth: {user: x, password: y}, t: 1}, list: [1, 2]}}]", task)
    assert (found["options"], found["list"]) == ({"auth": {"user": "me", "password": "y"}, "t": 1}, [3])


EVERYWHERE = """\
pluginDefaults:
  - {type: io.kestra.plugin.core.log, values: {mark: 1}}
  - {type: io.kestra.plugin.core.runner, values: {mark: 1}}
  - {type: io.kestra.plugin.core.trigger, values: {mark: 1}}
  - {type: io.kestra.plugin.core.condition, values: {mark: 1}}
tasks:
  - id: s
    type: core.flow.Sequential
    tasks:
      - id: a
        type: core.log.Log
        taskRunner: {type: io.kestra.plugin.core.runner.Process}
        data: {type: io.kestra.plugin.core.log.Log}
triggers:
  - id: t
    type: core.trigger.Flow
    conditions:
      - {type: core.condition.Not, conditions: [{type: core.condition.Weekend}]}
  - id: m
    type: core.trigger.Flow
    conditions:
      - type: core.condition.MultipleCondition
        conditions: {one: {type: core.condition.ExecutionFlow}}
"""


def test_tasks_at_any_depth_triggers_conditions_and_task_runners_are_filled():
    """Rule 3: and data that looks like a plugin is not."""
    flow, _ = parse_flow(HEAD + EVERYWHERE, "f.yaml")
    task = flow.by_id["a"].model_dump()
    assert (task["mark"], task["taskRunner"]["mark"], task["data"]) == (1, 1, {"type": "io.kestra.plugin.core.log.Log"})
    first, second = flow.triggers
    assert (first["mark"], first["conditions"][0]["mark"], first["conditions"][0]["conditions"][0]["mark"]) == (1, 1, 1)
    assert second["conditions"][0]["conditions"]["one"]["mark"] == 1


def test_a_retry_for_all_types_is_for_tasks():
    """Rule 4: the server's default retry is no unknown key of a trigger."""
    retry = {"type": "constant", "interval": "PT1S", "maxAttempts": 2}
    flow, _ = parse_flow(
        HEAD + "tasks:\n" + LOG % "" + "triggers: [{id: t, type: core.trigger.Schedule, cron: '* * * * *'}]\n", "f.yaml",
        (default("io.kestra", retry=retry),),
    )  # fmt: skip
    assert flow.by_id["a"].retry is not None
    assert flow.triggers[0] == {"id": "t", "type": "core.trigger.Schedule", "cron": "* * * * *"}


def test_stand_alone_triggers_get_the_servers_defaults():
    """A trigger in a file of its own."""
    text = "id: t\ntype: kafka.RealtimeTrigger\ntopic: a\nflow: {namespace: n, id: f}\n"
    trigger, _ = parse_trigger(text, "t.yaml", (default("kafka", groupId="g", topic="b"),))
    assert trigger.settings == {"topic": "a", "groupId": "g"}


def test_what_is_wrong_is_told_where_it_stands():
    """A value from pluginDefaults has its line there; the task's own keeps its own."""
    text = HEAD + "pluginDefaults:\n  - type: core.log.Log\n    values:\n      retry: {type: constant, interval: never}\ntasks:\n"
    with pytest.raises(InvalidFile) as found:
        parse_flow(text + LOG % ", disabled: 7", "f.yaml")
    assert [(problem.line, problem.message.split(":")[0]) for problem in found.value.problems] == [
        (6, "`tasks.0.retry.interval`"),
        (8, "`tasks.0.disabled`"),
    ]


def test_what_the_server_gives_stands_at_the_task():
    """There is no other place in the file."""
    with pytest.raises(InvalidFile) as found:
        parse_flow(HEAD + "tasks:\n" + LOG % "", "f.yaml", (default("core.log.Log", retry={"type": "constant", "interval": "never"}),))
    assert [problem.line for problem in found.value.problems] == [4]


@pytest.mark.parametrize(
    ("defaults", "said"),
    [
        ("pluginDefaults: 3", "3:17: `pluginDefaults`: must be a list"),
        ("pluginDefaults: [3]", "3:18: `pluginDefaults.0`: must be a map"),
        ("pluginDefaults: [{values: {level: WARN}}]", "3:18: `type` is missing in `pluginDefaults.0`"),
        ("pluginDefaults: [{type: core, values: 3}]", "3:39: `pluginDefaults.0.values`: must be a map"),
        ("pluginDefaults: [{type: core}]", "3:18: `values` is missing in `pluginDefaults.0`"),
        ("pluginDefaults: [{type: core, values: {}, forced: x}]", "3:51: `pluginDefaults.0.forced`: must be true or false"),
        ("pluginDefaults: [{type: core, values: {}, value: {}}]", "3:43: unknown key `value`; did you mean `values`?"),
    ],
)
def test_malformed_defaults_are_told_and_fill_nothing(defaults: str, said: str):
    """Rule 5: by the flow's model, one problem each."""
    with pytest.raises(InvalidFile) as found:
        options(defaults)
    assert [str(problem) for problem in found.value.problems] == [f"f.yaml:{said}"]


def test_a_small_file_does_not_become_a_large_one():
    """Rule 5: thousands of tasks times thousands of values are refused with the line."""
    values = ", ".join(f"k{index}" for index in range(1_000))
    tasks = "".join(f"  - {{id: t{index}, type: my.Task}}\n" for index in range(1_000))
    with pytest.raises(InvalidFile, match="more than 200,000 values") as found:
        parse_flow(f"{HEAD}pluginDefaults:\n  - type: my.Task\n    values: {{all: [{values}]}}\ntasks:\n{tasks}", "f.yaml")
    assert found.value.problems[0].line == 5


def test_a_default_does_not_rename_what_it_fills():
    """`id` and `type` are the task's own, also against force."""
    found = options("pluginDefaults: [{type: core.log.Log, forced: true, values: {id: b, type: other.Type}}]")
    assert (found["id"], found["type"]) == ("a", "core.log.Log")


def test_the_servers_setting_is_checked():
    """As the flow's is."""
    assert server_defaults([{"type": "io.kestra.plugin.core.log.Log", "values": {"level": "WARN"}}])[0].type == "core.log.Log"
    with pytest.raises(UserError, match="plugin_defaults"):
        server_defaults([{"values": {}}])
