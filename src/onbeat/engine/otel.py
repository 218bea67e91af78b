"""Give spans to OpenTelemetry's SDK, which sends them to a collector by OTLP.

Only loaded where the settings name a collector: the SDK is an extra, `pip install 'onbeat[otel]'`.

Rules
1. Nothing waits for the collector: spans queue in memory, bounded, and a thread of the SDK's own sends them; what it cannot is dropped.
2. A stop gives the last spans a moment, and no more.

Called by: daemon/assemble.py.
"""

import asyncio

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from onbeat import __version__
from onbeat.engine.tracing import Place, Span

_LAST = 2.0
"""Seconds that a stop gives to what was not sent yet."""
_SCOPE = InstrumentationScope("onbeat", __version__)


class OpenTelemetry:
    """Takes spans. node: this daemon's name. processor: where they go."""

    def __init__(self, processor: SpanProcessor, node: str) -> None:
        self._processor = processor
        self._resource = Resource.create({"service.name": "onbeat", "service.version": __version__, "service.instance.id": node})

    @classmethod
    def to(cls, url: str, node: str) -> "OpenTelemetry":
        """To the collector at an address such as http://localhost:4318/v1/traces."""
        return cls(BatchSpanProcessor(OTLPSpanExporter(url)), node)

    def take(self, span: Span) -> None:
        """Queue one."""
        trace, own, parent = span.place
        code = StatusCode.ERROR if span.failed else StatusCode.OK
        self._processor.on_end(
            ReadableSpan(
                name=span.name,
                context=_context(Place(trace, own)),
                parent=None if parent is None else _context(Place(trace, parent), remote=span.entry),
                resource=self._resource,
                attributes=span.facts,
                kind=SpanKind.CONSUMER if span.entry else SpanKind.INTERNAL,
                status=Status(code, span.error if span.failed else None),
                start_time=span.start * 1000,
                end_time=span.end * 1000,
                instrumentation_scope=_SCOPE,
            )
        )

    async def close(self) -> None:
        """Send what there is, and stop."""
        await asyncio.to_thread(self._processor.force_flush, int(_LAST * 1000))
        await asyncio.to_thread(self._processor.shutdown)


def _context(place: Place, *, remote: bool = False) -> SpanContext:
    return SpanContext(int(place.trace, 16), int(place.span, 16), remote, TraceFlags(TraceFlags.SAMPLED))
