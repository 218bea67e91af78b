"""The example on each task's page is a flow that onbeat takes."""

import inspect
import re
from typing import Any

import pytest

from onbeat.core.flow import RunnableTask
from onbeat.engine.loader import check_flow
from onbeat.ports import TaskOptions
from onbeat.registry import TASKS, Registry

OURS = [name for name, module in TASKS.items() if module not in ("kafka", "mqtt")]


@pytest.mark.parametrize("name", OURS)
def test_the_example_of_a_page_is_a_flow_that_is_taken(name: str) -> None:
    """It parses, it uses the task, and the task's own checks have nothing against its options."""
    registry = Registry()
    flow, _ = check_flow("id: example\nnamespace: company.team\n" + _example(registry.task(name)), "example.yaml", registry)
    used = {task.type for task in flow.by_id.values() if isinstance(task, RunnableTask)}
    assert used & {name, *registry.task(name).names}


def _example(kind: type[TaskOptions]) -> str:
    found = re.search(r"^Example:\n\n```yaml\n(.*?)^```$", inspect.getdoc(kind) or "", re.MULTILINE | re.DOTALL)
    assert found, f"the docstring of {kind.__name__} has no example"
    return found[1]


@pytest.mark.parametrize("name", OURS)
def test_every_option_can_be_written_as_kestra_does(name: str) -> None:
    """Names of options are camelCase: a snake_case name on a page would be one that a Kestra user does not know."""
    schema: dict[str, Any] = Registry().task(name).model_json_schema(by_alias=True)
    assert [option for option in schema.get("properties", {}) if "_" in option] == []
