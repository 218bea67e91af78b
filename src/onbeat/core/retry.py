"""Say when a failed attempt is tried again: a pure function of the policy, the attempts so far and a seed.

Rules
1. `maxAttempts` counts all attempts, the first included; those lost with an engine do not count.
2. Exponential is exponential (Kestra's is linear): interval x factor^(attempt-1), at most maxInterval.
3. No retry starts after `maxDuration` since the first attempt began.
4. A random delay follows from the seed, so deciding again gives it again.

Called by: decide.
"""

from datetime import timedelta
from hashlib import blake2b

from onbeat.core.event import Micros
from onbeat.core.flow import Retry

_MICRO = timedelta(microseconds=1)


def micros(duration: timedelta) -> Micros:
    """A duration in microseconds."""
    return duration // _MICRO


def next_attempt(policy: Retry, attempts: int, first_start: Micros, now: Micros, seed: str) -> Micros | None:
    """The instant of the next attempt after `attempts` counted ones; None when there is none."""
    if policy.max_attempts is not None and attempts >= policy.max_attempts:
        return None
    due = now + _delay(policy, attempts, seed)
    if policy.max_duration is not None and due > first_start + micros(policy.max_duration):
        return None
    return due


def _delay(policy: Retry, attempts: int, seed: str) -> Micros:
    longest = micros(policy.max_interval) if policy.max_interval is not None else None
    if policy.type == "random":
        shortest = micros(policy.min_interval or timedelta())
        return shortest + _fraction(seed, attempts, (longest or shortest) - shortest)
    interval = micros(policy.interval or timedelta())
    if policy.type == "constant" or longest is None:
        return interval
    try:
        return int(min(float(longest), interval * policy.delay_factor ** (attempts - 1)))
    except OverflowError:  # a power that no float holds
        return longest if interval else 0


def _fraction(seed: str, attempts: int, span: Micros) -> Micros:
    digest = blake2b(f"{seed}/{attempts}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % (span + 1)
