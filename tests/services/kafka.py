"""Start a real Apache Kafka for tests: one KRaft node on the loopback, no container.

A fake broker cannot test a delivery promise: rebalances, restarts and committed offsets are where the bugs are.

    with Kafka() as kafka:
        connect(kafka.bootstrap)

    python -m tests.services.kafka --port 9092          # one for people; prints KAFKA host:port

Rules
1. The jars come from Maven once and are kept in $ONBEAT_CACHE, else in .cache of the checkout; another checkout's are used when there.
2. `start` returns when the broker answers Metadata with itself in it; an open port alone comes too early.
3. Data and port stay the same over stop, kill and start; `close` throws the data away.
4. $ONBEAT_TEST_KAFKA names a broker that runs already; then nothing is started, and tests that kill a broker still start their own.
5. A missing Java or Maven is an error with its cure, never a skip.

Used by: tests/conftest.py, the benchmarks, people.
"""

import argparse
import contextlib
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from tests.services.ports import HOST, free_port
from tests.services.process import Process, ServiceFailed, stay

VERSION = "4.3.1"
JAVA = 17
CURE = "run `make test` as root once, or: sudo apt-get install -y default-jre-headless maven"
JAVA_HOMES = Path("/usr/lib/jvm")
CHECKOUT = Path(__file__).resolve().parents[2]

PROJECT = f"""<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>onbeat.tests</groupId><artifactId>kafka-jars</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{VERSION}</version></dependency>
  </dependencies>
</project>
"""

# One node that is its own controller; the internal topics have one replica; a group is balanced at once.
PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller}
advertised.listeners=PLAINTEXT://{host}:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={logs}
num.partitions={partitions}
auto.create.topics.enable=true
group.initial.rebalance.delay.ms=0
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=2000
controlled.shutdown.enable=false
"""

LOGGING = """\
<Configuration>
  <Appenders><Console name="out"><PatternLayout pattern="%d %p %c{1} %m%n"/></Console></Appenders>
  <Loggers><Root level="WARN"><AppenderRef ref="out"/></Root></Loggers>
