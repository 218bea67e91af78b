"""Turn what went wrong into one sentence on stderr and an exit code; nobody is shown a stack trace who did not ask for one.

Rules
1. 2: the user wrote something wrong. 3: the daemon cannot be reached. 4: it was reached and refused. 1: the run failed, or a bug.
2. Every sentence has the cure in it; it was put there where the error was raised.

Called by: app.py, for every command.
"""

import os
import sys
import traceback
from enum import IntEnum
from typing import Any

import typer
from typer.core import TyperGroup

from onbeat.errors import OnbeatError, OutsideError, Overloaded, Refused, Unauthorized, UserError


class Exit(IntEnum):
    """What the command's exit code says."""

    SUCCESS = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    REFUSED = 4
    INTERRUPTED = 130


def complain(sentence: str) -> None:
    """Say what is wrong, on stderr."""
    typer.echo(sentence, err=True)


def code_of(problem: OnbeatError) -> Exit:
    """The exit code of something that went wrong on purpose."""
    match problem:
        case Refused() | Unauthorized() | Overloaded():
            return Exit.REFUSED
        case UserError():
            return Exit.USAGE
        case OutsideError():
            return Exit.UNREACHABLE
        case _:
            return Exit.FAILED


class Commands(TyperGroup):
    """The commands; what one raises ends here."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise typer.Exit(Exit.INTERRUPTED) from None
        except BrokenPipeError:
            _close_pipe()
            raise typer.Exit(Exit.SUCCESS) from None
        except Exception as problem:
            if isinstance(problem, typer.TyperException | typer.Exit | typer.Abort):
                raise
            if ctx.params.get("trace"):
                traceback.print_exc()
            raise typer.Exit(_say(_cause(problem))) from None


def _cause(problem: BaseException) -> BaseException:
    """What went wrong first, out of the groups that tasks put around it."""
    return _cause(problem.exceptions[0]) if isinstance(problem, BaseExceptionGroup) else problem


def _say(problem: BaseException) -> Exit:
    if isinstance(problem, OnbeatError):
        complain(str(problem))
        return code_of(problem)
    complain(f"{type(problem).__name__}: {problem}\nThis is a bug in onbeat; `onbeat --trace …` shows where.")
    return Exit.FAILED


def _close_pipe() -> None:
    """The reader of our output has left (`| head`): nothing more is written, not even at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
