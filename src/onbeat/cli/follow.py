"""Publish events and watch what they start, live, as the daemon's journal has it.

Rules
1. `publish` that prints success has the event on disk.
2. `--follow` ends when all that the event started has ended; it fails when one of them did.
3. A tail that lost its connection goes on after the last event it showed.

Called by: app.py; flows.py and demo.py follow executions too.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from onbeat.cli import show
from onbeat.cli.client import Client
from onbeat.cli.errors import Exit, complain
from onbeat.client import ENDED, GOOD, Published
from onbeat.client.place import EVENTS_TOPIC, setting
from onbeat.core.names import did_you_mean
from onbeat.errors import UserError

_LONGEST_CAUSE = 40


def read_event(given: str) -> Any:
    """The data of an event: JSON text, `-` for stdin, `@file`. Raises UserError with the cure."""
    text = given
    try:
        if given == "-":
            text = sys.stdin.read()
        elif given.startswith("@"):
            text = Path(given[1:]).read_text()
    except (OSError, UnicodeDecodeError) as problem:
        raise UserError(f"{given[1:] or 'stdin'} cannot be read: {problem}") from None
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except ValueError as wrong:
        shown = show.cut(show.plain(text), 60)
        raise UserError(
            f"`{shown}` is not JSON ({wrong}). Names and text go in double quotes, the whole in single ones: "
            """'{"id": 7}'; plain text is '"like this"'; `@file.json` reads a file, `-` reads stdin"""
        ) from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def publish(
    client: Client, topic: str, data: str, key: str | None, id_: str | None, follow: bool, as_json: bool, trace: str | None
) -> Exit:
    """Put an event on a topic. trace: the `traceparent` of what it is part of."""
    content = read_event(data)
    published = client.publish(topic, content, key=key, id=id_, traceparent=trace)
    if as_json:
        show.put_json(published.raw)
    else:
        _say_published(client, topic, published)
    if not follow:
        return Exit.SUCCESS
    if published.executions is None:
        complain(f"topic {topic} is on a broker, which does not say what it started; watch with `onbeat tail`")
        return Exit.SUCCESS
    states = [follow_execution(client, execution, quiet=as_json) for execution in published.executions]
    return Exit.SUCCESS if all(state in GOOD for state in states) else Exit.FAILED


def _say_published(client: Client, topic: str, event: Published) -> None:
    show.out(f"event {event.id} is on topic {topic}{' (it was there already)' if event.duplicate else ''}")
    if event.executions:
        show.out(f"started {', '.join(event.executions)}")
    elif event.executions is not None:
        others = [each.name for each in client.topics() if each.name != topic]
        complain(
            f"nothing was started: no trigger listens to `{topic}` or none wanted it{did_you_mean(topic, others)} "
            f"`onbeat events explain {topic}/{event.id}` says why"
        )


def follow_execution(client: Client, execution: str, quiet: bool = False) -> str:
    """Show each state of an execution and its tasks as it comes; returns the last."""
    seen: set[tuple[str, int]] = set()
    logged, state = 0, ""
    for now in client.follow(execution):
        state = now.state
        if not quiet:
            logged = _show_progress(client, now.raw, seen, logged, last=now.ended)
    return state


def _show_progress(client: Client, execution: Mapping[str, Any], seen: set[tuple[str, int]], logged: int, last: bool) -> int:
    """What is new in an execution since the last look: states, task states, log lines."""
    name = f"{execution['namespace']}.{execution['flowId']}"
    lines = []
    for owner, who, label in _owners(execution, name):
        for number, moment in enumerate(owner["state"]["histories"]):
            if (who, number) not in seen:
                seen.add((who, number))
                lines.append((moment["date"], f"{show.state(moment['state'], 9)} {label}"))
    for line in client.logs(execution["id"], after=logged):
        logged = line.seq
        lines.append((line.raw["timestamp"], f"{show.state(line.level, 9)}   {show.plain(line.message)}"))
    for at, text in sorted(lines, key=lambda line: line[0]):
        show.out(f"{show.dim(show.clock(at))}  {text}")
    if last:
        end = execution["state"]
        error = (execution.get("error") or {}).get("message")
        show.out(f"{name} {execution['id']}: {show.state(end['current'])} in {show.span(end)}{f' — {show.plain(error)}' if error else ''}")
        if execution.get("outputs"):
            show.out(f"outputs {show.compact(execution['outputs'], 2_000)}")
    return logged


def _owners(execution: Mapping[str, Any], name: str) -> Iterator[tuple[Mapping[str, Any], str, str]]:
    yield execution, execution["id"], name
    for run in execution.get("taskRunList") or ():
        value = f" [{show.plain(run['value'])}]" if run.get("value") is not None else ""
        yield run, run["id"], f"  {run['taskId']}{value}"


def tail(client: Client, topic: str | None, start: str | None, execution: str | None, count: int | None, as_json: bool) -> None:
    """Show a topic's events as they come."""
    topic = topic or setting("events_topic", EVENTS_TOPIC)
    since: int | Literal["earliest"] | None = None
    if start == "earliest" or (start is None and execution is not None):
        since = "earliest"
    elif start is not None:
        if not (start.isascii() and start.isdigit()):
            raise UserError(f"--from {start}: say `earliest`, or the position of the last event you have")
        since = int(start)
    if execution is not None:
        client.execution(execution)
    for number, event in enumerate(client.tail(topic, since=since, execution=execution), 1):
        if as_json:
            show.put_json(event.raw)
        else:
            show.out(event_line(event.raw))
        ended = execution is not None and event.raw.get("data", {}).get("state") in ENDED
        if ended or number == count:
            return


def event_line(event: Mapping[str, Any]) -> str:
    """An event in one line: a state event with its flow, execution and cause, another with its data."""
    at = show.dim(show.clock(event.get("time")))
    data = event.get("data")
    if not str(event.get("type", "")).startswith("io.onbeat.execution.") or not isinstance(data, dict):
        key = f" [{show.plain(event['partitionkey'])}]" if "partitionkey" in event else ""
        return f"{at}  {show.plain(event.get('subject', ''))}{key}  {show.compact(data, 200)}  {show.dim(show.plain(event.get('id')))}"
    error = f"  {show.plain(data['error'])}" if data.get("error") else ""
    took = f"  {show.seconds(data['durationMs'] / 1000)}" if "durationMs" in data else ""
    flow = f"{data['namespace']}.{data['flowId']}"
    return f"{at}  {show.state(data['state'], 9)}  {flow}  {data['executionId']}  {show.dim(_cause(event, data))}{took}{error}"


def _cause(event: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    """What started an execution."""
    if data.get("parentId"):
        return f"by {data['parentId']}"
    trigger = (data.get("trigger") or {}).get("id")
    cause = show.cut(show.plain(event.get("causationid") or ""), _LONGEST_CAUSE)
    return f"{f'by trigger {trigger}' if trigger else 'by hand'}{f' from {cause}' if cause else ''}"
