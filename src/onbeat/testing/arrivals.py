"""Let an event come in as the world would send it, so that the triggers that would match are matched.

A test that starts a flow by its inputs says nothing of the trigger: its condition, its inputs, what makes an event once. Here an event
goes the whole way from what a broker or a client sends: it is decoded, matched, deduplicated and resolved by the code that serves.

Rules
1. An event on the bus is a record on its topic; one of Kafka, MQTT, a webhook, a schedule or a file is decoded by its plugin, and given to
   the triggers that listen to it.
2. What it did is told: what it started, and else why not.
3. State events are given to who listens to their topic; nobody but onbeat publishes there.

Called by: case.py and session.py.
"""

import importlib
import json
from dataclasses import dataclass
from typing import Any

from onbeat.core.errors_text import short
from onbeat.core.event import Event, Json, Micros
from onbeat.core.expressions import to_text
from onbeat.core.names import did_you_mean
from onbeat.core.schedule import load_zone
from onbeat.core.times import iso, to_datetime
from onbeat.core.trigger import TriggerSpec
from onbeat.core.values import normalise
from onbeat.engine.intake import LoadedTrigger
from onbeat.errors import UserError
from onbeat.plugins.webhook import Webhook, allows, conflicts, ledger_row, receive
from onbeat.ports import HttpRequest, Key, LedgerRow, Received, Record, Started, Work
from onbeat.testing.bench import Bench
from onbeat.testing.model import Arrival, instant

