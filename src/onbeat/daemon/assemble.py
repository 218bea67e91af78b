"""Put the parts together: the only module that names concrete classes; start in order, run in one TaskGroup, stop in reverse.

Rules
1. Ready means ready: `node.ready` is set when a start would be taken, not before.
2. A stop closes the sources, lets running tasks end for `drain` seconds, then goes. What still ran is recovered as after a kill -9:
   nothing is written only at a stop.
3. After a failure nothing is waited for.

Called by: serve.py, and the CLI's `run`.
"""

import asyncio
import importlib
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from typing import Any

import structlog

from onbeat.clock import SystemClock
from onbeat.core.plugin_defaults import server_defaults
from onbeat.daemon.logs import hiding
from onbeat.engine.actions import NodeActions
from onbeat.engine.alerts import Alerting
from onbeat.engine.answering import Answering
from onbeat.engine.backfill import Backfills
from onbeat.engine.batches import Batches
from onbeat.engine.catalog import Catalog
from onbeat.engine.engine import Engine
from onbeat.engine.evaluator import Evaluator
from onbeat.engine.flow_files import FlowFiles
from onbeat.engine.guard import Guard
from onbeat.engine.housekeeping import keep_tidy
from onbeat.engine.identity import Identity
from onbeat.engine.intake import Intake
from onbeat.engine.listening import Listening
from onbeat.engine.loader import Loader
from onbeat.engine.meters import Meters
from onbeat.engine.namespace_files import KeptFiles
from onbeat.engine.node import Node
from onbeat.engine.outside_jq import PLACES
from onbeat.engine.payloads import Payloads
from onbeat.engine.places import Kind
from onbeat.engine.process import LocalProcesses
from onbeat.engine.quotas import Quotas
from onbeat.engine.readers import Readers
from onbeat.engine.relay import Relay
from onbeat.engine.runner import Runner
from onbeat.engine.sealing_storage import SealedStorage
from onbeat.engine.sealing_store import sealing
from onbeat.engine.secrets import Backend, Files, Secrets
from onbeat.engine.secrets_kept import KeptSecrets
from onbeat.engine.storage import LocalStorage
from onbeat.engine.targets import Targets
from onbeat.engine.task_cache import TaskCache
from onbeat.engine.tasklog import TaskLogs
from onbeat.engine.topics import EmbeddedBus, Projection
from onbeat.engine.tracing import Tracing
from onbeat.engine.trigger_states import TriggerStates
from onbeat.engine.values import KeptValues
from onbeat.engine.vault import Vault
from onbeat.engine.watching import Watch
from onbeat.engine.workers import LocalWorkers
from onbeat.engine.workspace import Workspaces
from onbeat.errors import UserError
from onbeat.ports import Clock, Publisher, Sink, Store, StoreAndQueries, TaskServices, Work, Written
from onbeat.registry import Registry
from onbeat.settings import Settings

_log = structlog.get_logger("onbeat.daemon")
_NEVER = 2**62
"""A journal seq that is not reached."""


@asynccontextmanager
async def running(
    settings: Settings,
    store: StoreAndQueries,
    *,
    clock: Clock | None = None,
    identity: Identity | None = None,
    environment: Mapping[str, str] | None = None,
    sources: bool = True,
    registry: Registry | None = None,
) -> AsyncIterator[Node]:
    """A running node on this store: opened, files loaded, recovered, sources listening. sources: False for a run without them.

    registry: where its plugins come from, when not from this installation as it is.
    """
    clock = clock or SystemClock()
    identity = identity or Identity()
    environment = os.environ if environment is None else environment
    await store.open()
    guard = Guard()
    workers, programs = LocalWorkers(guard), LocalWorkers(guard, PLACES)
    publisher, spans = _publisher(settings, store), _spans(settings)
    hidden = ExitStack()
    try:
        async with asyncio.TaskGroup() as group:
            node = _assemble(
                settings, store, clock, identity, environment, sources, registry, guard, workers, programs, publisher, spans, group
            )
            await node.secrets.load()
            hidden.enter_context(hiding(node.evaluator.mask))
            await node.triggers.load()
            await node.backfills.load()
            await node.engine.quotas.load(node.queries)
            await node.loader.load_all()
            await node.runner.workspaces.tidy(store.load)
            recovered = await node.engine.recover(identity.new(clock.now()))
            if recovered:
                _log.info("recovered", executions=recovered)
            services = [group.create_task(service) for service in _services(settings, node, store, clock, sources)]
            node.ready = True
            patience = 0.0
            try:
                yield node
                patience = settings.drain
            finally:
                await drain(node, patience)
                for service in services:
                    service.cancel()
    finally:
        hidden.close()
        await workers.close()
        await programs.close()
        await guard.close()
        await publisher.close()
        await store.close()
        if spans is not None:
            await spans.close()


