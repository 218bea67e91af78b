"""The registry: a type's class by its name, its plugin imported on first use only."""

import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from onbeat import registry
from onbeat.errors import UserError
from onbeat.plugins.log import Log
from onbeat.registry import RENAMED, SOURCES, TASKS, Registry


@pytest.mark.parametrize("name", sorted(TASKS))
def test_every_task_type_is_there(name: str) -> None:
    """Under its own name and Kestra's full one."""
    found = Registry().task(name)
    assert name in found.names
    assert Registry().task(f"io.kestra.plugin.{name}") is found


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_every_trigger_type_is_there(name: str) -> None:
    """Under its own name."""
    assert name in Registry().source(name).names


def test_old_names_mean_the_same() -> None:
    """`io.kestra.core.tasks.log.Log` is `core.log.Log`."""
    assert Registry().task("io.kestra.core.tasks.log.Log") is Log


@pytest.mark.parametrize(("before", "now"), RENAMED.items())
def test_renamed_types_are_found(before: str, now: str) -> None:
    """What Kestra called otherwise before, task or trigger, is the present one."""
    found = Registry().task if now in TASKS else Registry().source
    assert found(before) is found(now)


def test_an_unknown_type_gets_the_nearest_name() -> None:
    """A task's among tasks, a trigger's among triggers."""
    with pytest.raises(UserError, match=r"`core\.log\.Log`"):
        Registry().task("core.log.Logg")
    with pytest.raises(UserError, match=r"`core\.trigger\.Schedule`"):
        Registry().source("core.trigger.Shedule")


def test_the_bus_decides_what_an_event_trigger_is() -> None:
    """On a Kafka bus `core.trigger.Event` listens to Kafka."""
    found = Registry({"core.trigger.Event": "kafka.EventTrigger"}).source("core.trigger.Event")
    assert "kafka.EventTrigger" in found.names


def test_a_missing_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra's name, not a traceback."""

    def missing(name: str) -> None:
        raise ModuleNotFoundError("No module named 'snakebite'", name="snakebite")

    monkeypatch.setattr(registry.importlib, "import_module", missing)
    with pytest.raises(UserError, match=r"pip install 'onbeat\[kafka\]'"):
        Registry().task("kafka.Produce")


def test_plugins_from_outside_come_by_entry_points(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module with PROVIDES, found by the package's part of the type's name."""
    point = EntryPoint("acme", "onbeat.plugins.log", "onbeat.plugins")
    monkeypatch.setattr(registry, "entry_points", lambda group: [point])
    with pytest.raises(UserError, match="there is no task type"):
        Registry().task("acme.Nothing")
    assert Registry().task("core.log.Log") is Log


def test_nothing_is_imported_before_it_is_used() -> None:
    """A daemon without Kafka has no Kafka client in memory."""
    program = (
        "import sys, onbeat.registry; print([name for name in sys.modules if name.startswith(('aiokafka', 'aiomqtt', 'onbeat.plugins.'))])"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip() == "[]"
