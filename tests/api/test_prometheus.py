"""What Prometheus scrapes: every meter, no other, in its own format."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from onbeat.api import prometheus
from onbeat.api.access import Permission
from onbeat.engine.meters import METERS
from tests.api.client import Answer, api

WHAT_A_LIBRARY_GIVES = ("process_", "python_")


def samples(answer: Answer) -> Iterator[Sample]:
    """Each line of an answer."""
    for family in text_string_to_metric_families(answer.body.decode()):
        yield from family.samples


def value(answer: Answer, name: str, **labels: str) -> float:
    """One sample's value."""
    (found,) = [each.value for each in samples(answer) if each.name == name and labels.items() <= each.labels.items()]
    return found


async def test_every_meter_is_there_and_no_other(tmp_path: Path) -> None:
    """From the first scrape, with its help and type; those without labels have a value at once."""
    async with api(tmp_path) as call:
        answer = await call("GET", "/metrics")
        assert answer.status == 200
        assert answer.headers["content-type"].startswith("text/plain; version=")
        families = {each.name: each for each in text_string_to_metric_families(answer.body.decode())}
        ours = {name: each for name, each in families.items() if not name.startswith(WHAT_A_LIBRARY_GIVES)}
        wanted = {meter.name.removesuffix("_total"): meter for meter in METERS}
        assert ours.keys() == wanted.keys()
        for name, meter in wanted.items():
            assert (ours[name].type, ours[name].documentation) == (meter.kind, meter.about)
            assert bool(ours[name].samples) or meter.labels


async def test_what_happened_and_how_things_are(tmp_path: Path) -> None:
    """Counters, gauges and histograms after an execution that ended and one that runs."""
    async with api(tmp_path, max_active=2) as call:
        hello = (await call("POST", "/api/v1/executions/t/hello?wait=true")).json["id"]
        await call.node.engine.ended(hello)
        sleep = (await call("POST", "/api/v1/executions/t/sleep")).json["id"]
        answer = await call("GET", "/metrics")
        assert value(answer, "onbeat_executions_total", namespace="t", flow="hello", state="SUCCESS") == 1
        assert value(answer, "onbeat_execution_seconds_count", flow="hello") == 1
        assert value(answer, "onbeat_execution_seconds_bucket", flow="hello", le="+Inf") == 1
        assert value(answer, "onbeat_executions", state="RUNNING") == 1
        assert value(answer, "onbeat_executions", state="QUEUED") == 0
        assert value(answer, "onbeat_executions_at_work") == value(answer, "onbeat_tasks_running") == 1
        assert value(answer, "onbeat_ready") == 1
        assert value(answer, "onbeat_source_up", source="core.trigger.Event", subscription="core.trigger.Event:things") == 1
        assert value(answer, "onbeat_trigger_lag_events", subscription="core.trigger.Event:things") == 0
        assert value(answer, "onbeat_journal_rows_total") == await call.node.store.journal_end()
        assert value(answer, "process_resident_memory_bytes") > 0
        await call("DELETE", f"/api/v1/executions/{sleep}/kill")
        await call.node.engine.ended(sleep)


async def test_buckets_are_cumulative(tmp_path: Path) -> None:
    """As the format wants it: each counts all that are not larger."""
    async with api(tmp_path) as call:
        for seconds in (0.0001, 0.003, 0.003, 99):
            call.node.meters.committed(1, seconds)
        answer = await call("GET", "/metrics")
        counts = {each.labels["le"]: each.value for each in samples(answer) if each.name == "onbeat_commit_seconds_bucket"}
        assert (counts["0.0005"], counts["0.0025"], counts["0.005"], counts["10.0"], counts["+Inf"]) == (1, 1, 3, 3, 4)
        assert value(answer, "onbeat_commit_seconds_sum") == pytest.approx(99.0061)


async def test_openmetrics_is_spoken_where_it_is_asked_for(tmp_path: Path) -> None:
    """Prometheus asks for it since 2.5."""
    async with api(tmp_path) as call:
        answer = await call("GET", "/metrics", accept="application/openmetrics-text; version=1.0.0")
        assert answer.headers["content-type"].startswith("application/openmetrics-text")
        assert answer.body.endswith(b"# EOF\n")


async def test_it_needs_a_token_unless_it_is_opened(tmp_path: Path) -> None:
    """`metrics_public` puts an open route before the other."""
    async with api(tmp_path) as call:
        assert (await call("GET", "/metrics", token=None)).status == 401
        call.app.router.routes[:0] = prometheus.routes(Permission.PUBLIC)
        assert (await call("GET", "/metrics", token=None)).status == 200


async def test_a_source_in_trouble_is_down(tmp_path: Path) -> None:
    """And what does not say how far behind it is, is left out."""
    async with api(tmp_path) as call:
        broken = next(each for each in call.node.intake.subscriptions() if each.name == "core.trigger.Event:things")
        broken.trouble, broken.measured = "no connection", None
        answer = await call("GET", "/metrics")
        assert value(answer, "onbeat_source_up", subscription="core.trigger.Event:things") == 0
        assert not [
            each
            for each in samples(answer)
            if each.name == "onbeat_trigger_lag_events" and each.labels["subscription"] == "core.trigger.Event:things"
        ]