async def drain(node: Node, seconds: float) -> None:
    """Take nothing new, and give what runs time to end. A second time does no harm."""
    node.ready = False
    await node.intake.stop()
    node.engine.stop()
    await node.runner.drain(seconds)


def _assemble(
    settings: Settings,
    store: StoreAndQueries,
    clock: Clock,
    identity: Identity,
    environment: Mapping[str, str],
    sources: bool,
    registry: Registry | None,
    guard: Guard,
    workers: LocalWorkers,
    programs: LocalWorkers,
    publisher: Publisher,
    spans: Any,
    group: asyncio.TaskGroup,
) -> Node:
    key = settings.secret_key or settings.encryption_key
    vault = Vault(key.get_secret_value() if key else None, settings.data)
    kept_secrets = KeptSecrets(store, vault, clock)
    backends: list[Backend] = [kept_secrets, *([Files(settings.secrets_dir)] if settings.secrets_dir else [])]
    secrets = Secrets(environment, *backends)
    storage = SealedStorage(settings.data / "storage", vault, secrets.present)
    payloads = Payloads(storage, vault)
    written, store = store, sealing(store, payloads, secrets)
    defaults = server_defaults(settings.plugin_defaults)
    catalog = Catalog(store, defaults)
    registry = registry or Registry(_bus_aliases(settings), defaults)
    values, files = KeptValues(store, clock, payloads, secrets.present), KeptFiles(storage)
    asked = (store.logs, values, store.load)
    evaluator = Evaluator(
        clock,
        payloads,
        identity.bits,
        environment,
        settings.env_prefix,
        settings.variables_globals,
        *asked,
        programs,
        secrets,
        settings.for_plugins(),
    )
    logs = TaskLogs(store, clock)
    actions = NodeActions(store, storage)
    lent = TaskServices(
        clock=clock,
        storage=storage,
        processes=LocalProcesses(guard),
        workers=workers,
        publisher=publisher,
        settings=settings.for_plugins(),
        values=values,
        files=files,
        actions=actions,
    )
    workspaces = Workspaces(settings.data / "work", storage, lent.files, evaluator, clock, logs, group)
    targets = Targets(catalog, payloads, evaluator)
    batches = Batches(evaluator, payloads, storage, targets, clock)
    answering = Answering(evaluator, payloads, {**workspaces.asks, **batches.asks})
    tracing = Tracing(catalog, settings.traces_ratio, spans.take, evaluator.masked) if spans is not None else Tracing(catalog)
    projection = Projection(settings.events_topic, evaluator.masked, tracing.of)
    listening = Listening(store, catalog, evaluator, projection, clock, group, embedded=publisher.embedded)
    runner = Runner(registry, evaluator, payloads, logs, lent, targets, workspaces, TaskCache(storage, clock), group, values)
    places: dict[Kind, int] = {"loop": settings.max_tasks, "process": settings.max_processes}
    triggers = TriggerStates(store, clock)
    engine = Engine(store, catalog, runner, answering, listening, clock, group, places, settings.max_active, triggers)
    known = {**settings.for_plugins(), "project": projection.record}
    intake = Intake(store, store, engine, catalog, evaluator, payloads, clock, identity.new, known, group)
    if sources:
        triggers.serve = intake.update
    meters = runner.meters = intake.meters = Meters(clock)
    runner.tracing = intake.starter.tracing = tracing
    quotas = engine.quotas = logs.quotas = values.room.quotas = Quotas(settings.quotas, clock, meters.count)
    watchers = [meters.written, *([tracing.written] if tracing.on else []), *([quotas.written] if quotas.on else [])]
    engine.watch = partial(_watch, watchers) if len(watchers) > 1 else meters.written
    store.watch(meters.committed)
    loader = Loader(settings.flows, settings.triggers, registry, catalog, store, clock, evaluator.outside_of, triggers.update)
    node = actions.node = Node(
        store=store,
        queries=written,
        engine=engine,
        intake=intake,
        catalog=catalog,
        loader=loader,
        runner=runner,
        logs=logs,
        registry=registry,
        evaluator=evaluator,
        payloads=payloads,
        storage=storage,
        values=values,
        secrets=kept_secrets,
        files=files,
        flow_files=FlowFiles(loader, catalog, store, registry),
        publisher=publisher,
        identity=identity,
        clock=clock,
        events_topic=settings.events_topic,
        projection=projection,
        triggers=triggers,
        backfills=Backfills(store, clock, identity.new, triggers),
        watch=Watch(store, clock, group),
        meters=meters,
        tracing=tracing,
    )
    return node


