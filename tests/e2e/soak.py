"""Serve for long under a steady load and watch what must not grow: `python -m tests.e2e.soak` (`make soak`).

A webhook at `--rate` starts flows of every kind: parallel tasks, a value that is kept, a subflow, an event that starts another flow, a
program now and then; beside them a schedule of each second. Every `--every` seconds a line says what the daemon takes: memory, threads,
open files, bytes on disk for each execution, and how long a start took to be acknowledged. At the end all that was acknowledged must have
ended well, and the last third of the time must have taken no more than the one before (the first warms up). Exits 1 when not.

    --minutes 30   --rate 50   --every 30   --data DIR (kept)
"""

import argparse
import http.client
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass, field, fields
from pathlib import Path

from tests.services.daemon import Daemon
from tests.services.ports import HOST

HOOK = "/api/v1/main/executions/webhook/soak/hook/soak-key-of-the-campaign"
SENDERS = 8
PATIENCE = 300.0
"""Seconds that what was acknowledged may take to end once nothing new comes."""
GROWTH = 1.1
SLACK = {"memory": 8.0, "threads": 4.0, "files": 16.0, "disk": 200.0}
"""What each may take more beside a tenth: MB, threads, files, bytes for an execution."""
FLOWS = {
    "hook": """
id: hook
namespace: soak
tasks:
  - id: both
    type: core.flow.Parallel
    tasks:
      - {id: n, type: core.debug.Return, format: "{{ trigger.body.n }}"}
      - {id: keep, type: core.kv.Set, key: "last{{ trigger.body.n % 100 }}", value: "{{ trigger.body.n }}"}
  - {id: call, type: core.flow.Subflow, namespace: soak, flowId: child, inputs: {n: "{{ trigger.body.n }}"}, wait: true}
  - id: seldom
    type: core.flow.If
    condition: "{{ trigger.body.n % 100 == 0 }}"
    then: [{id: program, type: scripts.shell.Commands, commands: ["echo {{ trigger.body.n }}"]}]
  - {id: tell, type: core.event.Publish, topic: soak, data: "{{ trigger.body.n }}"}
triggers: [{id: hook, type: core.trigger.Webhook, key: soak-key-of-the-campaign}]
""",
    "child": """
id: child
namespace: soak
inputs: [{id: n, type: STRING}]
tasks: [{id: say, type: core.log.Log, message: "{{ inputs.n }}"}]
""",
    "told": """
id: told
namespace: soak
tasks: [{id: say, type: core.log.Log, message: "{{ trigger.data }}"}]
triggers: [{id: on, type: core.trigger.Event, topic: soak}]
""",
    "each-second": """
id: each-second
namespace: soak
tasks: [{id: say, type: core.log.Log, message: "{{ trigger.date }}"}]
triggers: [{id: second, type: core.trigger.Schedule, cron: "* * * * * *", withSeconds: true}]
""",
}
ONCE = ("hook", "child", "told")
"""Each of these runs once for each start."""


@dataclass(frozen=True)
class Sample:
    """What the daemon took at an instant: MB of memory, threads, open files, bytes on disk for each start; and ms until the starts
    since the sample before were acknowledged."""

    second: float
    acknowledged: int
    memory: float
    threads: float
    files: float
    disk: float
    p50: float
    p99: float

    def line(self) -> str:
        """For a person."""
        return "  ".join(f"{each.name} {value:,.1f}" for each, value in zip(fields(self), astuple(self), strict=True))


def grown(samples: Sequence[Sample]) -> list[str]:
    """What the last third took more of than the one before, in sentences."""
    third = len(samples) // 3
    if not third:
        return ["it was too short to see whether anything grows: at least three samples"]
    middle, last = samples[third : 2 * third], samples[-third:]
    found = []
    for name, slack in SLACK.items():
        before, after = (statistics.median(getattr(each, name) for each in part) for part in (middle, last))
        if after > before * GROWTH + slack:
            found.append(f"{name} grew from {before:,.1f} to {after:,.1f}")
    return found


