"""Ask the API for everything that its OpenAPI document allows, and much that it does not: `python -m tests.e2e.schema_campaign`.

A real daemon with flows; executions, values and files come of the requests. schemathesis makes them and holds each answer to the
document: no 5xx, no status, type or shape that the document does not have, nothing wrong taken, nothing right refused.

What a wrong login gets is held route by route in tests/api (`ignored_auth` is left out here: one who tries ten times is made to wait).

    --requests N    about how many (10,000)
    --seed N
    --minutes N     end it then, wherever it is, and tell what was found until then

The last line sums up: `250,000 requests to 231 operations: 0 findings, 0 of them a server's error; seed 1`.

Used by: `make schema` and test_schema.py with fewer.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.kestra.calls import FLOWS
from tests.services.daemon import Daemon

ALWAYS = 9_900
"""About how many requests there are at least: each bound and each wrong type of each parameter."""
OPERATIONS = 195
"""About how many operations share what is asked for beyond them, at random; some have no parameters."""
ENDS = 120
"""Seconds that it may take to end when it is told to."""
LEFT_OUT = "logout|/login|basicAuth|/follow|/tail|/live$|secrets/rotate"
"""What ends the campaign's own access, or does not end by itself."""
ROOT = Path(__file__).parents[2]
CONFIG = Path(__file__).with_name("schemathesis.toml")
"""Which checks cannot hold which operations, and why."""


def campaign(folder: Path, requests: int, seed: int, more: list[str], minutes: float | None = None) -> subprocess.CompletedProcess[str]:
    """Run it against a daemon of its own; its end has what was found."""
    daemon = Daemon(folder)
    for name, text in FLOWS.items():
        daemon.add_flow(name, text)
    daemon.start()
    try:
        token = (daemon.data / "admin-token").read_text().strip()
        command = [
            str(Path(sys.executable).with_name("st")), "--config-file", str(CONFIG), "run", f"{daemon.url}/api/v1/main/openapi.json",
            "--header", f"Authorization: Bearer {token}", "--checks", "all", "--exclude-checks", "ignored_auth",
            "--exclude-path-regex", LEFT_OUT, "--max-examples", str(max((requests - ALWAYS) // OPERATIONS, 1)), "--seed", str(seed),
            "--workers", "2", "--request-timeout", "30", "--continue-on-failure", "--no-color", "--suppress-health-check", "all",
            "--generation-database", "none", *more,
        ]  # fmt: skip
        done = _run(command, folder, minutes)
        if not daemon.healthy():
            raise RuntimeError(f"the daemon is gone\n{daemon.process.tail()}")
        return done
    finally:
        daemon.kill()


def _run(command: list[str], folder: Path, minutes: float | None) -> subprocess.CompletedProcess[str]:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it is ignored, and what is started inherits that
    env = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.e2e.schema_hooks", "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder, env=env) as process:
        try:
            said = process.communicate(timeout=None if minutes is None else minutes * 60)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            said = process.communicate(timeout=ENDS)
    return subprocess.CompletedProcess(command, process.returncode, *said)


def summary(said: str) -> str:
    """What a campaign came to, in one line, from what schemathesis says at its end. Raises ValueError where it did not come to its end."""
    made, tested, seed = (
        re.search(pattern, said, re.MULTILINE) for pattern in (r"^ +(\d+) generated", r"^ +Tested: (\d+)", r"^Seed: (\d+)")
    )
    if made is None or tested is None or seed is None:
        raise ValueError(f"the campaign did not come to its end: {said[-1_000:]}")
    found = re.search(r"(\d+) unique failures?", said)
    broken = len(re.findall(r"^- (?:ST\d+ )?Server error$", said, re.MULTILINE))
    failures = int(found[1]) if found else 0
    return f"{int(made[1]):,} requests to {tested[1]} operations: {failures} findings, {broken} of them a server's error; seed {seed[1]}"


def main() -> int:
    """Run the campaign and print what it found."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.schema_campaign", description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float)
    given, more = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder:
        done = campaign(Path(folder), given.requests, given.seed, more, given.minutes)
    print(done.stdout)
    print(done.stderr, file=sys.stderr)
    print(summary(done.stdout))
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