def _watch(watchers: Sequence[Callable[[Work, Written], None]], work: Work, written: Written) -> None:
    for watcher in watchers:
        watcher(work, written)


def _services(settings: Settings, node: Node, store: StoreAndQueries, clock: Clock, sources: bool) -> Iterator[Coroutine[Any, Any, None]]:
    """What runs beside the engine."""
    yield _stop_when_broken(store)
    yield node.engine.timers.serve()
    yield node.logs.serve()
    if not sources:
        return
    for sink in _sinks(settings):
        relay = Relay(store, sink, clock, node.projection, settings.sink_most_behind)
        node.relays.append(relay)
        yield relay.serve()
    names = [alert.name for alert in settings.alerts]
    if len(set(names)) < len(names):
        raise UserError("two alerts have the same name; each needs its own: its place in the journal is kept by it")
    for alert in settings.alerts:
        alerting = Alerting(alert, node, settings.sink_most_behind)
        node.alerts.append(alerting)
        yield alerting.serve()
    readers = Readers(store, clock, node.readers)
    kept = (settings.retention_days, settings.topic_days, settings.topic_bytes)
    yield keep_tidy(store, clock, *kept, readers, LocalStorage(settings.data / "storage"), node.values)
    if settings.watch:
        yield node.loader.watch()


async def _stop_when_broken(store: StoreAndQueries) -> None:
    """A broken store stops the process, whoever's write it was: a wait for a row that never comes fails with the store."""
    await store.wait_journal(_NEVER)


def _bus_aliases(settings: Settings) -> dict[str, str]:
    """Which source `core.trigger.Event` means: the bus's."""
    return {} if settings.bus == "embedded" else {"core.trigger.Event": f"{settings.bus}.EventTrigger"}


def _need(value: str | None, setting: str) -> str:
    if value is None:
        raise UserError(f"set {setting}: the bus or a sink needs it")
    return value


def _publisher(settings: Settings, store: Store) -> Publisher:
    """The bus that was chosen; a broker's client library is only loaded for it."""
    if settings.bus == "kafka":
        _need(settings.kafka_bootstrap_servers, "ONBEAT_KAFKA_BOOTSTRAP_SERVERS")
        return importlib.import_module("onbeat.plugins.kafka").KafkaPublisher(settings.for_plugins())  # type: ignore[no-any-return]  # loaded late
    if settings.bus == "mqtt":
        url = _need(settings.mqtt_url, "ONBEAT_MQTT_URL")
        return importlib.import_module("onbeat.plugins.mqtt").MqttPublisher(url)  # type: ignore[no-any-return]  # loaded late
    return EmbeddedBus(store)


def _spans(settings: Settings) -> Any:
    """Where spans go; None: nowhere. The SDK is only loaded for it."""
    if settings.traces is None:
        return None
    try:
        return importlib.import_module("onbeat.engine.otel").OpenTelemetry.to(settings.traces, settings.node)
    except ImportError as missing:
        raise UserError(f"`traces` needs `pip install 'onbeat[otel]'` ({missing})") from None


def _sinks(settings: Settings) -> Iterator[Sink]:
    """Where the state events go besides the embedded bus, which is the journal itself."""
    wanted = dict.fromkeys([*([settings.bus] if settings.bus != "embedded" else []), *settings.sinks])
    for name in wanted:
        if name == "kafka":
            _need(settings.kafka_bootstrap_servers, "ONBEAT_KAFKA_BOOTSTRAP_SERVERS")
            yield importlib.import_module("onbeat.plugins.kafka").KafkaSink(settings.for_plugins(), _log.bind(sink="kafka"))
        else:
            url = _need(settings.mqtt_url, "ONBEAT_MQTT_URL")
            yield importlib.import_module("onbeat.plugins.mqtt").MqttSink(url, _log.bind(sink="mqtt"))
