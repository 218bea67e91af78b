"""Run regular expressions that cannot hang.

Python's `re` goes back and tries again: `(a+)+$` on thirty characters takes minutes, and it cannot be stopped. The patterns in flows
are small and plain, so what could be slow is recognised from the pattern and the length of the text, and refused.

Rules
1. A pattern that repeats something which itself varies in length, or refers back to a group, is refused.
2. With k parts that repeat without a bound, and something after them, the work grows like the length to the power k + 1; each part
   that may or may not be there multiplies it. Over LIMIT it is refused.
3. The replacement is Java's, as in Kestra: `$1` is a group, `\\$` a dollar sign.

Called by: the filters replace, split, regexMatch, regexExtract and regexReplace. Touches `re`'s parser (Python's own, no public name).
"""

import re
from functools import lru_cache
from re import _constants as code  # type: ignore[attr-defined]  # no public name
from re import _parser as parser  # type: ignore[attr-defined]  # no public name
from typing import Any

from onbeat.core.expressions.budget import check_text
from onbeat.core.expressions.context import Context
from onbeat.core.expressions.errors import ExpressionError

LIMIT = 8_000_000
"""Steps of going back that a match may take in the worst case: 100 to 200 ms."""

_LONGEST = 500
_REPEATS = (code.MAX_REPEAT, code.MIN_REPEAT, code.POSSESSIVE_REPEAT)
_MANY = 16
"""A repeat of up to this many is bounded."""
_ESCAPED = re.compile(r"\\.", re.DOTALL)
_SET_IN_SET = re.compile(r"\[\^?\]?[^\]]*(?:\[|--|&&|~~|\|\|)")
_GROUP = re.compile(r"\\(.)|\$([0-9])|\$\{([a-zA-Z][a-zA-Z0-9]*)\}", re.DOTALL)


def compile_pattern(context: Context, pattern: str, text: str) -> re.Pattern[str]:
    """The compiled pattern, once it is sure that it is quick on that text."""
    compiled, unbounded, ways = _compile(pattern)
    if ways * len(text) ** (unbounded + 1) > LIMIT:
        raise ExpressionError("the pattern could take too long on a text of this length; do this work in a task")
    context.budget.spend(1 + (len(text) >> 5))
    return compiled


def substitute(context: Context, pattern: str, replacement: str, text: str) -> str:
    """The text with all matches replaced; `$1` stands for a group."""
    compiled = compile_pattern(context, pattern, text)
    length = 0
    parts: list[str] = []
    end = 0
    for found in compiled.finditer(text):
        new = _GROUP.sub(lambda sign, found=found: _sign(sign, found), replacement)  # type: ignore[misc]  # bound per match
        length += len(new) + found.start() - end
        check_text(length)
        parts += (text[end : found.start()], new)
        end = found.end()
        context.budget.spend(2 + (len(replacement) >> 1))
    return "".join([*parts, text[end:]])


def _sign(sign: re.Match[str], found: re.Match[str]) -> str:
    if sign[1] is not None:
        return sign[1]
    try:
        return found[int(sign[2]) if sign[2] is not None else sign[3]] or ""
    except IndexError:
        raise ExpressionError("the replacement names a group that the pattern does not have") from None


@lru_cache(maxsize=256)
def _compile(pattern: str) -> tuple[re.Pattern[str], int, int]:
    if len(pattern) > _LONGEST:
        raise ExpressionError(f"the pattern has more than {_LONGEST} characters")
    if _SET_IN_SET.search(_ESCAPED.sub("", pattern)):
        raise ExpressionError("the pattern has a set inside of a set, or `--`, `&&`, `~~`, `||` in one; put a backslash before them")
    try:
        tree = parser.parse(pattern)
        return re.compile(pattern), *_cost(tree, inside=False, final=True)
    except (re.error, OverflowError, RecursionError) as error:
        raise ExpressionError(f"the pattern is not right: {getattr(error, 'msg', 'it is too large')}") from None


def _cost(tree: Any, *, inside: bool, final: bool) -> tuple[int, int]:
    """How many parts repeat without a bound, and in how many ways the rest can match at one place.

    inside: within a part that repeats. final: nothing comes after it, so a repeat never has to go back.
    """
    unbounded, ways = 0, 1
    steps = list(tree)
    for index, (operation, argument) in enumerate(steps):
        last = final and index == len(steps) - 1
        more, times = _cost_of(operation, argument, inside=inside, final=last)
        unbounded += more
        ways = min(ways * times, LIMIT)
    return unbounded, ways


def _cost_of(operation: Any, argument: Any, *, inside: bool, final: bool) -> tuple[int, int]:
    if operation in _REPEATS:
        return _cost_of_repeat(*argument, inside=inside, final=final)
    if operation is code.BRANCH:
        if inside:
            raise ExpressionError("the pattern repeats a choice, which can take for ever; write single characters as [ab]")
        costs = [_cost(choice, inside=False, final=final) for choice in argument[1]]
        return max(cost[0] for cost in costs), sum(cost[1] for cost in costs)
    if operation is code.SUBPATTERN:
        return _cost(argument[-1], inside=inside, final=final)
    if operation in (code.ASSERT, code.ASSERT_NOT):
        return _cost(argument[1], inside=inside, final=False)
    if operation is code.ATOMIC_GROUP:
        return _cost(argument, inside=inside, final=False)
    if operation in (code.GROUPREF, code.GROUPREF_EXISTS):
        raise ExpressionError("the pattern refers back to a group, which can take for ever")
    return 0, 1


def _cost_of_repeat(least: int, most: int, body: Any, *, inside: bool, final: bool) -> tuple[int, int]:
    if least != most and inside:
        raise ExpressionError("the pattern repeats something that itself repeats, which can take for ever")
    unbounded, ways = _cost(body, inside=inside or (least != most and most > 1), final=False)
    if least == most:
        return min(unbounded * most, _MANY), min(LIMIT, ways ** min(most, _MANY * 4))
    if most > _MANY:
        return unbounded + (0 if final else 1), ways
    return unbounded * max(most, 1), ways * (most - least + 1)
