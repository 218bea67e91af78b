"""Name everything that can go wrong on purpose; the first split is who must act.

    Exception
    ├── OnbeatError                 never raised itself
    │   ├── UserError               the user must act: YAML, input, setting; says where, what, and the cure
    │   │   ├── NotFound            there is no such flow, execution, topic …
    │   │   ├── OverQuota           a namespace has no room for so many bytes
    │   │   ├── Refused             the request is right but not now: wrong state, stale revision, second engine
    │   │   └── Unauthorized        no credentials, or not enough of them
    │   ├── OutsideError            a broker, network or disk: whoever called tries again with back-off
    │   │   └── Overloaded          we are past the limit; come back later
    │   │       └── QuotaReached    a namespace is past its own; the others go on
    │   └── StoreBroken             an I/O error on commit: the process stops, recovery is from disk
    └── Conflict                    somebody wrote first: load again, decide again (free: decide is pure)

Anything else that is raised is a bug. A class's docstring is its default message.

Rules
1. A UserError is a sentence a person can act on: file and line where there is one, the nearest right name, the cure.
2. Secrets and payload values never go into a message.
"""

from dataclasses import dataclass


class OnbeatError(Exception):
    """Something went wrong."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or type(self).__doc__ or "")


class UserError(OnbeatError):
    """The input is not right."""


class NotFound(UserError):
    """There is no such thing."""


class OverQuota(UserError):
    """That is more than the namespace's quota allows."""


class Refused(UserError):
    """That is not possible in the present state."""


class Unauthorized(UserError):
    """No valid credentials were given."""


class OutsideError(OnbeatError):
    """Something outside did not answer as it should."""


class Overloaded(OutsideError):
    """Too much is waiting already; try again later."""


class QuotaReached(Overloaded):
    """The namespace's quota is reached; try again later."""

    def __init__(self, message: str | None = None, seconds: float = 1.0) -> None:
        super().__init__(message)
        self.seconds = seconds


class StoreBroken(OnbeatError):
    """The store failed to write; the process stops so that it recovers from what is on disk."""


class Conflict(Exception):
    """Somebody else wrote this execution first."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file: printed as `file:line:column: message`."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class InvalidFile(UserError):
    """A flow or trigger file is wrong; `problems` holds all that is wrong with it, in order of line."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems, key=lambda problem: (problem.file, problem.line, problem.column))
        super().__init__("\n".join(map(str, self.problems)))
