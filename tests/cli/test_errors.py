"""What went wrong becomes a sentence and an exit code."""

import pytest
import typer
from typer.testing import CliRunner

from onbeat.cli.errors import Commands, Exit, code_of
from onbeat.errors import Conflict, NotFound, OnbeatError, OutsideError, Overloaded, Refused, StoreBroken, Unauthorized, UserError


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (UserError("x"), Exit.USAGE),
        (NotFound("x"), Exit.USAGE),
        (Refused("x"), Exit.REFUSED),
        (Unauthorized("x"), Exit.REFUSED),
        (Overloaded("x"), Exit.REFUSED),
        (OutsideError("x"), Exit.UNREACHABLE),
        (StoreBroken("x"), Exit.FAILED),
        (OnbeatError("x"), Exit.FAILED),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, Exception) else None,
)
def test_who_must_act_gives_the_exit_code(problem: OnbeatError, code: Exit):
    """Rule 1."""
    assert code_of(problem) is code


def raising(problem: BaseException) -> typer.Typer:
    """A command line whose command `go` raises that."""
    app = typer.Typer(cls=Commands, pretty_exceptions_enable=False)

    @app.callback()
    def root(trace: bool = False) -> None:
        pass

    @app.command()
    def go() -> None:
        raise problem

    return app


@pytest.mark.parametrize(
    ("problem", "code", "said"),
    [
        (Refused("not now"), 4, "not now\n"),
        (Conflict("lost"), 1, "Conflict: lost\nThis is a bug in onbeat; `onbeat --trace …` shows where.\n"),
        (ExceptionGroup("g", [ExceptionGroup("h", [UserError("do this")])]), 2, "do this\n"),
        (KeyboardInterrupt(), 130, ""),
        (typer.Exit(7), 7, ""),
    ],
    ids=["user", "bug", "group", "ctrl-c", "exit"],
)
def test_a_command_ends_with_a_sentence_and_no_trace(problem: BaseException, code: int, said: str):
    """Rule 2, and a bug is said to be one."""
    result = CliRunner().invoke(raising(problem), ["go"])
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", said)


@pytest.mark.parametrize("problem", [Refused("not now"), RuntimeError("lost")], ids=["user", "bug"])
def test_trace_shows_where_it_comes_from(problem: Exception):
    """Who asks for the stack trace gets it."""
    assert "Traceback" in CliRunner().invoke(raising(problem), ["--trace", "go"]).stderr
