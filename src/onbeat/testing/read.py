"""Read a file of flow tests, or say all that is wrong with it: file, line, column, and the nearest right word.

Rules
1. `testCases` makes it one of Kestra's, else it is ours.
2. Everything that is wrong is told at once; a test's id is used once.

Called by: the command and the pytest plugin.
"""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from onbeat.core.parse import load
from onbeat.core.parse import problems as explain
from onbeat.core.yaml12 import Document
from onbeat.errors import InvalidFile, NotFound, Problem
from onbeat.testing.kestra import KestraSuite
from onbeat.testing.model import Played, Suite

M = TypeVar("M", bound=BaseModel)


class TestFile:
    """A file of tests: its flow, its cases, and where everything stands."""

    __test__ = False  # pytest would take it for a test

    def __init__(self, path: Path, document: Document, suite: Suite, cases: tuple[Played, ...]) -> None:
        self.path = path
        self.document = document
        self.suite = suite
        self.cases = cases

    def place(self, path: tuple[str | int, ...]) -> str:
        """`file:line:column` of what stands there."""
        line, column = self.document.key_position(path)
        return f"{self.path}:{line}:{column}"


def read_tests(path: Path) -> TestFile:
    """The tests of a file. Raises InvalidFile with all that is wrong, NotFound."""
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise NotFound(f"{path} cannot be read: {problem.strerror}") from None
    return parse_tests(content, path)


def parse_tests(content: str | bytes, path: Path) -> TestFile:
    """The tests of a text. Raises InvalidFile with all that is wrong."""
    document = load(content, str(path))
    if not isinstance(document.data, dict):
        raise InvalidFile([Problem(str(path), 1, 1, "a file of flow tests is a map with `flow` and `tests`")])
    if "testCases" in document.data or "flowId" in document.data:
        suite, cases = _validated(KestraSuite, document, path).ours()
    else:
        suite = _validated(Suite, document, path)
        cases = tuple(Played(case=case, given=case.over(suite), path=("tests", index)) for index, case in enumerate(suite.tests))
    seen: dict[str, Played] = {}
    twice = [one for one in cases if seen.setdefault(one.case.id, one) is not one]
    if twice:
        message = "the id `{}` is used more than once in this file"
        raise InvalidFile([Problem(str(path), *document.position((*one.path, "id")), message.format(one.case.id)) for one in twice])
    return TestFile(path, document, suite, cases)


def _validated(model: type[M], document: Document, path: Path) -> M:
    try:
        return model.model_validate(document.data)
    except ValidationError as wrong:
        raise InvalidFile(explain(wrong, document, str(path), model)) from None
