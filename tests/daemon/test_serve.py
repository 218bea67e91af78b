"""The daemon as a process: where it says it is, how it ends, what it refuses, what it recovers."""

import gzip
import http.client
import http.server
import json
import os
import re
import resource
import signal
import stat
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from onbeat.daemon.serve import _explain, known_hosts, make_home, missing_folders, refuse_open_doors, url_of
from onbeat.errors import Refused, StoreBroken, UserError
from onbeat.settings import Settings
from tests.services.daemon import Daemon
from tests.services.process import Process, wait_until

NAP = """
id: nap
namespace: test
tasks:
  - id: sleep
    type: core.flow.Sleep
    duration: {seconds}
  - id: say
    type: core.log.Log
    message: woke up
"""
HEAR = """
id: hear
namespace: test
tasks:
  - id: say
    type: core.log.Log
    message: heard
triggers:
  - id: on
    type: core.trigger.Event
    topic: news
"""


def begin_nap(daemon: Daemon) -> str:
    """The id of an execution of `nap` whose task runs."""
    execution = daemon.api("POST", "/api/v1/executions/test/nap").json()["id"]
    daemon.until(lambda: state_of(daemon, execution) == "RUNNING", "it runs")
    return execution


def state_of(daemon: Daemon, execution: str) -> str:
    """The state of an execution."""
    return daemon.api("GET", f"/api/v1/executions/{execution}").json()["state"]["current"]


def ends_with(process: Process) -> tuple[int, str]:
    """The exit code and the output of a daemon that does not come up."""
    process.start()
    return process.wait(60), process.tail()


def test_server_json_is_there_while_it_takes_calls(new_daemon):
    """Rule 4: address, pid, version, start; whole, for its owner, and gone after a stop."""
    daemon = new_daemon().start()
    place = daemon.data / "server.json"
    content = json.loads(place.read_text())
    assert (content["url"], content["pid"]) == (daemon.url, daemon.process.pid)
    assert content.keys() == {"url", "pid", "version", "started"}
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert daemon.stop() == 0
    assert not place.exists()


def test_the_ready_line_says_where_and_never_the_token(new_daemon):
    """A log is no place for a token; its file is named instead."""
    daemon = new_daemon().start()
    said = daemon.process.tail()
    assert f"is ready at {daemon.url}" in said
    assert str(daemon.data / "admin-token") in said
    assert daemon.token not in said


def test_metrics_are_for_whoever_may_read_unless_they_are_opened(new_daemon):
    """`metrics_public` opens that one route and no other."""
    closed, opened = new_daemon().start(), new_daemon(env={"ONBEAT_METRICS_PUBLIC": "true"}).start()
    assert closed.request("GET", "/metrics").status == http.client.UNAUTHORIZED
    assert b"onbeat_build_info{" in closed.api("GET", "/metrics").body
    assert b"onbeat_build_info{" in opened.request("GET", "/metrics").body
    assert opened.request("GET", "/api/v1/status").status == http.client.UNAUTHORIZED


def test_a_collector_gets_the_spans_of_a_daemon(new_daemon):
    """OTLP over HTTP, protobuf, named by the settings: what an execution did is there when the daemon has stopped."""
    got: list[tuple[str, bytes]] = []

    class Collector(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            got.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *words):
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        daemon = new_daemon(env={"ONBEAT_TRACES": f"http://127.0.0.1:{server.server_port}/v1/traces", "ONBEAT_NODE": "here"})
        daemon.add_flow("one", "id: one\nnamespace: t\ntasks: [{id: only, type: core.debug.Return, format: x}]\n")
        daemon.start()
        execution = daemon.api("POST", "/api/v1/executions/t/one").json()["id"]
        daemon.until(lambda: state_of(daemon, execution) == "SUCCESS", "it ended")
        assert daemon.stop() == 0
        server.shutdown()
    spans = {}
    for path, body in got:
        assert path == "/v1/traces"
        plain = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
        for told in ExportTraceServiceRequest.FromString(plain).resource_spans:
            facts = {each.key: each.value.string_value for each in told.resource.attributes}
            assert (facts["service.name"], facts["service.instance.id"]) == ("onbeat", "here")
            spans |= {span.name: span for scope in told.scope_spans for span in scope.spans}
    assert spans.keys() == {"flow t.one", "task only"}
    assert spans["task only"].parent_span_id == spans["flow t.one"].span_id
    assert spans["task only"].trace_id == spans["flow t.one"].trace_id


