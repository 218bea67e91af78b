"""Write the Python code of an expression: Jinja2's generator, with every operator a function of our own.

The code that Jinja2 writes calls Python's operators and methods on the data and looks each helper up in the environment. Ours calls
plain functions that are globals of the generated module (see `environment.py`): that gives the language its own meaning, keeps data
from being asked for Python attributes at all, and is faster.

Rules
1. A single expression gives its value; in mixed text every expression is printed by `text`.
2. The right sides of `??`, `? :`, `and` and `or` are evaluated only when needed; `??` and `is defined` reach into all of their left side.
3. Each lookup knows its path, so that a missing name is reported whole.
4. Constants are never folded: folding would compute them while compiling, without a budget.

Called by: compiling, see expression.py. Touches Jinja2's CodeGenerator.visit_* (pinned to 3.1).
"""

# ruff: noqa: N802, N815  Jinja2 calls visitors by the names of its node classes
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.idtracking import VAR_LOAD_RESOLVE

_RELATIONS = {
    "eq": "equal",
    "ne": "unequal",
    "lt": "less",
    "lteq": "less_or_equal",
    "gt": "greater",
    "gteq": "greater_or_equal",
    "in": "within",
    "contains": "contains",
    "isin": "is_in",
}
_FOR_MISSING = ("defined", "undefined", "default", "d")
"""The tests and filters whose operand may have no value."""
_LONGEST_PATH = 200


def _binary(function: str) -> Callable[["Generator", nodes.BinExpr, Frame], None]:
    """A visitor that writes a call with both sides."""
    return lambda generator, node, frame: generator.write_call(function, frame, node.left, node.right)


def _unary(function: str) -> Callable[["Generator", nodes.UnaryExpr, Frame], None]:
    """A visitor that writes a call with the one side."""
    return lambda generator, node, frame: generator.write_call(function, frame, node.node)