</Configuration>
"""

# Any 16 bytes in base64: the same for all, since no two of these ever form one cluster.
CLUSTER = "b25iZWF0LXRlc3RzLTAwMQ"


class Kafka:
    """One broker of our own. `bootstrap` is its address, before and after every restart. measured: with Java's second compiler, which takes
    as long as a test and is what a broker that lives for long has."""

    def __init__(
        self, port: int = 0, data: Path | None = None, partitions: int = 1, settings: Sequence[str] = (), measured: bool = False
    ) -> None:
        self.port, self.controller = port or free_port(), free_port()
        self.bootstrap = f"{HOST}:{self.port}"
        self.data = Path(data or tempfile.mkdtemp(prefix="onbeat-kafka-")).absolute()
        self._throw_away = data is None
        self._partitions, self._settings, self._measured = partitions, tuple(settings), measured
        self._process: Process | None = None

    def start(self, seconds: float = 90) -> "Kafka":
        """Start on the data that is there and return when a client can produce."""
        process = self._process = self._process or self._prepare()
        process.start()
        process.wait_ready(lambda: answers_metadata(self.port), seconds)
        return self

    def stop(self) -> int:
        """End the broker in order and return its exit code."""
        code = self.process.stop()
        self._keep_class_archive()
        return code

    def kill(self) -> None:
        """SIGKILL: what was acknowledged is still in the log at the next start."""
        self.process.kill()

    def restart(self) -> "Kafka":
        """Stop when it runs, and start with the same data on the same port."""
        if self.process.running:
            self.stop()
        return self.start()

    def close(self) -> None:
        """End the broker and throw its data away, when the data was ours to make."""
        if self._process is not None:
            if self._process.running:
                self.stop()
            self._process.close()
        if self._throw_away:
            shutil.rmtree(self.data, ignore_errors=True)

    def __enter__(self) -> "Kafka":
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def process(self) -> Process:
        """The running broker, for its log and its id."""
        if self._process is None:
            raise ServiceFailed("Kafka was never started")
        return self._process

    def _prepare(self) -> Process:
        jars, (java, version) = fetch(), find_java()
        self.data.mkdir(parents=True, exist_ok=True)
        properties, logging, logs = self.data / "server.properties", self.data / "log4j2.xml", self.data / "log"
        settings = PROPERTIES.format(host=HOST, port=self.port, controller=self.controller, logs=logs, partitions=self._partitions)
        properties.write_text(settings + "".join(f"{line}\n" for line in self._settings))
        logging.write_text(LOGGING)
        # A broker of the tests is small, starts often and lives for seconds: no parallel collectors, no second compiler, the loaded
        # classes come from an archive that the first orderly stop of this Java leaves beside the jars, and so does an empty store.
        self._archive, self._new_archive = jars / f"java-{version}.jsa", self.data / "classes.jsa"
        share = f"-XX:SharedArchiveFile={self._archive}" if self._archive.exists() else f"-XX:ArchiveClassesAtExit={self._new_archive}"
        heap = os.environ.get("ONBEAT_TEST_KAFKA_HEAP", "512m")
        small = ["-XX:+UseSerialGC", "-XX:-UsePerfData", "-Xlog:disable", *([] if self._measured else ["-XX:TieredStopAtLevel=1"])]
        run = [java, f"-Xmx{heap}", *small, f"-Dlog4j2.configurationFile={logging}"]
        classes = ["-cp", f"{jars}/*"]
        empty = jars / "empty"
        if empty.exists() and not logs.exists():
            shutil.copytree(empty, logs)
        if not (logs / "meta.properties").exists():
            form = [*run, *classes, "kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c", str(properties)]
            done = subprocess.run(form, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
            if done.returncode:
                raise ServiceFailed(f"Kafka could not format {logs}\n{done.stdout}{done.stderr}")
            _keep(logs, empty)
        return Process("Kafka", [*run, share, *classes, "kafka.Kafka", str(properties)], self.data / "kafka.log")

    def _keep_class_archive(self) -> None:
        if self._new_archive.exists() and not self._archive.exists():
            _keep(self._new_archive, self._archive)


def _keep(made: Path, kept: Path) -> None:
    """Copy a file or folder to where the next broker finds it, whole or not at all; a cache that is read-only stays as it is."""
    with contextlib.suppress(OSError), tempfile.TemporaryDirectory(dir=kept.parent, prefix=".keep-") as work:
        half = Path(work) / kept.name
        if made.is_dir():
            shutil.copytree(made, half)
        else:
            shutil.copyfile(made, half)
        half.rename(kept)


class OutsideKafka:
    """A broker that somebody else runs; we only know its address."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap

    def __enter__(self) -> "OutsideKafka":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Nothing: it is not ours to stop."""


def shared() -> Kafka | OutsideKafka:
    """The broker that tests share: $ONBEAT_TEST_KAFKA when it is set, else one of our own."""
    outside = os.environ.get("ONBEAT_TEST_KAFKA")
    return OutsideKafka(outside) if outside else Kafka()


def answers_metadata(port: int) -> bool:
    """Does the broker list itself? Asked by one Metadata request, version 1, for no topic."""
    request = struct.pack(">hhih4si", 3, 1, 1, 4, b"wait", 0)
    try:
        with socket.create_connection((HOST, port), 1) as broker:
            broker.settimeout(2)
            broker.sendall(struct.pack(">i", len(request)) + request)
            (size,) = struct.unpack(">i", broker.recv(4, socket.MSG_WAITALL))
            answer = broker.recv(size, socket.MSG_WAITALL)
            (brokers,) = struct.unpack_from(">i", answer, 4)
            return bool(brokers > 0)
    except (OSError, struct.error):
        return False


def find_java() -> tuple[str, str]:
    """A Java new enough for Kafka, and its version: $JAVA_HOME's, the PATH's, or one that Debian installed."""
    home, on_path = os.environ.get("JAVA_HOME"), shutil.which("java")
    found = [Path(home) / "bin" / "java"] if home else []
    found += [Path(on_path)] if on_path else []
    found += sorted(JAVA_HOMES.glob("*/bin/java"))
    seen = []
    for java in filter(Path.exists, found):
        says = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
        if version := re.search(r'version "((\d+)[^"]*)"', says):
            if int(version[2]) >= JAVA:
                return str(java), version[1]
            seen.append(version[1])
    raise ServiceFailed(f"Kafka needs Java {JAVA} or newer, found {', '.join(seen) or 'none'}; {CURE}")


def jar_folders() -> list[Path]:
    """Where the jars may be, the place we write to first."""
    ours = Path(os.environ.get("ONBEAT_CACHE") or CHECKOUT / ".cache") / "kafka"
    return [folder / f"kafka-{VERSION}" for folder in (ours, Path.home() / ".cache" / "onbeat-kafka")]


def fetch() -> Path:
    """The folder with Kafka's jars; Maven brings them when they are in none of the caches."""
    folders = jar_folders()
    for folder in folders:
        if any(folder.glob(f"kafka_*-{VERSION}.jar")):
            return folder
    if not shutil.which("mvn"):
        raise ServiceFailed(f"Kafka's jars are not here and Maven (mvn), which brings them, is not either; {CURE}")
    target = folders[0]
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetch-") as work:
        (Path(work) / "pom.xml").write_text(PROJECT)
        bring = ["mvn", "-B", "-ntp", "-q", "--strict-checksums", "dependency:copy-dependencies", f"-DoutputDirectory={work}/jars"]
        done = subprocess.run(bring, cwd=work, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ServiceFailed(f"Maven could not bring Kafka {VERSION}; is there a network?\n{done.stdout[-2000:]}")
        with contextlib.suppress(OSError):  # another process was faster
            (Path(work) / "jars").rename(target)
    return target


def main() -> None:
    """Run one broker until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m tests.services.kafka", description="Start one real Kafka broker on the loopback.")
    parser.add_argument("--port", type=int, default=0, help="default: a free one")
    parser.add_argument("--data", type=Path, help="a folder to keep; default: thrown away at the end")
    parser.add_argument("--partitions", type=int, default=1, help="of a topic that is made on first use")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a broker setting; may be repeated")
    parser.add_argument("--fetch", action="store_true", help="only bring the jars")
    options = parser.parse_args()
    if options.fetch:
        print(fetch())
        return
    with Kafka(options.port, options.data, options.partitions, options.set) as kafka:
        stay(kafka.process, f"KAFKA {kafka.bootstrap}")


if __name__ == "__main__":
    try:
        main()
    except ServiceFailed as failed:
        sys.exit(f"kafka: {failed}")