@dataclass
class Load:
    """Webhooks at a rate, from threads with a connection each."""

    port: int
    rate: float
    acknowledged: int = 0
    wrong: list[str] = field(default_factory=list)
    took: list[float] = field(default_factory=list)

    def send(self, until: float, sender: int) -> None:
        """Send each of this sender's numbers at its time, until then."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=30)
        begun, n = time.monotonic(), sender
        while (due := begun + n / self.rate) < until:
            time.sleep(max(0.0, due - time.monotonic()))
            asked = time.monotonic()
            connection.request("POST", HOOK, json.dumps({"n": n}), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            said = answer.read()
            self.took.append(1_000 * (time.monotonic() - asked))
            if answer.status < http.client.MULTIPLE_CHOICES:
                self.acknowledged += 1
            else:
                self.wrong.append(f"webhook {n} was answered {answer.status}: {said[:200]!r}")
            n += SENDERS
        connection.close()


def sample(daemon: Daemon, load: Load, second: float) -> Sample:
    """What the daemon takes now."""
    process = Path(f"/proc/{daemon.process.pid}")
    status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
    took, load.took = sorted(load.took) or [0.0], []
    return Sample(
        second=second,
        acknowledged=load.acknowledged,
        memory=int(status["VmRSS"].split()[0]) / 1024,
        threads=int(status["Threads"]),
        files=len(list((process / "fd").iterdir())),
        disk=sum(each.stat().st_size for each in daemon.data.glob("onbeat.db*")) / max(1, load.acknowledged),
        p50=took[len(took) // 2],
        p99=took[int(len(took) * 0.99)],
    )


def count(daemon: Daemon, flow: str, state: str = "") -> int:
    """Executions of a flow, in a state if one is given."""
    wanted = f"namespace=soak&flowId={flow}&size=1" + (f"&state={state}" if state else "")
    total: int = daemon.api("GET", f"/api/v1/main/executions/search?{wanted}").json()["total"]
    return total


def run(folder: Path, minutes: float, rate: float, every: float, show: Callable[[str], None]) -> list[str]:
    """The campaign; answers what was wrong."""
    daemon = Daemon(folder)
    for name, text in FLOWS.items():
        daemon.add_flow(name, text)
    samples: list[Sample] = []
    try:
        with daemon, ThreadPoolExecutor(SENDERS) as pool:
            load, begun = Load(daemon.port, rate), time.monotonic()
            senders = [pool.submit(load.send, begun + minutes * 60, sender) for sender in range(SENDERS)]
            while (left := begun + minutes * 60 - time.monotonic()) > every / 2:
                time.sleep(min(every, left))
                samples.append(sample(daemon, load, time.monotonic() - begun))
                show(samples[-1].line())
            for sender in senders:
                sender.result()
            daemon.until(lambda: all(count(daemon, flow, "SUCCESS") >= load.acknowledged for flow in ONCE), "the end of all", PATIENCE)
            found = [f"{seen} of {flow}" for flow in ONCE if (seen := count(daemon, flow)) != load.acknowledged]
            found = [f"{', '.join(found)}, and {load.acknowledged} were acknowledged"] if found else []
            daemon.stop()
    finally:
        daemon.close()
    return [*load.wrong[:10], *found, *grown(samples)]


def main() -> None:
    """Run it and say what was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=float, default=50, help="webhooks a second")
    parser.add_argument("--every", type=float, default=30, help="seconds between two lines")
    parser.add_argument("--data", type=Path, help="a folder that is kept; else one that is thrown away")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="onbeat-soak-") as thrown:
        wrong = run(given.data or Path(thrown), given.minutes, given.rate, given.every, lambda line: print(line, flush=True))
    print("\n".join(wrong) or "nothing was lost, nothing grew")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
