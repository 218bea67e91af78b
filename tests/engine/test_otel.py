"""The spans as OpenTelemetry's own SDK has them, and where a collector would get them."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from onbeat.daemon import assemble
from onbeat.engine.otel import OpenTelemetry
from onbeat.engine.tracing import span_id
from onbeat.errors import UserError
from onbeat.settings import Settings
from onbeat.stores.memory import MemoryStore
from tests.engine.harness import node_with
from tests.engine.test_tracing import CALLER, FLOWS, GIVEN, TRACE, called, of_flow


async def test_the_sdk_gets_one_tree_of_spans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the webhook's caller to the last task: one trace, every span inside of one that is there."""
    exporter = InMemorySpanExporter()
    monkeypatch.setattr(assemble, "_spans", lambda settings: OpenTelemetry(SimpleSpanProcessor(exporter), "here"))
    async with node_with(MemoryStore(), FLOWS, tmp_path) as node:
        execution = await called(node, {"traceparent": GIVEN})
        await of_flow(node, "after")
    spans = {span.name: span for span in exporter.get_finished_spans()}
    known = {span.context.span_id for span in spans.values()} | {int(CALLER, 16)}
    assert len(spans) == 9
    assert all(span.context.trace_id == int(TRACE, 16) and span.parent.span_id in known for span in spans.values())
    first = spans["flow t.hook"]
    assert first.context.span_id == int(span_id(execution.id), 16)
    assert (first.kind, first.parent.is_remote, first.status.status_code) == (SpanKind.CONSUMER, True, StatusCode.OK)
    assert first.attributes["onbeat.execution.id"] == execution.id
    assert first.resource.attributes["service.name"] == "onbeat"
    assert first.resource.attributes["service.instance.id"] == "here"
    assert first.start_time == execution.head.created * 1000
    assert first.end_time >= first.start_time
    assert '"trace_id"' in first.to_json()


async def test_what_failed_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its words; and a trace that begins here has no span around its first."""
    exporter = InMemorySpanExporter()
    monkeypatch.setattr(assemble, "_spans", lambda settings: OpenTelemetry(SimpleSpanProcessor(exporter), "here"))
    flow = "id: bad\nnamespace: t\ntasks: [{id: fails, type: core.execution.Fail, errorMessage: so it is}]"
    async with node_with(MemoryStore(), {"bad.yaml": flow}, tmp_path) as node:
        await node.engine.ended((await node.start("t", "bad")).id)
    spans = {span.name: span for span in exporter.get_finished_spans()}
    assert spans["flow t.bad"].parent is None
    assert spans["task fails"].status.status_code is StatusCode.ERROR
    assert "so it is" in (spans["task fails"].status.description or "")


class Deaf(SpanExporter):
    """Stands in for a collector that takes nothing."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Lost."""
        return SpanExportResult.FAILURE


async def test_a_collector_that_is_away_costs_nothing_but_its_spans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Executions end as ever, and so does the daemon."""
    monkeypatch.setattr(assemble, "_spans", lambda settings: OpenTelemetry(BatchSpanProcessor(Deaf()), "here"))
    async with asyncio.timeout(20), node_with(MemoryStore(), FLOWS, tmp_path) as node:
        assert (await called(node)).state == "SUCCESS"


async def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings ask for traces; the SDK is not installed."""

    def missing(name: str) -> ModuleType:
        raise ImportError(f"No module named {name}")

    monkeypatch.setattr(assemble.importlib, "import_module", missing)
    with pytest.raises(UserError, match=r"pip install 'onbeat\[otel\]'"):
        assemble._spans(Settings(traces="http://localhost:4318/v1/traces"))


async def test_the_settings_name_the_collector() -> None:
    """OTLP over HTTP; without it nothing is loaded."""
    assert assemble._spans(Settings()) is None
    made = assemble._spans(Settings(traces="http://127.0.0.1:9/v1/traces", node="here"))
    assert isinstance(made, OpenTelemetry)
    await made.close()