def test_a_free_port_is_taken_for_0(new_daemon):
    """And server.json says which."""
    daemon = new_daemon(arguments=["--port", "0"])
    daemon.process.start()
    place = daemon.data / "server.json"
    wait_until(place.exists, 60, "server.json", daemon.process.tail)
    port = int(json.loads(place.read_text())["url"].rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/health")
    assert connection.getresponse().status == http.client.OK
    connection.close()


def test_the_first_signal_lets_running_tasks_end(new_daemon):
    """Rule 3: health is 503 and nothing new is taken meanwhile; what ran has ended, and is found so at the next start."""
    daemon = new_daemon()
    daemon.add_flow("nap", NAP.format(seconds="PT3S"))
    daemon.start()
    execution = begin_nap(daemon)
    os.kill(daemon.process.pid, signal.SIGTERM)
    answered = daemon.until(lambda: refused(daemon), "it drains")
    assert answered == (http.client.SERVICE_UNAVAILABLE, http.client.SERVICE_UNAVAILABLE)
    assert daemon.process.wait(60) == 0
    daemon.start()
    daemon.until(lambda: state_of(daemon, execution) == "SUCCESS", "it ended")
    (sleep, _) = daemon.api("GET", f"/api/v1/executions/{execution}").json()["taskRunList"]
    assert [attempt["state"]["current"] for attempt in sleep["attempts"]] == ["SUCCESS"]


def refused(daemon: Daemon) -> tuple[int, int] | None:
    """What health and an event are answered with, once health is no longer 200."""
    health = daemon.request("GET", "/health").status
    if health == http.client.OK:
        return None
    token = {"Authorization": f"Bearer {daemon.token}"}
    return health, daemon.request("POST", "/api/v1/events/news", {}, token).status


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_the_second_signal_ends_at_once(new_daemon, second: signal.Signals):
    """Rule 3: and the execution goes on at the next start, as after a crash."""
    daemon = new_daemon()
    daemon.add_flow("nap", NAP.format(seconds="PT600S"))
    daemon.start()
    execution = begin_nap(daemon)
    os.kill(daemon.process.pid, signal.SIGTERM)
    daemon.until(lambda: refused(daemon), "it drains")
    os.kill(daemon.process.pid, second)
    assert daemon.process.wait(5) == 128 + second
    daemon.start()
    assert state_of(daemon, execution) == "RUNNING"


def test_after_kill_9_what_ran_goes_on(new_daemon):
    """No state is written only at a stop."""
    daemon = new_daemon()
    daemon.add_flow("nap", NAP.format(seconds="PT2S"))
    daemon.start()
    execution = begin_nap(daemon)
    daemon.kill()
    daemon.start()
    daemon.until(lambda: state_of(daemon, execution) == "SUCCESS", "it ended")


def test_open_streams_end_in_order(new_daemon):
    """A person who tails events sees the end of the stream, and the log has no trace of it."""
    daemon = new_daemon().start()
    connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=30)
    connection.request("GET", "/api/v1/events/onbeat.executions/tail", headers={"Authorization": f"Bearer {daemon.token}"})
    answer = connection.getresponse()
    os.kill(daemon.process.pid, signal.SIGTERM)
    assert answer.read() == b""
    assert daemon.process.wait(30) == 0
    assert "Traceback" not in daemon.process.tail(1_000)
    connection.close()


def test_a_second_engine_on_the_same_data_is_refused(new_daemon):
    """Rule 2: exit code 4, naming the first, before it takes a port."""
    daemon = new_daemon().start()
    second = new_daemon(arguments=["--data", str(daemon.data)])
    code, said = ends_with(second.process)
    assert code == 4
    assert f"process {daemon.process.pid} serves {daemon.data} already" in said
    assert daemon.healthy()


def test_a_port_that_is_taken_is_a_usage_error(new_daemon):
    """Exit code 2, with the option that helps; nothing of its data is left locked."""
    daemon = new_daemon().start()
    second = new_daemon(arguments=["--port", str(daemon.port)])
    code, said = ends_with(second.process)
    assert (code, "--port" in said, "Traceback" in said) == (2, True, False)


@pytest.mark.parametrize(
    ("env", "arguments", "said"),
    [
        ({"ONBEAT_AUTH": "none"}, ["--host", "0.0.0.0"], "ONBEAT_ALLOW_UNAUTHENTICATED_REMOTE=true"),
        ({"ONBEAT_MAX_ACTIVE": "many"}, [], "ONBEAT_MAX_ACTIVE"),
        ({"ONBEAT_FLOWS": "not-json"}, [], "ONBEAT_FLOWS"),
        ({"ONBEAT_BUS": "kafka"}, [], "ONBEAT_KAFKA_BOOTSTRAP_SERVERS"),
        ({}, ["--host", "no.such.host.invalid"], "--host"),
        ({}, ["--data", "/proc/nothing"], "--data"),
    ],
    ids=["open doors", "wrong number", "wrong list", "no broker named", "no address", "no folder"],
)
def test_wrong_settings_are_usage_errors_with_their_cure(new_daemon, env, arguments, said):
    """Rule 1 and the rest: exit code 2, the setting's name, no trace."""
    code, tail = ends_with(new_daemon(env=env, arguments=arguments).process)
    assert (code, said in tail, "Traceback" in tail) == (2, True, False), tail


