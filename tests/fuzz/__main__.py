"""Read a million malformed documents and expressions: nothing may crash, hang, or come out but an error of ours.

    python -m tests.fuzz                                a million cases
    python -m tests.fuzz --count 20000 --seed 7         fewer, others
    python -m tests.fuzz --show 7:1234                  one case: its text, and what comes of it

Exit code 1 when there are findings. Each is two numbers: put its smallest form into a test, and mend what it found.
"""

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.fuzz.cases import judge, make
from tests.fuzz.lane import Lane

_SHOWN = 1_500
_EVERY = 10.0


def main() -> int:
    """Run the campaign, or show a case."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--show", metavar="SEED:NUMBER")
    given = parser.parse_args()
    if given.show:
        return _show(*map(int, given.show.split(":")))
    began = shown = time.monotonic()
    last = given.first + given.count
    with tempfile.TemporaryDirectory() as folder:
        lanes = [Lane(Path(folder), given.seed, given.first + start, last, given.jobs) for start in range(given.jobs)]
        waiting = list(lanes)
        while waiting:
            waiting = [lane for lane in waiting if not lane.done()]
            _tell(given.seed, lanes)
            time.sleep(0.2)
            if time.monotonic() - shown > _EVERY:
                shown = time.monotonic()
                print(_line(lanes, shown - began), flush=True)
        print(_line(lanes, time.monotonic() - began))
        findings = [finding for lane in lanes for finding in lane.findings]
    return _report(findings)


def _line(lanes: list[Lane], seconds: float) -> str:
    told = [lane.slate.read() for lane in lanes]
    taken, refused, longest = sum(each[1] for each in told), sum(each[2] for each in told), max(each[3] for each in told)
    found = sum(len(lane.findings) for lane in lanes)
    return (
        f"{taken + refused:,} cases in {seconds:.0f} s: {taken:,} taken, {refused:,} refused, the longest {longest / 1000:.1f} ms of "
        f"processor time, {found} findings"
    )


def _tell(seed: int, lanes: list[Lane]) -> None:
    """Print findings as they come."""
    for lane in lanes:
        for number, what, more in lane.fresh():
            print(f"\n--- {seed}:{number} {_printable(what)}\n{_printable(more[-_SHOWN:])}", flush=True)


def _report(findings: list[tuple[int, str, str]]) -> int:
    for what, count in Counter(what for _, what, _ in findings).most_common(20):
        print(f"  {count} x {_printable(what)}")
    return 1 if findings else 0


def _printable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _show(seed: int, number: int) -> int:
    kind, text = make(seed, number)
    print(f"{kind}, {len(text)} characters:\n{text[:20_000]!r}\n", flush=True)
    start = time.process_time()
    print(judge(kind, text, number), f"{(time.process_time() - start) * 1000:.1f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
