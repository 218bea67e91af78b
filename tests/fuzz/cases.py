"""One case of the campaign: made from a seed and a number, read as onbeat reads it, and judged.

Rules
1. A case is what its seed and number say, on every machine: a finding is two numbers.
2. Only errors of ours come out (onbeat/errors.py), and what an expression needs from outside. Anything else is a finding.
3. What a text is refused with can be printed.

Called by: worker.py, and by hand: `python -m tests.fuzz --show SEED:NUMBER`.
"""

from functools import cache
from random import Random
from typing import Any

from onbeat.core.expressions import NeedsOutside, compile_text, make_scope
from onbeat.core.yaml12 import parse
from onbeat.core.yaml_errors import YamlError
from onbeat.engine.loader import check_flow, check_trigger
from onbeat.errors import OnbeatError
from onbeat.registry import Registry
from tests.fuzz.documents import document
from tests.fuzz.expressions import expression, scope

KINDS = ("document", "expression")


def make(seed: int, number: int) -> tuple[str, str]:
    """The kind and the text of a case; kinds take turns."""
    choose = Random(seed * 1_000_000_007 + number)
    kind = KINDS[number % len(KINDS)]
    return kind, document(choose) if kind == "document" else expression(choose)


def judge(kind: str, text: str, seed: int = 0) -> str:
    """What came of it: `taken` or `refused`. Raises what is a finding."""
    if kind == "expression":
        return _judge_expression(text, seed)
    try:
        parse(text, "fuzz.yaml")
    except YamlError as wrong:
        str(wrong).encode()
    taken = "refused"
    for check in (check_flow, check_trigger):
        try:
            check(text, "fuzz.yaml", _registry())
            taken = "taken"
        except OnbeatError as wrong:
            str(wrong).encode()
    return taken


def _judge_expression(text: str, seed: int) -> str:
    try:
        compile_text(text).render({**_scope().names, "__random__": Random(seed).getrandbits})
    except NeedsOutside:
        return "taken"
    except OnbeatError as wrong:
        str(wrong).encode()
        return "refused"
    return "taken"


@cache
def _registry() -> Registry:
    return Registry()


@cache
def _scope() -> Any:
    return make_scope(scope())
