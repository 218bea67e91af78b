"""Say what can be wrong with an expression, and what it needs before it can be evaluated."""

from typing import Any

from onbeat.errors import UserError


class ExpressionError(UserError):
    """An expression is not right; `line` and `column` say where in its text, `reason` why, without any value of the data."""

    def __init__(self, reason: str, line: int | None = None, column: int | None = None) -> None:
        if not reason.isascii():  # half of a surrogate pair in the source could not be printed
            reason = reason.encode("utf-8", "replace").decode()
        self.reason = reason
        self.line = line
        self.column = column
        super().__init__(reason)


class NeedsOutside(Exception):
    """The expression reaches outside: fetch what it names and evaluate again.

    name: the function, or `ref` for a value kept in storage. arguments: what it asks for; named ones are a map at the end.
    """

    def __init__(self, name: str, *arguments: Any) -> None:
        self.name = name
        self.arguments = arguments
        super().__init__(name, *arguments)

    @property
    def uri(self) -> str | None:
        """Where the value is kept, if it is one kept in storage."""
        return self.arguments[0] if self.name == "ref" else None


class OutsideFailed(Exception):
    """Carries what a function from outside raised through the evaluation, so that it comes out unchanged."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        super().__init__()
