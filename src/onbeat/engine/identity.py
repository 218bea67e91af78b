"""Make ids and random numbers: the only place of the engine that does, so that tests can bring their own."""

import random

from onbeat.core.event import Micros
from onbeat.core.ids import make_id


class Identity:
    """Makes execution ids that sort by time. seed: for tests; None takes one from the system (ids are unique, not secret)."""

    def __init__(self, seed: int | None = None) -> None:
        self._random = random.Random(seed if seed is not None else random.SystemRandom().getrandbits(256))

    def new(self, at: Micros) -> str:
        """A new id for that instant."""
        return make_id(at, self._random.getrandbits(74))

    def bits(self, count: int) -> int:
        """So many random bits."""
        return self._random.getrandbits(count)
