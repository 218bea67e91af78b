"""The catalog: what new executions start with, and the revisions that running ones are pinned to."""

from pathlib import Path

import pytest

from onbeat.core.flow import Flow
from onbeat.core.parse import parse_flow
from onbeat.engine.catalog import Catalog, LoadedFlow
from onbeat.errors import NotFound
from onbeat.stores.memory import MemoryStore
from tests.engine.harness import node_with

TEXT = "id: f\nnamespace: t\ntasks: [{id: a, type: core.debug.Return, format: '%s'}]\n"


def flow(revision: int) -> Flow:
    """A revision of a flow."""
    parsed, _ = parse_flow(TEXT % revision, "f.yaml")
    return parsed.model_copy(update={"revision": revision})


def test_served_is_the_newest_and_old_revisions_stay_at_hand() -> None:
    """Serving a revision replaces the one before for new starts only; withdrawing leaves revisions."""
    catalog = Catalog(MemoryStore())
    for revision in (1, 2):
        catalog.serve(LoadedFlow(flow(revision)))
    found = catalog.find("t", "f")
    assert found is not None
    assert found.flow.revision == 2
    assert catalog.present("t", "f", 1) is not None
    catalog.withdraw("t", "f")
    assert catalog.find("t", "f") is None
    assert catalog.names() == []
    assert catalog.present("t", "f", 2) is not None


async def test_a_revision_comes_from_the_store() -> None:
    """Parsed once, then from memory; one that never was is not found."""
    store = MemoryStore()
    await store.open()
    await store.keep_flow("t", "f", TEXT % "old", "hash", 1, "f.yaml")
    catalog = Catalog(store)
    first = await catalog.revision("t", "f", 1)
    assert first.flow.revision == 1
    assert await catalog.revision("t", "f", 1) is first
    with pytest.raises(NotFound, match="revision 2"):
        await catalog.revision("t", "f", 2)


def test_options_are_compiled_once() -> None:
    """A task's template is the same object each time."""
    loaded = LoadedFlow(flow(1))
    assert loaded.template("a") is loaded.template("a")


async def test_a_running_execution_keeps_its_revision(tmp_path: Path) -> None:
    """Edited while it waits, across a restart: it ends with the flow it started with."""
    old = """
id: f
namespace: t
tasks:
  - {id: wait, type: core.flow.Pause}
  - {id: say, type: core.debug.Return, format: old}
"""
    store = MemoryStore()
    async with node_with(store, {"f.yaml": old}, tmp_path, sources=False) as node:
        execution = await node.start("t", "f")
    async with node_with(store, {"f.yaml": old.replace("format: old", "format: new")}, tmp_path, sources=False) as node:
        await node.resume(execution.id)
        assert (await node.engine.ended(execution.id)).runs[2].outputs == {"value": "old"}
        assert (await node.find_flow("t", "f")).flow.revision == 2


@pytest.mark.parametrize(("limit", "wide"), [(0, True), (501, True), (500, False), (1, False)])
def test_a_loop_without_a_small_limit_is_wide(limit: int, wide: bool) -> None:
    """It may touch thousands of task runs in one step; found also inside other constructs."""
    text = f"""
id: f
namespace: t
tasks:
  - id: if
    type: core.flow.If
    condition: "{{{{ true }}}}"
    then:
      - {{id: each, type: core.flow.ForEach, values: [1], concurrencyLimit: {limit}, tasks: [{{id: a, type: core.log.Log, message: x}}]}}
"""
    parsed, _ = parse_flow(text, "f.yaml")
    assert LoadedFlow(parsed).wide is wide