def test_without_access_on_the_loopback_everybody_is_let_in(new_daemon):
    """`none` is for tests and single users; no token is made."""
    daemon = new_daemon(env={"ONBEAT_AUTH": "none"}).start()
    assert daemon.request("GET", "/api/v1/flows/search").status == http.client.OK
    assert not (daemon.data / "admin-token").exists()


def test_a_broken_store_ends_the_daemon_with_1(new_daemon):
    """Rule 5: the disk refuses a write; the process ends at once, and the next one starts on what is there."""
    daemon = new_daemon()
    daemon.add_flow("hear", HEAR)
    daemon.start()
    size = (daemon.data / "onbeat.db-wal").stat().st_size
    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (size, size))
    token = {"Authorization": f"Bearer {daemon.token}"}
    with suppress(OSError, http.client.HTTPException):
        while daemon.process.running:
            daemon.request("POST", "/api/v1/events/news", {"x": "y" * 10_000}, token)
    assert daemon.process.wait(30) == 1
    daemon.start()
    assert daemon.api("POST", "/api/v1/events/news", {}).json()["executions"]


def test_the_log_is_json_with_fields(new_daemon):
    """What operators read by machine, where stderr is no terminal."""
    daemon = new_daemon()
    daemon.add_flow("hear", HEAR)
    daemon.start()
    rows = [json.loads(line) for line in daemon.process.tail(100).splitlines() if line.startswith("{")]
    (served,) = [row for row in rows if row["event"] == "flow served"]
    assert served["flow"] == "test.hear"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\S+Z", served["timestamp"])


# ---- parts -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "url"),
    [("127.0.0.1", "http://127.0.0.1:1"), ("0.0.0.0", "http://127.0.0.1:1"), ("::", "http://[::1]:1"), ("fe80::1", "http://[fe80::1]:1")],
)
def test_the_address_is_one_that_can_be_called(host: str, url: str):
    """All addresses means this machine's own, for who is on it."""
    assert url_of(host, 1) == url


def test_our_hosts_are_those_we_are_known_by():
    """The public address and the one we listen on need not be allowed twice."""
    settings = Settings(host="10.0.0.5", public_url="https://onbeat.example.org/x", allowed_hosts=["a"])
    assert known_hosts(settings) == ["a", "10.0.0.5", "onbeat.example.org"]


def test_open_doors_are_refused_unless_asked_for():
    """Rule 1: the loopback is no door."""
    refuse_open_doors(Settings(auth="none"))
    refuse_open_doors(Settings(auth="token", host="0.0.0.0"))
    refuse_open_doors(Settings(auth="none", host="0.0.0.0", allow_unauthenticated_remote=True))
    with pytest.raises(UserError, match="would let everybody"):
        refuse_open_doors(Settings(auth="none", host="0.0.0.0"))


def test_the_home_is_private_and_ignored_by_git(tmp_path: Path):
    """Made with its folders, and left as it is the second time."""
    home = tmp_path / "a" / ".onbeat"
    make_home(home)
    assert (stat.S_IMODE(home.stat().st_mode), (home / ".gitignore").read_text()) == (0o700, "*\n")
    (home / ".gitignore").write_text("mine\n")
    make_home(home)
    assert (home / ".gitignore").read_text() == "mine\n"


def test_folders_that_are_not_there_are_told(tmp_path: Path):
    """A misspelt folder would serve nothing, silently; the usual one of triggers need not be there."""
    assert missing_folders(Settings(flows=[tmp_path])) == []
    assert missing_folders(Settings(flows=[tmp_path / "f"], triggers=[tmp_path / "t"])) == [tmp_path / "f", tmp_path / "t"]


def test_what_went_wrong_inside_gives_the_exit_code():
    """A broken store and a bug are 1; what the user must act on is raised as it is, out of its groups."""
    assert _explain(BaseExceptionGroup("g", [ValueError(), BaseExceptionGroup("h", [StoreBroken()])])) == 1
    assert _explain(BaseExceptionGroup("g", [ValueError("a bug")])) == 1
    with pytest.raises(Refused, match="not now"):
        _explain(BaseExceptionGroup("g", [BaseExceptionGroup("h", [Refused("not now")])]))
