"""The catalogue of plugins is what flows may name."""

import jsonschema_rs
import pytest

from onbeat.core.plan import FLOWABLES
from onbeat.engine.plugin_pages import catalogue, elements, input_page, input_types, page, schema_of
from onbeat.errors import NotFound
from onbeat.registry import SOURCES, TASKS


def test_every_type_is_in_it() -> None:
    """Tasks, constructs and triggers; none twice."""
    names = [each.name for each in elements()]
    assert len(set(names)) == len(names)
    assert {*TASKS, *FLOWABLES, *(name for name in SOURCES if not name.endswith("EventTrigger"))} <= {*names}


def test_plugins_are_groups_of_types() -> None:
    """And the groups within them, if asked for."""
    found = {each["group"]: each for each in catalogue()}
    assert {"io.kestra.plugin.core", "io.kestra.plugin.kafka", "io.onbeat.python"} <= found.keys()
    assert "io.kestra.plugin.core.log.Log" in [each["cls"] for each in found["io.kestra.plugin.core"]["tasks"]]
    assert all(each["subGroup"] is None for each in found.values())
    whole = catalogue(by_subgroup=True)
    (log,) = [each for each in whole if each["subGroup"] == "io.kestra.plugin.core.log"]
    assert {each["title"] for each in log["tasks"]} >= {"Log", "Fetch"}
    assert sum(len(each["tasks"]) for each in catalogue()) == sum(each.what == "task" for each in elements())


@pytest.mark.parametrize("name", ["core.log.Log", "io.kestra.plugin.core.log.Log", "io.kestra.core.tasks.log.Log"])
def test_a_page_is_found_by_any_name(name: str) -> None:
    """With words and a schema."""
    found = page(name)
    assert found["markdown"].startswith("# io.kestra.plugin.core.log.Log\n\nLogs a message")
    assert "- `message` (required)" in found["markdown"]
    assert "message" in found["schema"]["properties"]["properties"]


def test_every_type_has_a_page() -> None:
    """Whose schema is one, and refers to nothing that is not there."""
    for each in elements():
        made = page(each.name)["schema"]
        assert jsonschema_rs.meta.is_valid({**made["properties"], "$defs": made["definitions"]}), each.name


def test_inputs_have_pages() -> None:
    """Each type of them."""
    types = [each["type"] for each in input_types()]
    assert {"STRING", "SECRET", "INT", "BOOL", "BOOLEAN", "FILE", "SELECT", "ARRAY"} <= {*types}
    assert types == sorted(types)
    assert "`validator`" in input_page("string")["markdown"]


def test_what_is_not_there_is_told() -> None:
    """With the nearest name."""
    for wanted, near in (
        (lambda: page("core.log.Lg"), "core.log.Log"),
        (lambda: input_page("STRNG"), "STRING"),
        (lambda: schema_of("x"), "flow"),
    ):
        with pytest.raises(NotFound, match=near):
            wanted()


@pytest.mark.parametrize("what", ["flow", "TASK", "trigger"])
def test_schemas_are_schemas(what: str) -> None:
    """Of one, and of a list."""
    for many in (False, True):
        assert jsonschema_rs.meta.is_valid(schema_of(what, many=many))
    task = {"id": "a", "type": "core.log.Log", "message": "x"}
    tasks = jsonschema_rs.validator_for(schema_of("task", many=True))
    assert (tasks.is_valid([task]), tasks.is_valid([{**task, "mesage": 1}]), tasks.is_valid(task)) == (True, False, False)
