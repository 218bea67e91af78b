"""Read tokens into Jinja2's tree by Kestra's grammar: its operators, how tightly they bind, and its tags.

In Jinja2 `a ~ b | upper` puts only b in upper case, and `a ?? b` does not exist; Kestra's flows are written for Pebble, where `~` and
`??` bind more tightly than a filter. What Jinja2 has and Pebble has not (`x if y else z`, chains like `1 < n < 5`) stays.

From loose to tight: `x if c else y`; `c ? x : y`; or; and; not; is, contains, in, isIn; ==, equals, !=, <, <=, >, >=; + -; * / // %;
`**`; `|`; `~`; ?? ??? ..; unary - +; then `.name`, `[item]`, `(arguments)`.

Rules
1. `include`, `import`, `extends` and everything else that would load a template is refused by name.
2. `a ?? raise` fails when there is no a.
3. A loop, macro and block carries its weight, for the budget.
4. Nothing nests deeper than DEPTH, so that no text exhausts the stack.

Called by: compiling, see expression.py. Touches Jinja2's parse_* methods (pinned to 3.1).
"""

import re
from typing import Any, NoReturn

from jinja2 import nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.parser import Parser as JinjaParser

from onbeat.core.names import did_you_mean

DEPTH = 24

EACH = " each"
CHARGE = " charge"
RAISE = " raise"
"""Names of filters that only the parser can write: they begin with a blank."""

TAGS = ("block", "call", "filter", "for", "if", "macro", "print", "raw", "set", "verbatim", "with")

_QUOTED = re.compile(r"'([^']*)'|\"(')\"")
_PLACE = re.compile(r" at \d+$")
_RELATIONS = frozenset(("eq", "ne", "lt", "lteq", "gt", "gteq"))
_MEMBERSHIPS = {"contains": "contains", "in": "in", "isIn": "isin"}
_CONSTANTS = {"null": None, "NULL": None, "NONE": None, "TRUE": True, "FALSE": False}
_WORDS_AFTER_TEST = frozenset(("and", "or", "is", "if", "else", "not", "contains", "in", "isIn", "equals", "recursive"))
_TESTS_WITH_ARGUMENT = frozenset(("string", "integer", "float", "lbracket", "lbrace", "name"))


