"""Names of types: many are read, one is written."""

import pytest

from onbeat.core.type_names import long_type, long_types, short_type


@pytest.mark.parametrize(
    ("given", "short"),
    [
        ("io.kestra.plugin.core.log.Log", "core.log.Log"),
        ("io.kestra.core.tasks.log.Log", "core.log.Log"),
        ("io.kestra.core.tasks.flows.EachSequential", "core.flow.EachSequential"),
        ("io.kestra.core.tasks.states.Get", "core.state.Get"),
        ("io.kestra.core.models.triggers.types.Webhook", "core.trigger.Webhook"),
        ("io.kestra.core.models.conditions.types.DayWeekCondition", "core.condition.DayWeekCondition"),
        ("io.onbeat.core.event.Publish", "core.event.Publish"),
        ("core.log.Log", "core.log.Log"),
        ("com.acme.Task", "com.acme.Task"),
    ],
)
def test_every_spelling_is_read_as_one_type(given: str, short: str):
    """Kestra's packages, old and new; what is none of them stays."""
    assert short_type(given) == short


@pytest.mark.parametrize("name", ["core.log.Log", "core.flow.Loop", "core.trigger.Webhook", "kafka.RealtimeTrigger"])
def test_kestras_names_are_written_in_full(name: str):
    """And read back as what they were, like all the others that mean it."""
    assert long_type(name) == f"io.kestra.plugin.{name}"
    assert long_types(name)[0] == long_type(name)
    assert {short_type(other) for other in long_types(name)} == {name}


@pytest.mark.parametrize("name", ["core.event.Publish", "core.trigger.Event", "core.flow.WaitForEvent", "files.Watch", "io.acme.Task"])
def test_what_only_onbeat_has_keeps_its_name(name: str):
    """Kestra has no such type."""
    assert long_type(name) == name
