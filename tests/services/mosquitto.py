"""Start a real mosquitto for tests: MQTT 3.1.1 and 5 on one free port, with persistence.

Sessions, redelivery and acknowledgement are the broker's; a fake one agrees with whatever we believe about them.

    with Mosquitto() as mosquitto:
        connect(mosquitto.host, mosquitto.port)

    python -m tests.services.mosquitto --port 1883      # one for people; prints MOSQUITTO host:port

Rules
1. A session's queue has no limit (mosquitto drops beyond 1000 otherwise, silently).
2. Sessions, queued and retained messages survive stop and start on the same port.
3. A kill loses what mosquitto had not written: `save` makes it write first. That is mosquitto's nature, not ours.
4. A missing mosquitto is an error with its cure, never a skip.

Used by: tests/conftest.py, the benchmarks, people.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from tests.services.ports import HOST, free_port, is_open
from tests.services.process import Process, ServiceFailed, stay, wait_until

CURE = "run `make test` as root once, or: sudo apt-get install -y mosquitto"
# Debian installs it where a plain user's PATH does not look.
MORE_PLACES = ("/usr/sbin", "/usr/local/sbin")

CONFIGURATION = """\
listener {port} {host}
allow_anonymous true
persistence true
persistence_location {data}/
autosave_interval 0
max_queued_messages 0
log_dest stderr
"""


class Mosquitto:
    """One broker of our own, at `host` and `port`, before and after every restart."""

    def __init__(self, port: int = 0, settings: Sequence[str] = ()) -> None:
        self.host, self.port = HOST, port or free_port()
        self.url = f"mqtt://{self.host}:{self.port}"
        self.data = Path(tempfile.mkdtemp(prefix="onbeat-mosquitto-"))
        configuration = self.data / "mosquitto.conf"
        # As root, mosquitto would become a user who may not write into our folder.
        lines = [*settings, *(["user root"] if os.geteuid() == 0 else [])]
        configuration.write_text(CONFIGURATION.format(host=HOST, port=self.port, data=self.data) + "".join(f"{line}\n" for line in lines))
        self.process = Process("mosquitto", [find_mosquitto(), "-c", str(configuration)], self.data / "mosquitto.log")

    def start(self, seconds: float = 20) -> "Mosquitto":
        """Start on the sessions that are there and return when a client can connect."""
        self.process.start()
        self.process.wait_ready(lambda: is_open(self.port), seconds)
        return self

    def stop(self) -> int:
        """End the broker in order: it writes its sessions down. Returns its exit code."""
        return self.process.stop()

    def save(self, seconds: float = 20) -> None:
        """Make the broker write its sessions down now, and wait until it has."""
        database = self.data / "mosquitto.db"
        before = database.stat().st_mtime_ns if database.exists() else 0
        os.kill(self.process.pid, signal.SIGUSR1)
        wait_until(
            lambda: database.exists() and database.stat().st_mtime_ns > before, seconds, "mosquitto saved its sessions", self.process.tail
        )

    def kill(self) -> None:
        """SIGKILL: what was not saved is gone."""
        self.process.kill()

    def restart(self) -> "Mosquitto":
        """Stop when it runs, and start with the same sessions on the same port."""
        if self.process.running:
            self.stop()
        return self.start()

    def close(self) -> None:
        """End the broker and throw its data away."""
        self.process.close()
        shutil.rmtree(self.data, ignore_errors=True)

    def __enter__(self) -> "Mosquitto":
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def find_mosquitto() -> str:
    """The broker's program."""
    found = shutil.which("mosquitto", path=os.pathsep.join([os.environ.get("PATH", ""), *MORE_PLACES]))
    if not found:
        raise ServiceFailed(f"mosquitto is not here; {CURE}")
    return found


def main() -> None:
    """Run one broker until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m tests.services.mosquitto", description="Start one real mosquitto on the loopback.")
    parser.add_argument("--port", type=int, default=0, help="default: a free one")
    options = parser.parse_args()
    with Mosquitto(options.port) as mosquitto:
        stay(mosquitto.process, f"MOSQUITTO {mosquitto.host}:{mosquitto.port}")


if __name__ == "__main__":
    try:
        main()
    except ServiceFailed as failed:
        sys.exit(f"mosquitto: {failed}")