class Parser(JinjaParser):
    """The parser of expressions."""

    _depth = 0

    def offset(self) -> int | None:
        """Where the token begins that is being read."""
        return getattr(self.stream.current, "offset", None)

    # -- statements

    def parse_statement(self) -> nodes.Node | list[nodes.Node]:
        token = self.stream.current
        if token.type == "name" and token.value not in TAGS and not token.value.startswith("end"):
            self.fail(f"there is no tag `{token.value}` in expressions{did_you_mean(token.value, TAGS)}", token.lineno)
        self._enter()
        statement = super().parse_statement()
        self._depth -= 1
        return statement

    def parse_if(self) -> nodes.If:
        node = super().parse_if()
        for branch in (node, *node.elif_):
            branch.test = _truth(branch.test)
        return node

    def parse_for(self) -> nodes.For:
        node = super().parse_for()
        if node.recursive:
            self.fail("`recursive` loops are not supported", node.lineno)
        if node.test is not None:
            node.test = _truth(node.test)
        pairs = isinstance(node.target, nodes.Tuple) and len(node.target.items) == 2
        weight = nodes.Const(1 + _count(node.body) // 4)
        node.iter = nodes.Filter(node.iter, EACH, [weight, nodes.Const(pairs)], [], None, None, lineno=node.lineno)
        return node

    def parse_macro(self) -> nodes.Macro:
        node = super().parse_macro()
        node.body.insert(0, _charge(node.body, node.lineno))
        return node

    def parse_call_block(self) -> nodes.CallBlock:
        node = super().parse_call_block()
        node.body.insert(0, _charge(node.body, node.lineno))
        return node

    def parse_block(self) -> nodes.Block:
        node = nodes.Block(lineno=next(self.stream).lineno)
        name = next(self.stream)
        if name.type not in ("name", "string") or not name.value.isidentifier():
            self.fail("a block takes a name, one word", name.lineno)
        node.name, node.scoped, node.required = name.value, False, False
        if self.stream.current.type != "block_end":
            self.fail("a block takes a name only", node.lineno)
        node.body = self.parse_statements(("name:endblock",), drop_needle=True)
        if not self.stream.skip_if(f"name:{node.name}"):
            self.stream.skip_if("string")
        node.body.insert(0, _charge(node.body, node.lineno))
        return node

    def parse_signature(self, node: nodes.Macro | nodes.CallBlock) -> None:
        """A macro's arguments; after one that has a default the others have null, as in Kestra."""
        node.args, node.defaults = [], []
        self.stream.expect("lparen")
        while self.stream.current.type != "rparen":
            if node.args:
                self.stream.expect("comma")
            argument = self.parse_assign_target(name_only=True)
            argument.set_ctx("param")
            if self.stream.skip_if("assign"):
                node.defaults.append(self.parse_expression())
            elif node.defaults:
                node.defaults.append(nodes.Const(None, lineno=argument.lineno))
            node.args.append(argument)
        self.stream.expect("rparen")

    # -- expressions, from loose to tight

    def parse_expression(self, with_condexpr: bool = True) -> nodes.Expr:
        return self.parse_condexpr() if with_condexpr else self.parse_ternary()

    def parse_condexpr(self) -> nodes.Expr:
        lineno = self.stream.current.lineno
        node = self.parse_ternary()
        while self.stream.skip_if("name:if"):
            test = self.parse_ternary()
            other = self.parse_condexpr() if self.stream.skip_if("name:else") else nodes.Const(None)
            node = nodes.CondExpr(test, node, other, lineno=lineno)
        return node

    def parse_ternary(self) -> nodes.Expr:
        """`test ? yes : no`."""
        self._enter()
        lineno = self.stream.current.lineno
        node = self.parse_or()
        if self.stream.skip_if("question"):
            yes = self.parse_ternary()
            self.stream.expect("colon")
            node = nodes.CondExpr(node, yes, self.parse_ternary(), lineno=lineno)
        self._depth -= 1
        return node

    def parse_not(self) -> nodes.Expr:
        self._enter()
        node = super().parse_not()
        self._depth -= 1
        return node

    def parse_compare(self) -> nodes.Expr:
        """Tests and memberships, which bind more loosely than comparisons."""
        node = self._parse_relation()
        while True:
            token = self.stream.current
            if token.type in _RELATIONS or token.test("name:equals"):
                node = self._parse_relation(node)
            elif token.test("name:is"):
                node = self.parse_test(node)
            elif token.type == "name" and token.value in _MEMBERSHIPS:
                next(self.stream)
                node = self._membership(token, node, negated=False)
            elif token.test("name:not") and self.stream.look().test_any(*(f"name:{word}" for word in _MEMBERSHIPS)):
                next(self.stream)
                node = self._membership(next(self.stream), node, negated=True)
            else:
                return node

    def _parse_relation(self, left: nodes.Expr | None = None) -> nodes.Expr:
        lineno = self.stream.current.lineno
        node = self.parse_math1() if left is None else left
        operands: list[nodes.Operand] = []
        while self.stream.current.type in _RELATIONS or self.stream.current.test("name:equals"):
            token = next(self.stream)
            operands.append(nodes.Operand("eq" if token.type == "name" else token.type, self.parse_math1()))
        return nodes.Compare(node, operands, lineno=lineno) if operands else node

    def _membership(self, token: Any, left: nodes.Expr, *, negated: bool) -> nodes.Expr:
        right = self._parse_relation()
        node: nodes.Expr = nodes.Compare(left, [nodes.Operand(_MEMBERSHIPS[token.value], right)], lineno=token.lineno)
        return nodes.Not(node, lineno=token.lineno) if negated else node

    def parse_concat(self) -> nodes.Expr:
        """Jinja2's place for `~`: here it binds more tightly, see `_parse_tight`."""
        return self.parse_math2()

    def parse_pow(self) -> nodes.Expr:
        lineno = self.stream.current.lineno
        node = self._parse_tight(100)
        while self.stream.skip_if("pow"):
            node = nodes.Pow(node, self._parse_tight(100), lineno=lineno)
        return node

    def _parse_tight(self, least: int) -> nodes.Expr:
        """`|` (100), `~` (110), `??`, `???` and `..` (120): the loosest that may be taken is `least`."""
        node = self.parse_unary(with_filter=False)
        while True:
            token = self.stream.current
            if token.type == "pipe" and least <= 100:
                node = self.parse_filter(node) or node
            elif token.type == "tilde" and least <= 110:
                parts = [node]
                while self.stream.skip_if("tilde"):
                    parts.append(self._parse_tight(111))
                node = nodes.Concat(parts, lineno=token.lineno)
            elif token.type in ("coalesce", "absent", "range"):
                if least > 120:
                    return node
                next(self.stream)
                other = self._parse_tight(121)
                if isinstance(other, nodes.Name) and other.name == "raise":
                    other = nodes.Filter(nodes.Const(None), RAISE, [], [], None, None, lineno=token.lineno)
                node = nodes.Or(node, other, lineno=token.lineno)
                node.operator = token.type  # Jinja2 takes no node classes of others; the generator reads it
            else:
                return node

    def parse_unary(self, with_filter: bool = True) -> nodes.Expr:
        self._enter()
        if self.stream.current.test("name:not"):
            lineno = next(self.stream).lineno
            node: nodes.Expr = nodes.Not(self.parse_unary(False), lineno=lineno)
        else:
            node = super().parse_unary(with_filter)
        self._depth -= 1
        return node

    def parse_primary(self, with_namespace: bool = False) -> nodes.Expr:
        token = self.stream.current
        if token.type == "name" and token.value in _CONSTANTS:
            next(self.stream)
            return nodes.Const(_CONSTANTS[token.value], lineno=token.lineno)
        return super().parse_primary(with_namespace)

    def parse_test(self, node: nodes.Expr) -> nodes.Expr:
        token = self.stream.expect("name:is")
        negated = self.stream.skip_if("name:not")
        name = self.stream.expect("name").value
        args: list[nodes.Expr] = []
        kwargs: list[nodes.Keyword] = []
        current = self.stream.current
        if current.type == "lparen":
            args, kwargs, _, _ = self.parse_call_args()
        elif current.type in _TESTS_WITH_ARGUMENT and not (current.type == "name" and current.value in _WORDS_AFTER_TEST):
            args = [self.parse_postfix(self.parse_primary())]
        test: nodes.Expr = nodes.Test(node, name, args, kwargs, None, None, lineno=token.lineno)
        return nodes.Not(test, lineno=token.lineno) if negated else test

    def parse_call_args(self) -> Any:
        lineno = self.stream.current.lineno
        args, kwargs, dyn_args, dyn_kwargs = super().parse_call_args()
        if dyn_args is not None or dyn_kwargs is not None:
            self.fail("`*` and `**` before arguments are not supported", lineno)
        return args, kwargs, None, None

    # -- failing

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > DEPTH * 3:
            self.fail(f"is nested more than {DEPTH} levels deep")

    def _fail_ut_eof(self, name: str | None, end_token_stack: list[tuple[str, ...]], lineno: int | None) -> NoReturn:
        wanted = " or ".join(f"`{word.removeprefix('name:')}`" for word in end_token_stack[-1]) if end_token_stack else ""
        inside = f" of `{self._tag_stack[-1]}`" if self._tag_stack else ""
        if name is None:
            self.fail(f"the text ends before the end{inside}; {wanted} is missing", lineno)
        if wanted:
            self.fail(f"`{name}` is out of place here; expected {wanted}{inside}", lineno)
        self.fail(f"`{name}` ends nothing that was begun", lineno)


def syntax_reason(error: TemplateSyntaxError) -> str:
    """Why a text could not be read, in our words where Jinja2's name things that its users do not know."""
    message = error.message or "is not right"
    if "end of comment tag" in message:
        return "`{#` begins a comment that does not end; put a literal `{#` between {% raw %} and {% endraw %}"
    if "end of raw directive" in message:
        return "{% raw %} is not ended by {% endraw %}"
    for name, sign in (("end of print statement", "}}"), ("end of statement block", "%}"), ("end of template", "the end")):
        message = message.replace(name, sign)
    return _PLACE.sub("", _QUOTED.sub(r"`\1\2`", message[0].lower() + message[1:]))


def _truth(test: nodes.Node) -> nodes.Expr:
    return nodes.Test(test, "truthy", [], [], None, None, lineno=test.lineno)


def _charge(body: list[nodes.Node], lineno: int) -> nodes.ExprStmt:
    weight = nodes.Const(10 + _count(body) // 2)
    return nodes.ExprStmt(nodes.Filter(weight, CHARGE, [], [], None, None, lineno=lineno), lineno=lineno)


def _count(body: list[nodes.Node]) -> int:
    """How many nodes a body has."""
    waiting, count = list(body), 0
    while waiting:
        waiting.extend(waiting.pop().iter_child_nodes())
        count += 1
    return count
