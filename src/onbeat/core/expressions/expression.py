"""Compile a text with expressions once, evaluate it any number of times.

Compiling costs about a millisecond and evaluating a few microseconds, so compiled texts are kept; what they evaluate against changes
each time. Everything that can go wrong in either comes out as an ExpressionError that quotes the expression and its line.

Rules
1. A text that is one `{{ … }}`, white space around it aside, gives the value in its own type; any other text gives a text.
2. What comes out is plain JSON.
3. An error names the expression, its line, the whole path of a missing name and the nearest right one, and never a value.
4. NeedsOutside passes through, as does whatever a function from outside raises.

Called by: template.py for values; the API for checking single expressions.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from types import CodeType, TracebackType
from typing import Any, NoReturn

from jinja2 import nodes
from jinja2.exceptions import TemplateError, TemplateSyntaxError

from onbeat.core.expressions.budget import NESTED, RENDERING, SOURCE, Budget, check_text
from onbeat.core.expressions.context import Context, Scope
from onbeat.core.expressions.environment import ENVIRONMENT, FILTERS, FUNCTIONS, TESTS
from onbeat.core.expressions.errors import ExpressionError, NeedsOutside, OutsideFailed
from onbeat.core.expressions.functions import REACHING
from onbeat.core.expressions.generator import Generator
from onbeat.core.expressions.lookups import Loop
from onbeat.core.expressions.missing import Unfound, suggestion
from onbeat.core.expressions.parser import Parser, syntax_reason
from onbeat.core.expressions.taint import TAINT, Taint
from onbeat.core.expressions.texts import plain_value
from onbeat.core.names import did_you_mean

CACHED = 2_048
CACHED_LENGTH = 1_000
"""Compiled texts that are kept, and how long they may be: a long one is a hundred times its size when it is compiled."""

NODES = 2_500
LEVELS = 90
"""How large, and how deep, the tree of one text may be."""

LOOKED_FOR = 4
"""Characters that a part must have to be found in a text; with a shorter one all of the text counts as secret."""

_FILE = "<expression>"
_OPENS = re.compile(r"\{[{%]")
_SHOWN = 200

Root = Callable[[Context], Iterator[Any]]
Names = Mapping[str, Any]


class Expression:
    """One compiled text. reaches: the functions it names that reach outside. roots: the names it looks up in the scope."""

    __slots__ = ("_blocks", "_constants", "_lines", "_native", "_plain", "_root", "reaches", "roots", "source")

    def __init__(
        self,
        source: str,
        root: Root | None = None,
        *,
        native: bool = False,
        blocks: dict[str, list[Any]] | None = None,
        lines: tuple[tuple[int, int], ...] = (),
        reaches: frozenset[str] = frozenset(),
        roots: frozenset[str] = frozenset(),
        constants: frozenset[str] = frozenset(),
        plain: bool = False,
    ) -> None:
        self._constants = constants
        self._plain = plain
        self.source = source
        self.reaches = reaches
        self.roots = roots
        self._root = root
        self._native = native
        self._blocks = blocks or {}
        self._lines = lines

    @property
    def constant(self) -> bool:
        """Whether there is nothing to evaluate."""
        return self._root is None

    def render(self, scope: Scope | Names, budget: Budget | None = None) -> Any:
        """The value in that scope. `budget` is given when this evaluation is part of another."""
        if self._root is None:
            return self.source
        names = scope.names if isinstance(scope, Scope) else dict(scope)
        taint: Taint | None = names.get(TAINT)
        if taint is None:
            return self._evaluate(names, budget, None)
        before = taint.begin()
        try:
            return self._evaluate(names, budget, taint)
        except NeedsOutside as outside:
            if outside.uri is None or outside.uri not in taint.opened:
                raise
            return self.render(taint.clear(names), budget)
        finally:
            taint.touched |= before

    def _evaluate(self, names: dict[str, Any], budget: Budget | None, taint: Taint | None) -> Any:
        assert self._root is not None, "there is something to evaluate"
        context = Context(ENVIRONMENT, names, budget or Budget(), self._blocks, ENVIRONMENT.eval_ctx, _render_again)
        try:
            if self._native:
                for value in self._root(context):
                    result = plain_value(value)
                    if taint is not None and taint.touched:
                        taint.note(result)
                    return result
            return plain_value(self._text(context, taint))
        except NeedsOutside:
            raise
        except OutsideFailed as failed:
            raise failed.error from failed.error.__cause__
        except Exception as error:
            self._explain(error, names)

    def _text(self, context: Context, taint: Taint | None) -> str:
        parts: list[str] = []
        length = 0
        whole = False
        for part in self._root(context):  # type: ignore[misc]  # render returned before when there is none
            parts.append(part)
            length += len(part)
            check_text(length)
            if taint is not None:
                taint.given += 1
                if taint.touched and taint.given > taint.skipped and part not in self._constants:
                    taint.note(part)
                    whole = whole or len(part) < LOOKED_FOR
                    if self._plain:
                        taint.touched = taint.always
        text = "".join(parts)
        if whole and taint is not None:
            taint.note(text)
        return text

    def _explain(self, error: Exception, names: Names) -> NoReturn:
        """Raise what went wrong as a sentence, with the expression and its line."""
        if isinstance(error, ExpressionError) and error.line is not None:
            raise error
        line = self._line(error.__traceback__)
        if isinstance(error, Unfound):
            quoted, line = _quote(self.source, line, error.path)
            reason = f"Unable to find `{error.path}` used in the expression `{quoted}` at line {line}{suggestion(error, names)}"
            raise ExpressionError(reason, line, _column(self.source, line, quoted)) from None
        quoted, line = _quote(self.source, line)
        where = f"in the expression `{quoted}` at line {line}"
        raise ExpressionError(f"{_reason(error)}, {where}", line, _column(self.source, line, quoted)) from error

    def _line(self, trace: TracebackType | None) -> int:
        """The line of the text that the innermost generated code of a traceback stands for."""
        code_line = 0
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == _FILE:
                code_line = trace.tb_lineno
            trace = trace.tb_next
        return next((line for line, at in reversed(self._lines) if at <= code_line), 1)


def tags_of(text: str) -> Iterator[tuple[int, str]]:
    """Where each `{{ … }}` and `{% … %}` of a text begins, and itself; in time that grows with the text, however many are not closed."""
    at = 0
    open_: set[str] = set()
    while found := _OPENS.search(text, at):
        at = found.end()
        sign = "}}" if found[0] == "{{" else "%}"
        end = -1 if sign in open_ else text.find(sign, at)
        if end < 0:
            open_.add(sign)
            continue
        at = end + 2
        yield found.start(), text[found.start() : at]


def has_expressions(text: str) -> bool:
    """Whether there is anything to evaluate in the text."""
    return "{{" in text or "{%" in text or "{#" in text


def compile_text(source: str) -> Expression:
    """The compiled text. Raises ExpressionError with the line and column of what is wrong."""
    if not has_expressions(source):
        return Expression(source)
    if len(source) > SOURCE:
        raise ExpressionError(f"a text with expressions has more than {SOURCE:,} characters; put it into a file", 1, 1)
    if len(source) > CACHED_LENGTH:
        return _compile(source)
    found = _kept(source)
    if isinstance(found, ExpressionError):
        raise ExpressionError(found.reason, found.line, found.column)
    return found


def _render_again(value: Any, names: dict[str, Any], budget: Budget) -> Any:
    """A value with the expressions in its texts evaluated: what the function `render` does once."""
    budget.spend(1)
    if isinstance(value, Mapping):
        return {key: _render_again(item, names, budget) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_render_again(item, names, budget) for item in value]
    if not isinstance(value, str) or not has_expressions(value):
        return value
    if budget.nested >= NESTED:
        raise ExpressionError(f"renders texts that render texts, more than {NESTED} deep; one may contain itself")
    budget.spend(RENDERING + 2 * len(value))
    budget.nested += 1
    result = compile_text(value).render(Scope(names), budget)
    budget.nested -= 1
    return result


@lru_cache(maxsize=CACHED)
def _kept(source: str) -> Expression | ExpressionError:
    """The compiled text, or why it cannot be: a mistake that stands in a hundred places is looked at once."""
    try:
        return _compile(source)
    except ExpressionError as error:
        return error.with_traceback(None)


def _compile(source: str) -> Expression:
    parser = None
    try:
        parser = Parser(ENVIRONMENT, source)
        tree = parser.parse()
        reaches = _check(tree)
        native = _single(tree)
        constants = frozenset(node.data for node in tree.find_all(nodes.TemplateData))
        return _generate(source, tree, native, reaches, constants)
    except ExpressionError as error:
        line = error.line or 1
        raise ExpressionError(f"{error.reason}, at line {line}", line, _column(source, line, "")) from None
    except TemplateSyntaxError as error:
        line, column = _position(source, error.lineno, parser)
        raise ExpressionError(f"{syntax_reason(error)}, at line {line}, column {column}", line, column) from None
    except (RecursionError, MemoryError, SyntaxError, TemplateError):
        raise ExpressionError("the expression is nested too deeply", 1, 1) from None


def _check(tree: nodes.Template) -> frozenset[str]:
    """Refuse what is too large, and unknown filters, tests and functions; the functions that reach outside."""
    own = {"caller", "loop"}
    calls: list[nodes.Call] = []
    reaches: set[str] = set()
    waiting: list[tuple[nodes.Node, int]] = [(tree, 0)]
    count = 0
    while waiting:
        node, level = waiting.pop()
        count += 1
        if count > NODES or level > LEVELS:
            raise ExpressionError("the text has too many expressions, or one that is too deep; split it", getattr(node, "lineno", 1))
        if isinstance(node, nodes.Name):
            if node.name.startswith("__"):
                raise ExpressionError(f"there is no name `{node.name}`: names do not begin with two underscores", node.lineno)
            if node.ctx != "load":
                own.add(node.name)
        elif isinstance(node, nodes.Macro):
            own.add(node.name)
        elif isinstance(node, nodes.Filter):
            _known("filter", node.name, FILTERS, node.lineno)
        elif isinstance(node, nodes.Test):
            _known("test", node.name, TESTS, node.lineno)
        elif isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name):
            calls.append(node)
        waiting.extend((child, level + 1) for child in node.iter_child_nodes())
    for call in calls:
        name = call.node.name  # type: ignore[attr-defined]  # only calls of names are in the list
        if name in own:
            continue
        _known("function", name, FUNCTIONS, call.lineno)
        call.node = nodes.EnvironmentAttribute(name, lineno=call.lineno)
        if name in REACHING:
            reaches.add(name)
    return frozenset(reaches)


def _known(what: str, name: str, known: Mapping[str, Any], line: int) -> None:
    if name not in known:
        choices = [choice for choice in known if not choice.startswith(" ")]
        raise ExpressionError(f"there is no {what} `{name}`{did_you_mean(name, choices)}", line)


def _single(tree: nodes.Template) -> bool:
    """Whether the text is one expression; the white space around it is then taken away."""
    if len(tree.body) != 1 or not isinstance(tree.body[0], nodes.Output):
        return False
    parts = [part for part in tree.body[0].nodes if not (isinstance(part, nodes.TemplateData) and not part.data.strip())]
    if len(parts) != 1 or isinstance(parts[0], nodes.TemplateData):
        return False
    tree.body[0].nodes = parts
    return True


def _generate(source: str, tree: nodes.Template, native: bool, reaches: frozenset[str], constants: frozenset[str]) -> Expression:
    generator = Generator(ENVIRONMENT, None, None, optimized=False)
    generator.native = native
    generator.visit(tree)
    code: CodeType = compile(generator.stream.getvalue(), _FILE, "exec")  # type: ignore[attr-defined]  # a StringIO
    names = ENVIRONMENT.names()
    exec(code, names)
    names["LoopContext"] = Loop
    return Expression(
        source,
        names["root"],
        native=native,
        blocks={name: [function] for name, function in names["blocks"].items()},
        lines=tuple(generator.debug_info),
        reaches=reaches,
        roots=frozenset(generator.roots),
        constants=constants,
        plain=all(isinstance(node, nodes.Output) for node in tree.body),
    )


def _reason(error: Exception) -> str:
    if isinstance(error, ExpressionError):
        return error.reason
    if isinstance(error, RecursionError | MemoryError):
        return "goes too deep"
    return "cannot be worked out with these values"


def _quote(source: str, line: int, path: str = "") -> tuple[str, int]:
    """The expression of that line, the one with the path in it if there are several, and the line it begins on."""
    tags = [(source.count("\n", 0, start) + 1, text) for start, text in tags_of(source)]
    near = [tag for tag in tags if tag[0] <= line <= tag[0] + tag[1].count("\n")]
    if path:
        near = [tag for tag in near or tags if path in tag[1]][:1] or near
    begins, text = near[0] if len(near) == 1 else (line, _nth_line(source, line).strip())
    return (text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"), begins


def _nth_line(source: str, line: int) -> str:
    return source.split("\n")[line - 1] if line <= source.count("\n") + 1 else ""


def _column(source: str, line: int, quoted: str) -> int:
    text = _nth_line(source, line)
    first = quoted.split("\n", 1)[0].removesuffix("…")
    found = text.find(first) if first else min((at for at in (text.find("{{"), text.find("{%")) if at >= 0), default=0)
    return max(found, 0) + 1


def _position(source: str, line: int, parser: Parser | None) -> tuple[int, int]:
    offset = parser.offset() if parser is not None else None
    if offset is not None and source.count("\n", 0, offset) + 1 == line:
        return line, offset - source.rfind("\n", 0, offset)
    return line, _column(source, line, "")
