"""Logic: conditions of conditions, and how a condition is read."""

import inspect
import re
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

from onbeat.core.conditions import KINDS, Conditions, flattened, read_condition
from onbeat.core.conditions.condition import Condition
from onbeat.core.conditions.days import WEEK
from onbeat.core.parse import parse_trigger
from onbeat.errors import InvalidFile
from tests.core.conditions.facts import condition, execution, facts

WEEKEND = {"type": "core.condition.Weekend"}
NEVER = {"type": "core.condition.Expression", "expression": False}
ALWAYS = {"type": "core.condition.Expression", "expression": True}


@pytest.mark.parametrize(("type_", "inner", "holds"), [
    ("Not", [NEVER], True), ("Not", [NEVER, NEVER], True), ("Not", [NEVER, ALWAYS], False), ("Not", [ALWAYS], False),
    ("Or", [NEVER], False), ("Or", [NEVER, ALWAYS], True), ("Or", [ALWAYS, ALWAYS], True),
    ("Not", [{"type": "core.condition.Not", "conditions": [ALWAYS]}], True),
])  # fmt: skip
def test_not_is_none_of_them_and_or_is_one_of_them(type_: str, inner: list[Any], holds: bool):
    """Nested as deep as one likes."""
    found = condition(type_, conditions=inner)
    assert found.holds(facts()) is holds
    assert found.saw(facts())


def test_several_are_worth_counting_when_one_holds():
    """MultipleCondition by itself: whether all came within a window is the correlation's to say."""
    flows = {name: {"type": "core.condition.ExecutionFlow", "namespace": "shop", "flowId": name} for name in ("pay", "ship")}
    found = condition("MultipleCondition", id="both", conditions=flows)
    assert found.holds(facts(upstream=execution()))
    assert not found.holds(facts(upstream=execution(flow="shop.other")))
    assert "ship: the execution is of shop.other" in found.saw(facts(upstream=execution(flow="shop.other")))
    assert not found.needs_runs
    retried = {"again": {"type": "core.condition.HasRetryAttempt"}}
    assert condition("MultipleCondition", id="both", conditions=retried).needs_runs


@pytest.mark.parametrize("name", KINDS)
def test_every_name_in_every_package_is_read(name: str):
    """With and without `Condition`, Kestra's older and newer packages, and ours."""
    kind = KINDS[name]
    example = _example(kind)
    for package in ("core.condition.", "io.kestra.plugin.core.condition.", "io.kestra.core.models.conditions.types."):
        assert type(read_condition({**example, "type": package + name})) is kind


def _example(kind: type[Condition]) -> Any:
    """The example of a condition's own page."""
    (page,) = re.findall(r"```yaml\n(.*?)```", inspect.cleandoc(kind.__doc__ or ""), re.DOTALL)
    (example,) = yaml.safe_load(page)
    return example


@pytest.mark.parametrize("kind", dict.fromkeys(KINDS.values()), ids=lambda kind: kind.__name__)
def test_the_example_of_each_page_is_read(kind: type[Condition]):
    """What the documentation shows can be loaded, and bears the condition's own name."""
    found = read_condition(_example(kind))
    assert isinstance(found, kind)
    assert found.name == kind.names[0]


@pytest.mark.parametrize(("value", "said"), [
    ({"type": "core.condition.DayWeak"}, "did you mean `core.condition.DayWeek`"),
    ({"type": "core.log.Log"}, "there is no condition `core.log.Log`"),
    ({"expression": "x"}, "a condition is a map with `type`"),
    ("Weekend", "a condition is a map with `type`"),
])  # fmt: skip
def test_what_is_no_condition_is_told(value: Any, said: str):
    """With the nearest right name."""
    with pytest.raises(ValueError, match=said):
        read_condition(value)


def test_an_error_inside_says_where_it_is():
    """The path goes down to the condition inside the condition."""
    with pytest.raises(ValidationError) as wrong:
        TypeAdapter(Conditions).validate_python([{"type": "core.condition.Not", "conditions": [WEEKEND, {**WEEKEND, "day": 1}]}])
    (error,) = wrong.value.errors()
    assert error["loc"] == (0, "conditions", 1, "day")


def test_conditions_inside_conditions_are_found():
    """At any depth, the outer before the inner."""
    found = condition("Not", conditions=[{"type": "core.condition.Or", "conditions": [WEEKEND]}, NEVER])
    assert [each.name for each in flattened([found])] == ["Not", "Or", "Weekend", "Expression"]
    retry = {"type": "core.condition.HasRetryAttempt"}
    assert condition("Not", conditions=[retry]).needs_runs
    assert condition("Or", conditions=[WEEKEND, retry]).needs_runs
    assert not found.needs_runs


FILE = """
id: t
type: core.trigger.Schedule
cron: "* * * * *"
flow: {namespace: n, id: f}
conditions:
  - type: core.condition.Not
    conditions:
      - type: core.condition.TimeBetween
        aftr: "08:00Z"
        before: "09:00Z"
      - type: core.condition.DayWeek
        dayOfWeek: FRYDAY
"""


def test_what_is_wrong_in_a_file_has_its_line_and_the_nearest_key():
    """One problem for each mistake, however deep it stands."""
    with pytest.raises(InvalidFile) as wrong:
        parse_trigger(FILE, "t.yaml")
    assert [str(problem) for problem in wrong.value.problems] == [
        "t.yaml:10:9: unknown key `aftr`; did you mean `after`?",
        "t.yaml:13:20: `conditions.0.conditions.1.dayOfWeek`: `FRYDAY` is not a day of the week; write one of " + ", ".join(WEEK),
    ]


@pytest.mark.parametrize("type_", ["Not", "Or"])
def test_there_must_be_a_condition(type_: str):
    """An empty list means nothing."""
    with pytest.raises(ValidationError, match="at least one condition"):
        condition(type_, conditions=[])
