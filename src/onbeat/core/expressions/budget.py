"""Bound what one evaluation may cost, in steps that stand for time and memory alike.

An expression runs on the engine's loop: one that never ends, or builds a text of gigabytes, stops every execution. A clock would
make the same expression fail on a slow day only, so steps are counted: the same evaluation always costs the same.

Rules
1. A loop pays for each item by the size of its body, a filter and a call by what they read and give, a macro by its body.
2. No text grows beyond TEXT characters and no list beyond ITEMS items, whatever is left.
3. Nested renderings (`render`) pay from the same budget.
"""

from collections.abc import Sized
from typing import Any

from onbeat.core.expressions.errors import ExpressionError

STEPS = 100_000
"""10 to 100 ms of processor time, by what they are spent on; `make fuzz` watches that."""

TEXT = 1_000_000
"""Characters of output, and of any text on the way."""

ITEMS = 100_000
"""Items of any list that an expression builds."""

SOURCE = 65_536
"""Characters of one text with expressions."""

RENDERINGS = 100
"""How often `render` may render its own result again."""

RENDERING = 500
"""Steps that one nested rendering costs before it does anything: compiling is the dear part."""

NESTED = 30
"""How deep renderings may call each other."""


class Budget:
    """What is left to spend on one evaluation."""

    __slots__ = ("left", "nested")

    def __init__(self) -> None:
        self.left = STEPS
        self.nested = 0

    def spend(self, steps: int) -> None:
        """Pay, or fail when it takes too many steps."""
        self.left -= steps
        if self.left < 0:
            raise ExpressionError("takes too many steps; do this work in a task, for example a script")


def weight(value: Any) -> int:
    """Steps that reading or giving the value costs."""
    if type(value) is str:
        return len(value) >> 6
    return len(value) if isinstance(value, Sized) else 0


def writing(text: str) -> int:
    """Steps that writing a value as that JSON text costs, or reading it: each value inside is looked at."""
    inside = text.count(",") + text.count("[") + text.count("{")
    return (len(text) >> 6) + (8 + (inside >> 2) if inside else 0)


def check_text(length: int) -> None:
    """Refuse a text of that length."""
    if length > TEXT:
        raise ExpressionError(f"gives a text of more than {TEXT:,} characters")


def check_items(length: int) -> None:
    """Refuse a list of that length."""
    if length > ITEMS:
        raise ExpressionError(f"gives a list of more than {ITEMS:,} items")