_FILES = ("files.Watch", "core.trigger.File", "fs.local.RealtimeTrigger")
_BROKERS = "onbeat.testing.brokers"
"""Loaded when a broker's event comes: the clients it decodes with are heavy."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """What an event did. started: its executions; duplicate: they were there already. why: when it started nothing."""

    started: tuple[str, ...] = ()
    duplicate: bool = False
    why: str = ""


async def send(bench: Bench, arrival: Arrival) -> Arrived:
    """Let it come in. Raises UserError when nobody could send it."""
    match arrival.kind:
        case "topic":
            return await _on_topic(bench, arrival)
        case "flow":
            return await _by_hand(bench, arrival)
        case "webhook":
            return await _request(bench, arrival)
        case "schedule":
            return await _tick(bench, arrival)
        case "kafka" | "mqtt":
            return await _record(bench, arrival)
        case "file":
            return await _file(bench, arrival)
        case _:
            return await _as_said(bench, arrival)


# ---- inside ------------------------------------------------------------------------------------------------------------


async def _by_hand(bench: Bench, arrival: Arrival) -> Arrived:
    namespace, _, flow = str(arrival.flow).rpartition(".")
    started = await bench.node.start(namespace, flow, arrival.inputs, labels=arrival.labels)
    return Arrived((started.id,))


async def _on_topic(bench: Bench, arrival: Arrival) -> Arrived:
    node, now = bench.node, bench.clock.now()
    record = Record(
        topic=str(arrival.topic),
        id=arrival.id or node.identity.new(now),
        data=normalise(arrival.data),
        time=now,
        key=None if arrival.key is None else to_text(arrival.key),
        source=arrival.source,
        headers={name: to_text(value) for name, value in arrival.headers.items()},
    )
    listening = [trigger for trigger in bench.triggers() if trigger.hears(record.topic)]
    if record.topic == node.events_topic:
        return await _give(bench, listening, record.as_event())
    bench.sent.add((record.topic, record.id))
    written = await node.store.write(Work(records=(record,)))
    await bench.rest()
    if not written.new_records[0]:
        why = f"topic `{record.topic}` has an event with the id `{record.id}` already"
        return Arrived(tuple(await node.queries.executions_of_key(record.identity)), duplicate=True, why=why)
    if not listening:
        known = [topic for topic in await node.topic_names() if topic != record.topic]
        return Arrived(why=f"no trigger listens to topic `{record.topic}`{did_you_mean(record.topic, known)}")
    return await _after(bench, listening, record.as_event())


async def _request(bench: Bench, arrival: Arrival) -> Arrived:
    trigger = _one(bench, arrival.webhook, "core.trigger.Webhook", "webhook")
    options: Any = trigger.options
    assert isinstance(options, Webhook)
    if not allows(options, arrival.method):
        return Arrived(why=f"the webhook does not take {arrival.method}: 405")
    headers = {name.lower(): [to_text(one) for one in _list(value)] for name, value in arrival.headers.items()}
    if isinstance(arrival.body, str):
        body = arrival.body.encode()
    else:
        headers.setdefault("content-type", ["application/json"])
        body = b"" if arrival.body is None else json.dumps(arrival.body).encode()
    parameters = {name: [to_text(one) for one in _list(value)] for name, value in arrival.parameters.items()}
    request = HttpRequest(method=arrival.method, path="/", headers=headers, parameters=parameters, body=body)
    now = bench.clock.now()
    try:
        received = receive(options, request, now, bench.node.identity.new(now))
    except UserError as wrong:
        return Arrived(why=f"the webhook refuses it: {wrong}")
    row = ledger_row(trigger.spec.name, received, request, now)
    if row is not None and conflicts((await bench.node.store.ledger(row.ledger, [row.key])).get(row.key), row):
        return Arrived(why="this Idempotency-Key was used for another request: 422")
    assert received.event is not None
    return await _give(bench, [trigger], received.event, row)


async def _tick(bench: Bench, arrival: Arrival) -> Arrived:
    trigger = _one(bench, arrival.schedule, "core.trigger.Schedule", "schedule")
    options: Any = trigger.options
    at = bench.clock.now() if arrival.date is None else instant(arrival.date, bench.start)
    moment, table, zone = to_datetime(at), options.table, load_zone(options.timezone)
    times = {"date": moment, "next": next(table.after(moment), None), "previous": next(table.before(moment), None)}
    variables = {name: None if time is None else time.astimezone(zone).isoformat().replace("+00:00", "Z") for name, time in times.items()}
    return await _give(bench, [trigger], _event(iso(at), "schedule", at, variables))


# ---- outside -----------------------------------------------------------------------------------------------------------


async def _record(bench: Bench, arrival: Arrival) -> Arrived:
    brokers = importlib.import_module(_BROKERS)
    found = brokers.read(arrival, bench.triggers(), bench.start, bench.clock.now(), len(bench.executions))
    if not found:
        return Arrived(why=f"no {arrival.kind} trigger listens to topic `{arrival.kafka or arrival.mqtt}`")
    results = [
        await (_give(bench, [trigger], event) if isinstance(event, Event) else _bury(bench, trigger, event)) for trigger, event in found
    ]
    return _merged(results)


async def _bury(bench: Bench, trigger: LoadedTrigger, why: str) -> Arrived:
    """What could not be decoded is a dead event."""
    found = bench.node.intake.find(trigger.spec.name)
    if found is not None:
        item = Received(reason=why, raw=b"", key=why, triggers=frozenset({trigger.spec.name}))
        await bench.node.intake.emit(found[0], [item])
    return Arrived(why=why)


async def _file(bench: Bench, arrival: Arrival) -> Arrived:
    path, now = str(arrival.file), bench.clock.now()
    directory, _, name = path.rpartition("/")
    content = arrival.content
    variables = {
        "path": path,
        "name": name,
        "directory": directory,
        "size": len(content.encode()),
        "modified": iso(now),
        "uri": f"file:///{path.lstrip('/')}",
        "content": content,
    }
    watching = [trigger for trigger in bench.triggers() if trigger.spec.type in _FILES]
    if not watching:
        return Arrived(why="no trigger watches files")
    results = []
    for trigger in watching:
        options: Any = trigger.options
        own = dict(variables)
        if options.read is None:
            del own["content"]
        elif options.read == "json":
            own["content"] = json.loads(content)
        results.append(await _give(bench, [trigger], _event(arrival.id or f"{path}#{iso(now)}", "file", now, own)))
    return _merged(results)


async def _as_said(bench: Bench, arrival: Arrival) -> Arrived:
    """An event whose variables the test says itself."""
    trigger = _one(bench, arrival.trigger, None, "trigger")
    now = bench.clock.now()
    event = _event(arrival.id or bench.node.identity.new(now), "test", now, normalise(arrival.variables), normalise(arrival.data))
    return await _give(bench, [trigger], event)


# ---- on to the triggers ------------------------------------------------------------------------------------------------


async def _give(bench: Bench, triggers: list[LoadedTrigger], event: Event, row: LedgerRow | None = None) -> Arrived:
    """Give an event to triggers, each by its subscription."""
    results: list[Started] = []
    for trigger in triggers:
        found = bench.node.intake.find(trigger.spec.name)
        if found is not None:
            item = Received(event=event, key=event.key, triggers=frozenset({trigger.spec.name}))
            results += await bench.node.intake.emit(found[0], [item], ledger=() if row is None else (row,))
    await bench.rest()
    started = tuple(id_ for result in results for id_ in result.started)
    return await _after(bench, triggers, event, started)


async def _after(bench: Bench, triggers: list[LoadedTrigger], event: Event, started: tuple[str, ...] | None = None) -> Arrived:
    """What an event did, once all is at rest. started: by itself, when that is known."""
    if started is None:
        executions = [await bench.node.engine.load(id_) for id_ in bench.executions]
        cause = event.causation_id or event.id
        started = tuple(one.id for one in executions if one.head.trigger is not None and one.head.causation_id == cause)
    if started:
        return Arrived(started)
    dead = tuple(one.reason for one in await bench.node.queries.dead_events() if one.event is not None and one.event.id == event.id)
    found = [await _why_not(bench, trigger.spec, event) for trigger in triggers]
    before = tuple(id_ for _, ids in found for id_ in ids)
    return Arrived(before, bool(before), "; ".join(dead or [why for why, _ in found]))


async def _why_not(bench: Bench, spec: TriggerSpec, event: Event) -> tuple[str, list[str]]:
    """Why a trigger started nothing, and what it had started for the same event before."""
    name = f"trigger `{spec.id}`"
    if spec.disabled:
        return f"{name} is disabled; `enable: [{spec.id}]` lets it listen in a test", []
    if spec.correlation is not None:
        return f"{name} waits for more events", []
    try:
        starts = await bench.node.evaluator.match(spec, event)
    except UserError as wrong:
        return f"{name}: {short(wrong)}", []
    if not starts:
        return f"the condition of {name} is false: `{to_text(spec.when)}`", []
    keys = [Key(start.trigger, f"{start.namespace}.{start.flow}", start.key) for start in starts]
    before = [id_ for key in keys if (id_ := await bench.node.store.find_key(key)) is not None]
    if before:
        return f"{name} had started for the same key `{starts[0].key}`", before
    return f"{name} matches, but its flow starts nothing: it is disabled, or not there", []


def _merged(results: list[Arrived]) -> Arrived:
    return Arrived(
        tuple(id_ for one in results for id_ in one.started),
        any(one.duplicate for one in results),
        "; ".join(one.why for one in results if one.why),
    )


def _one(bench: Bench, wanted: str | bool | None, type_: str | None, kind: str) -> LoadedTrigger:
    """The trigger that an event names, or the only one of its kind. Raises UserError."""
    all_ = [trigger for trigger in bench.triggers() if type_ is None or trigger.spec.type.startswith(type_)]
    known = [trigger.spec.id for trigger in all_]
    found = all_ if wanted is True else [trigger for trigger in all_ if wanted in (trigger.spec.id, trigger.spec.name)]
    if len(found) == 1:
        return found[0]
    if not all_:
        raise UserError(f"the flow has no {kind} trigger" if type_ else "the flow has no triggers")
    if wanted is True:
        raise UserError(f"there are several {kind} triggers; say which: {', '.join(f'`{name}`' for name in known)}")
    raise UserError(f"there is no {kind} trigger `{wanted}`{did_you_mean(str(wanted), known)}")


def _event(id_: str, kind: str, at: Micros, variables: dict[str, Json], data: Json = None) -> Event:
    source, type_ = f"onbeat/{kind}", f"io.onbeat.{kind}"
    return Event(id=id_, source=source, type=type_, time=at, key=id_, data=data, variables=variables)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
