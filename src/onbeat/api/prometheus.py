"""Show what is measured to Prometheus: `GET /metrics`, text or OpenMetrics as the scraper asks for it.

What is counted is counted always (engine/meters.py); what is a state of things, such as how many executions wait, is read here when
somebody looks, so that a daemon nobody scrapes does nothing for it.

Rules
1. Every meter of METERS is there from the first scrape, and no other: one without labels with 0, before anything happened.
2. A source that does not say how far behind it is within a second is left out, and holds up no other.
3. It needs the permission to read; `metrics_public` opens it, for a scraper that can send no token.

Called by: app gives the routes; the daemon, where `metrics_public` says so.
"""

import asyncio
import platform
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat import __version__
from onbeat.api.access import Permission
from onbeat.api.routing import Within, node_of, one_route
from onbeat.core.states import TERMINATED, State
from onbeat.engine.meters import METERS, Meter, Spread, source_of
from onbeat.engine.node import Node
from onbeat.ports import ExecutionFilter

Labelled = dict[tuple[str, ...], float]
OPEN = tuple(state for state in State if state not in TERMINATED)
PATH = "/metrics"


def routes(permission: Permission = Permission.READ) -> list[BaseRoute]:
    """The route."""
    return [one_route(PATH, scrape, permission, within=Within.SERVER)]


async def scrape(request: Request) -> Response:
    """All meters as Prometheus reads them."""
    node = node_of(request)
    gauges = await read(node)
    registry = CollectorRegistry(auto_describe=False)
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    registry.register(_Shown(gauges, node.meters.counts, node.meters.spreads))
    encode, media_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(registry), headers={"content-type": media_type})


async def read(node: Node) -> dict[str, Labelled]:
    """The gauges, and the counters that the store keeps, as they are now."""
    figures = node.figures()
    shown = node.meters.subscriptions
    subscriptions = [(source_of(each), shown(each.name), each) for each in node.intake.subscriptions()]
    lags = await asyncio.gather(*(each.lag() for _, _, each in subscriptions))
    counts = await asyncio.gather(*(node.queries.count(ExecutionFilter(states=(state,)), limit=None) for state in OPEN))
    end = await node.store.journal_end()
    quotas = list(node.quotas())
    behind: Counter[tuple[str, ...]] = Counter()
    up: dict[tuple[str, ...], float] = {}
    for (source, name, each), lag in zip(subscriptions, lags, strict=True):
        up[source, name] = min(up.get((source, name), 1), not each.trouble)
        if lag is not None:
            behind[source, name] += lag
    return {
        "onbeat_build_info": {(__version__, platform.python_version()): 1},
        "onbeat_ready": {(): node.ready and not node.engine.full()},
        "onbeat_flows": {(): len(node.catalog.served())},
        "onbeat_trigger_lag_events": dict(behind),
        "onbeat_source_up": up,
        "onbeat_executions": {(state.value,): count for state, count in zip(OPEN, counts, strict=True)},
        "onbeat_executions_at_work": {(): figures["executions"]},
        "onbeat_executions_set_aside": {(): len(node.engine.quarantined)},
        "onbeat_mailbox_signals": {(): node.engine.undecided()},
        "onbeat_tasks_running": {(): figures["tasks"]},
        "onbeat_tasks_waiting": {(): figures["waiting"]},
        "onbeat_timers": {(): figures["timers"]},
        "onbeat_quota_used": {(each.namespace, each.quota): each.used for each in quotas},
        "onbeat_quota_limit": {(each.namespace, each.quota): each.limit for each in quotas},
        "onbeat_journal_rows_total": {(): end},
        "onbeat_sink_backlog_rows": {(relay.name,): max(0, end - relay.position) for relay in node.relays},
        "onbeat_sink_gaps": {(relay.name,): relay.gaps for relay in node.relays},
        "onbeat_sink_up": {(relay.name,): not relay.trouble for relay in node.relays},
    }


class _Shown(Collector):
    """Our meters as the library's families."""

    def __init__(
        self,
        read: Mapping[str, Labelled],
        counts: Mapping[str, Labelled],
        spreads: Mapping[str, Mapping[tuple[str, ...], Spread]],
    ) -> None:
        self._values = {**counts, **read}
        self._spreads = spreads

    def collect(self) -> Iterable[Metric]:
        for meter in METERS:
            yield self._histogram(meter) if meter.kind == "histogram" else self._family(meter)

    def _family(self, meter: Meter) -> Metric:
        kind = CounterMetricFamily if meter.kind == "counter" else GaugeMetricFamily
        family = kind(meter.name, meter.about, labels=meter.labels)
        values = self._values[meter.name]
        for labels, value in (values or ({} if meter.labels else {(): 0.0})).items():
            family.add_metric(labels, value)
        return family

    def _histogram(self, meter: Meter) -> Metric:
        family = HistogramMetricFamily(meter.name, meter.about, labels=meter.labels)
        spreads = self._spreads[meter.name]
        for labels, spread in (spreads or ({} if meter.labels else {(): Spread(meter.bounds)})).items():
            family.add_metric(labels, list(_cumulative(meter, spread)), spread.sum)
        return family


def _cumulative(meter: Meter, spread: Spread) -> Iterator[tuple[str, float]]:
    total = 0
    for bound, count in zip((*meter.bounds, float("inf")), spread.counts, strict=True):
        total += count
        yield ("+Inf" if bound == float("inf") else f"{float(bound)}"), total
