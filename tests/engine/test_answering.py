"""What executions ask of the shell is answered, whatever goes wrong."""

from pathlib import Path
from typing import Any

import pytest

from onbeat.core.evolve import create
from onbeat.core.execution import Head
from onbeat.core.expressions import ExpressionError
from onbeat.core.parse import parse_flow
from onbeat.core.signals import ChildrenChosen, Chosen, Evaluated
from onbeat.engine.answering import Answering
from onbeat.engine.catalog import LoadedFlow
from onbeat.engine.masking import MASK, Mask
from onbeat.engine.payloads import Payloads
from onbeat.engine.storage import LocalStorage
from onbeat.errors import OutsideError, StoreBroken, UserError

FLOW, _ = parse_flow("id: f\nnamespace: t\ntasks: [{id: a, type: core.log.Log}]\noutputs: [{id: o, type: STRING, value: x}]", "f.yaml")
LOADED = LoadedFlow(FLOW)
EXECUTION = create(Head(id="e", namespace="t", flow="f", revision=1, created=0, correlation_id="e"))


class Masks:
    """Hides one word, and renders what the test says."""

    def __init__(self, rendered: Any = None) -> None:
        self.rendered = rendered

    def mask_of(self, head: Head) -> Mask:
        return Mask(["hunter2"])

    async def render(self, *given: Any, taint: Any = None) -> Any:
        if isinstance(self.rendered, BaseException):
            raise self.rendered
        return self.rendered


def answering(answer: Any) -> Answering:
    """One that answers `@it` so."""

    async def serve(loaded: LoadedFlow, execution: object, n: int) -> Any:
        if isinstance(answer, BaseException):
            raise answer
        return answer

    payloads = Payloads(LocalStorage(Path("nowhere")))
    return Answering(Masks(answer), payloads, {"@it": serve})  # type: ignore[arg-type]  # as much of an evaluator as it needs


@pytest.mark.parametrize("ask", ["@it", "@it 50"])
async def test_a_constructs_ask_is_served_by_its_name(ask: str) -> None:
    """Rule 2: what follows the name tells one ask from another."""
    assert await answering({"a": 1}).answer(LOADED, EXECUTION, 1, ask) == Evaluated(1, ask, {"a": 1})


async def test_executions_to_start_are_an_answer_of_their_own() -> None:
    """They are chosen, and not a value of the execution."""
    chosen = (Chosen("t", "f", 1),)
    assert await answering(chosen).answer(LOADED, EXECUTION, 1, "@it 0") == ChildrenChosen(1, "@it 0", chosen)


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (UserError("no such thing"), "no such thing"),
        (OutsideError("unreachable"), "unreachable"),
        (ExpressionError("not defined: hunter2"), f"not defined: {MASK}"),
        (RuntimeError("hunter2"), f"RuntimeError: {MASK}"),
        (TimeoutError(), "it was not evaluated within 60 s"),
    ],
)
@pytest.mark.parametrize("ask", ["@it", "outputs"])
async def test_what_goes_wrong_is_the_answer(problem: Exception, said: str, ask: str) -> None:
    """Rules 1 and 3: none is waited for in vain, and none says a secret."""
    n = 1 if ask == "@it" else 0
    assert await answering(problem).answer(LOADED, EXECUTION, n, ask) == Evaluated(n, ask, None, said)


@pytest.mark.parametrize("ask", ["@it", "outputs"])
async def test_a_broken_store_stops_the_process(ask: str) -> None:
    """It is no answer."""
    with pytest.raises(StoreBroken):
        await answering(StoreBroken("disk")).answer(LOADED, EXECUTION, 1 if ask == "@it" else 0, ask)


async def test_an_ask_that_nobody_serves_is_a_bug_that_is_told() -> None:
    """It fails its task, and not the daemon."""
    answer = await answering(None).answer(LOADED, EXECUTION, 1, "@other")
    assert isinstance(answer, Evaluated)
    assert answer.error == "KeyError: '@other'"
