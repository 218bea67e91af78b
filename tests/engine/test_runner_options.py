"""Options that a task evaluates itself, and tasks that stand for others."""

from pathlib import Path
from typing import Any

import pytest

from onbeat.core.execution import Execution
from onbeat.core.states import State
from onbeat.ports import Metric, Outcome, TaskContext, TaskFailed
from onbeat.registry import Registry
from onbeat.stores.memory import MemoryStore
from tests.engine.faulty import Told
from tests.engine.harness import node_with


class Counted(Told):
    """Evaluates `each` for some numbers, beside what it was told."""

    names = ("test.Counted",)
    verbatim = frozenset({"each"})
    each: Any = None

    async def run(self, context: TaskContext) -> Outcome:
        found = [await context.render(self.each, {"n": n}) for n in range(3)]
        return Outcome(outputs={"found": found, "what": self.what})


@pytest.fixture(autouse=True)
def counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the type known."""
    real = Registry.task
    monkeypatch.setattr(Registry, "task", lambda self, name: Counted if name == "test.Counted" else real(self, name))


async def run(tmp_path: Path, task: str, inputs: dict[str, Any] | None = None) -> Execution:
    """Run one task to its end."""
    flow = f"id: f\nnamespace: t\ninputs: [{{id: a, type: STRING, defaults: x}}]\nvariables: {{v: 10}}\ntasks:\n  - {task}\n"
    async with node_with(MemoryStore(), {"f.yaml": flow}, tmp_path, sources=False) as node:
        assert node.trouble() == []
        return await node.engine.ended((await node.start("t", "f", inputs)).id)


async def test_a_task_evaluates_its_own_options_with_names_of_its_own(tmp_path: Path) -> None:
    """It sees what every expression sees as well; the other options are rendered as ever."""
    ended = await run(tmp_path, '{id: a, type: test.Counted, what: "{{ inputs.a }}", each: "{{ n + vars.v }}"}')
    assert ended.context["a"] == {"found": [10, 11, 12], "what": "x"}
    wrong = await run(tmp_path, '{id: a, type: test.Counted, what: y, each: "{{ m }}"}')
    assert "m" in (wrong.runs[1].error or "").split("`")


async def test_event_data_in_such_an_option_is_data(tmp_path: Path) -> None:
    """What an expression gives is not evaluated again."""
    ended = await run(tmp_path, '{id: a, type: test.Counted, what: y, each: "{{ inputs.a }}"}', {"a": "{{ vars.v }}"})
    assert ended.context["a"]["found"] == ["{{ vars.v }}"] * 3


TEMPLATED = "{id: a, type: core.templating.TemplatedTask, spec: %s}"


async def test_a_task_may_stand_for_another(tmp_path: Path) -> None:
    """Its outputs are that one's; also at second hand."""
    spec = '"{type: core.debug.Return, format: {{ inputs.a }}}"'
    assert (await run(tmp_path, TEMPLATED % spec)).context["a"] == {"value": "x"}
    nested = "\"{type: core.templating.TemplatedTask, spec: {type: core.debug.Return, format: '{{ inputs.a }}'}}\""
    assert (await run(tmp_path, TEMPLATED % nested)).context["a"] == {"value": "x"}


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ('"{type: core.debug.Nothing}"', "there is no task type `core.debug.Nothing`"),
        ('"{type: core.debug.Return, fromat: x}"', "`fromat`"),
        ('"{{ inputs.a }}"', "must be a map"),
    ],
)
async def test_what_does_not_stand_for_a_task_fails(tmp_path: Path, spec: str, said: str) -> None:
    """With what is wrong about the text."""
    ended = await run(tmp_path, TEMPLATED % spec)
    assert ended.state is State.FAILED
    assert said in (ended.runs[1].error or "")


async def test_a_script_may_stand_in(tmp_path: Path) -> None:
    """With a directory, as any script."""
    ended = await run(tmp_path, TEMPLATED % '"{type: scripts.shell.Script, script: pwd, outputFiles: [x]}"')
    assert ended.state is State.SUCCESS


async def test_metrics_of_a_failure_are_kept(tmp_path: Path, deeds: dict[str, Any]) -> None:
    """As its outputs are."""

    async def fail(context: TaskContext) -> Outcome:
        raise TaskFailed("no", metrics=(Metric(type="gauge", name="g", value=1.0),))

    deeds["fail"] = fail
    flow = "id: f\nnamespace: t\ntasks: [{id: a, type: test.Told, what: fail}]\n"
    async with node_with(MemoryStore(), {"f.yaml": flow}, tmp_path, sources=False) as node:
        ended = await node.engine.ended((await node.start("t", "f")).id)
        assert [row.name for row in await node.queries.metrics(ended.id)] == ["g"]
