"""A worker whose cases go wrong on purpose, so that a test sees the campaign find them.

Called by: test_campaign.py.
"""

import os
import signal
from multiprocessing.connection import Connection

from tests.fuzz import worker

RAISES, KILLS, HANGS = 3, 5, 8


def run(path: str, seed: int, first: int, last: int, step: int, told: Connection) -> None:
    """As worker.run, with a case that raises, one that ends the process, and one that never ends."""
    worker.HANG = 0.2
    worker.judge = _judge  # type: ignore[assignment]  # the same signature
    worker.run(path, seed, first, last, step, told)


def _judge(kind: str, text: str, number: int = 0) -> str:
    if number == RAISES:
        raise KeyError("planted")
    if number == KILLS:
        os.kill(os.getpid(), signal.SIGSEGV)
    while number == HANGS:
        pass
    return "taken"
