"""Run a whole node in a test: the real shell on a store of the test's choice, without files, brokers or a network.

`node_with(store, {"a.yaml": text})` is a running node with those flows; plugins and engine are the real ones.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from onbeat.core.execution import Execution
from onbeat.daemon import running
from onbeat.engine.node import Node
from onbeat.ports import Clock
from onbeat.settings import Settings


def write_flows(directory: Path, flows: Mapping[str, str]) -> Path:
    """The flows as files; returns their directory."""
    target = directory / "flows"
    target.mkdir(exist_ok=True)
    for name, text in flows.items():
        (target / name).write_text(text)
    return target


def settings_for(directory: Path, **more: Any) -> Settings:
    """Settings of a node under that directory, that waits for nothing at its stop."""
    facts: dict[str, Any] = {"data": directory / "data", "flows": [directory / "flows"], "triggers": [directory / "triggers"]}
    return Settings(**{**facts, "watch": False, "drain": 0.0, **more})


@asynccontextmanager
async def node_with(
    store: Any, flows: Mapping[str, str], directory: Path, *, clock: Clock | None = None, sources: bool = True, **more: Any
) -> AsyncIterator[Node]:
    """A running node with these flows on that store."""
    write_flows(directory, flows)
    settings = settings_for(directory, **more)
    async with running(settings, store, clock=clock, environment={}, sources=sources) as node:
        yield node


def states(execution: Execution) -> list[tuple[str, str | None, str]]:
    """Each task run as (task, value, state), in order of creation."""
    return [(run.task, run.value, run.state.value) for _, run in sorted(execution.runs.items())]