class Generator(CodeGenerator):
    """Writes the code of one text. `native`: it is one expression, whose value is wanted as it is."""

    native = False
    _values = 0

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.roots: set[str] = set()

    def enter_frame(self, frame: Frame) -> None:
        self.roots.update(name for action, name in frame.symbols.loads.values() if action == VAR_LOAD_RESOLVE and name is not None)
        super().enter_frame(frame)

    def pull_dependencies(self, nodes: Iterable[nodes.Node]) -> None:
        """Filters and tests are globals of the generated module; nothing to prepare."""

    # -- output

    def _output_child_to_const(self, node: nodes.Expr, frame: Frame, finalize: Any) -> str:
        if not isinstance(node, nodes.TemplateData):
            raise nodes.Impossible
        return super()._output_child_to_const(node, frame, finalize)

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        self.write("(" if self.native else "text(context, ")

    # -- lookups and calls

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:
        self._write_lookup("attribute", node, frame)

    def _write_lookup(self, function: str, node: nodes.Getattr, frame: Frame) -> None:
        self.write(f"{function}(")
        self.visit(node.node, frame)
        self.write(f", {node.attr!r}, {path_of(node)!r})")

    def visit_Getitem(self, node: nodes.Getitem, frame: Frame) -> None:
        if isinstance(node.arg, nodes.Slice):
            self.write_call("section", frame, node.node, node.arg.start, node.arg.stop, node.arg.step)
            return
        self.write("item(")
        self.visit(node.node, frame)
        self.write(", ")
        self.visit(node.arg, frame)
        self.write(f", {path_of(node)!r})")

    def visit_Call(self, node: nodes.Call, frame: Frame, forward_caller: bool = False) -> None:
        function = node.node
        if isinstance(function, nodes.EnvironmentAttribute):
            self.write(f"functions[{function.name!r}](context")
        else:
            self.write("call(context, ")
            if isinstance(function, nodes.Getattr):
                self._write_lookup("member", function, frame)
            else:
                self.visit(function, frame)
        self.signature(node, frame, {"caller": "caller"} if forward_caller else None)
        self.write(")")

    def visit_Filter(self, node: nodes.Filter, frame: Frame) -> None:
        self.write(f"filters[{node.name!r}](context, ")
        if node.node is None:
            self.write(f"concat({frame.buffer})")
        else:
            self._write_operand(node.node, frame, may_miss=node.name in _FOR_MISSING)
        self.signature(node, frame)
        self.write(")")

    def visit_Test(self, node: nodes.Test, frame: Frame) -> None:
        self.write(f"tests[{node.name!r}](context, ")
        self._write_operand(node.node, frame, may_miss=node.name in _FOR_MISSING)
        self.signature(node, frame)
        self.write(")")

    def signature(self, node: nodes.Call | nodes.Filter | nodes.Test, frame: Frame, extra_kwargs: Mapping[str, Any] | None = None) -> None:
        for arg in node.args:
            self.write(", ")
            self.visit(arg, frame)
        self.write(", **{")
        for kwarg in node.kwargs:
            self.write(f"{kwarg.key!r}: ")
            self.visit(kwarg.value, frame)
            self.write(", ")
        for key, value in (extra_kwargs or {}).items():
            self.write(f"{key!r}: {value}, ")
        self.write("}")

    # -- operators

    def visit_Compare(self, node: nodes.Compare, frame: Frame) -> None:
        """`a < b < c` is `a < b and b < c` with b evaluated once."""
        left: nodes.Expr | str = node.expr
        self.write("(")
        for index, operand in enumerate(node.ops):
            last = index == len(node.ops) - 1
            self.write(f"{' and ' if index else ''}{_RELATIONS[operand.op]}(context, ")
            if isinstance(left, str):
                self.write(left)
            else:
                self.visit(left, frame)
            self.write(", ")
            left = operand.expr if last else self._value()
            if isinstance(left, str):
                self.write(f"({left} := ")
            self.visit(operand.expr, frame)
            self.write(")" if last else "))")
        self.write(")")

    def visit_Or(self, node: nodes.BinExpr, frame: Frame) -> None:
        operator = getattr(node, "operator", "or")
        if operator == "range":
            self.write_call("between", frame, node.left, node.right)
            return
        value = self._value()
        test = {"or": "truthy", "coalesce": "not nullish", "absent": "not absent"}[operator]
        self.write(f"({value} if {test}({value} := ")
        self._write_operand(node.left, frame, may_miss=operator != "or")
        self.write(") else ")
        self.visit(node.right, frame)
        self.write(")")

    def _write_operand(self, node: nodes.Node, frame: Frame, *, may_miss: bool) -> None:
        """Write an operand; where it may have no value, what fails inside it because a name is missing counts as missing itself."""
        if not may_miss or _is_lookup(node):
            self.visit(node, frame)
            return
        self.write("attempt(lambda: ")
        self.visit(node, frame)
        self.write(")")

    def visit_And(self, node: nodes.BinExpr, frame: Frame) -> None:
        value = self._value()
        self.write(f"({value} if not truthy({value} := ")
        self.visit(node.left, frame)
        self.write(") else ")
        self.visit(node.right, frame)
        self.write(")")

    def visit_Not(self, node: nodes.UnaryExpr, frame: Frame) -> None:
        self.write("(not truthy(")
        self.visit(node.node, frame)
        self.write("))")

    def visit_CondExpr(self, node: nodes.CondExpr, frame: Frame) -> None:
        self.write("(")
        self.visit(node.expr1, frame)
        self.write(" if truthy(")
        self.visit(node.test, frame)
        self.write(") else ")
        self.visit(node.expr2 or nodes.Const(None), frame)
        self.write(")")

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:
        self.write("joined(context, (")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")

    visit_Add = _binary("add")
    visit_Sub = _binary("subtract")
    visit_Mul = _binary("multiply")
    visit_Div = _binary("divide")
    visit_FloorDiv = _binary("floor_divide")
    visit_Mod = _binary("remainder")
    visit_Pow = _binary("power")
    visit_Neg = _unary("negate")
    visit_Pos = _unary("plus")

    def visit_Dict(self, node: nodes.Dict, frame: Frame) -> None:
        self.write("mapping((")
        for pair in node.items:
            self.write("(")
            self.visit(pair.key, frame)
            self.write(", ")
            self.visit(pair.value, frame)
            self.write("), ")
        self.write("))")

    def write_call(self, function: str, frame: Frame, *arguments: nodes.Expr | None) -> None:
        """Write a call of one of our functions."""
        self.write(f"{function}(context")
        for argument in arguments:
            self.write(", ")
            if argument is None:
                self.write("None")
            else:
                self.visit(argument, frame)
        self.write(")")

    def _value(self) -> str:
        self._values += 1
        return f"v_{self._values}"


def _is_lookup(node: nodes.Node) -> bool:
    """Whether evaluating it gives a missing value, and never fails, when a name is not there."""
    if isinstance(node, nodes.Getattr):
        return _is_lookup(node.node)
    if isinstance(node, nodes.Getitem):
        return _is_lookup(node.node) and _is_lookup(node.arg)
    return isinstance(node, nodes.Name | nodes.Const)


def path_of(node: nodes.Node | None) -> str:
    """What the lookup looks for, as it would be written."""
    return _path(node)[:_LONGEST_PATH]


def _path(node: nodes.Node | None) -> str:
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr):
        return f"{path_of(node.node)}.{node.attr}"
    if isinstance(node, nodes.Getitem):
        return f"{path_of(node.node)}[{path_of(node.arg)}]"
    if isinstance(node, nodes.Const):
        return repr(node.value)
    if isinstance(node, nodes.Call):
        return f"{path_of(node.node)}(…)"
    if isinstance(node, nodes.EnvironmentAttribute):
        return node.name
    if isinstance(node, nodes.Filter):
        return f"({path_of(node.node)} | {node.name})"
    return "(…)"
