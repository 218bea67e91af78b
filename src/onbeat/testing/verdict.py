"""Compare what happened with what a case expects: every difference, with the place in the file that says otherwise.

Rules
1. All that is expected is looked at, also after the first difference.
2. A task that ran several times (a loop) is held to what is expected of it in each run, or by value.
3. What is expected may hold expressions; they see the execution as it is at the end.
4. Without a word about its state an execution must have ended well; what it waits for is told when it has not.

Called by: case.py.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from typing import Any

from onbeat.core.durations import format_duration
from onbeat.core.event import Json
from onbeat.core.execution import Execution, TaskRun
from onbeat.core.ids import idempotency_key
from onbeat.core.names import did_you_mean
from onbeat.core.projection import state_event
from onbeat.core.refs import opened
from onbeat.core.states import State
from onbeat.errors import OnbeatError
from onbeat.ports import LogLine
from onbeat.testing.arrivals import Arrived
from onbeat.testing.bench import Bench
from onbeat.testing.model import Assertion, ExecutionExpected, Expected, LogExpected, TaskExpected
from onbeat.testing.operators import MISSING, Failure, Path, check, compare, shown

_GOOD = ("SUCCESS", "WARNING")


class Verdict:
    """Looks at a bench after a case was played. started: the executions of the flow under test, in order."""

    def __init__(self, bench: Bench, started: Sequence[str], arrived: Sequence[Arrived]) -> None:
        self._bench = bench
        self._started = started
        self._arrived = arrived

    async def whole(self, expected: Expected, path: Path) -> AsyncIterator[Failure]:
        """All that a case expects."""
        async for failure in self._starts(expected, path):
            yield failure
        if self._started:
            execution = await self._bench.node.engine.load(self._started[0])
            async for failure in self.execution(execution, expected, path):
                yield failure
            if expected.state_events is not None:
                async for failure in self._state_events(execution, expected.state_events, (*path, "stateEvents")):
                    yield failure
        if expected.published is not None:
            async for failure in self._published(expected.published, (*path, "published")):
                yield failure
        async for failure in self._related(expected, path):
            yield failure

    async def _starts(self, expected: Expected, path: Path) -> AsyncIterator[Failure]:
        why = "; ".join(dict.fromkeys(one.why for one in self._arrived if one.why))
        because = f": {why}" if why else ""
        count = len(self._started)
        dead = [one.reason for one in reversed(await self._bench.node.queries.dead_events(1_000))]
        if expected.started is None and not count:
            yield Failure(path, f"nothing was started{because or '; `started: 0` says that this is meant'}")
        elif expected.started is not None and count != expected.started:
            yield Failure((*path, "started"), f"expected {expected.started} execution(s) to start, {count} did{because}")
        elif dead and expected.dead is None:
            yield Failure(path, f"an event could not start what it should: {dead[0]}")
        if expected.dead is not None:
            actual: Any = len(dead) if isinstance(expected.dead, int) else dead
            for failure in compare(actual, expected.dead, (*path, "dead"), "dead events"):
                yield failure

    # ---- one execution ---------------------------------------------------------------------------------------------

    async def execution(self, execution: Execution, expected: ExecutionExpected, path: Path) -> AsyncIterator[Failure]:
        """What is expected of one execution."""
        named, clear = expected.model_fields_set, self._bench.node.payloads.clear
        if "state" not in named and execution.state not in _GOOD:
            yield Failure(path, f"state: expected it to end well, got {execution.state}{await self._why(execution)}")
        facts: dict[str, Any] = {
            "state": execution.state.value,
            "outputs": await clear(execution.outputs or {}),
            "inputs": opened(execution.head.inputs),
            "error": execution.error,
            "labels": dict(execution.labels),
            "duration": format_duration(timedelta(microseconds=execution.history[-1][1] - execution.head.created)),
        }
        for name, actual in facts.items():
            if name in named:
                async for failure in self._compare(execution, actual, getattr(expected, name), (*path, name), name):
                    why = await self._why(execution) if name == "state" else ""
                    yield Failure(failure.path, failure.message + why)
        for task, wanted in expected.tasks.items():
            async for failure in self._task(execution, task, wanted, (*path, "tasks", task)):
                yield failure
        if expected.logs:
            lines = await self._bench.node.queries.logs(execution.id, limit=100_000)
            for index, line in enumerate(expected.logs):
                async for failure in self._log(execution, lines, line, (*path, "logs", index)):
                    yield failure

    async def _why(self, execution: Execution) -> str:
        if not execution.ended:
            waits = await self._bench.waits()
            return f" ({'; '.join(waits)})" if waits else ""
        if execution.error is None:
            return ""
        task = f"task `{execution.failed_task}`: " if execution.failed_task else ""
        return f" ({task}{execution.error})"

    async def _task(self, execution: Execution, task: str, expected: TaskExpected, path: Path) -> AsyncIterator[Failure]:
        runs = [run for _, run in sorted(execution.runs.items()) if run.task == task]
        ran = [run for run in runs if run.state is not State.SKIPPED]
        if expected.not_run:
            if ran:
                key = "notRun"
                yield Failure((*path, key), f"task `{task}`: expected it not to run, it is {', '.join(run.state for run in ran)}")
            return
        if "runs" in expected.model_fields_set:
            for failure in compare(len(ran), expected.runs, (*path, "runs"), f"runs of task `{task}`"):
                yield failure
        if not runs:
            known = sorted({run.task for run in execution.runs.values()})
            others = did_you_mean(task, known) or f"; those that did: {', '.join(known) or 'none'}"
            yield Failure(path, f"task `{task}` did not run{others}")
            return
        for run in runs:
            async for failure in self._run(execution, run, expected, path):
                yield failure
        for value, wanted in expected.values.items():
            matching = [run for run in runs if (run.path[-1] if run.value is None and run.path else run.value) == value]
            if not matching and not wanted.not_run:
                yield Failure((*path, "values", value), f"task `{task}` did not run for the value {shown(value)}")
            for run in matching:
                if wanted.not_run:
                    yield Failure((*path, "values", value), f"task `{task}`: expected it not to run for {shown(value)}, it is {run.state}")
                    continue
                async for failure in self._run(execution, run, wanted, (*path, "values", value)):
                    yield failure

    async def _run(self, execution: Execution, run: TaskRun, expected: TaskExpected, path: Path) -> AsyncIterator[Failure]:
        key = idempotency_key(execution.id, run.n)
        calls = [call.options for call in self._bench.mocks.calls if call.key == key]
        facts: dict[str, Any] = {
            "state": run.state.value,
            "outputs": opened(await self._bench.node.payloads.clear(run.outputs or {})),
            "error": run.error,
            "attempts": len(run.attempts),
            "options": calls[-1] if calls else MISSING,
        }
        value = f" for {shown(run.value)}" if run.value is not None else ""
        for name, actual in facts.items():
            if name in expected.model_fields_set:
                what = f"{name} of task `{run.task}`{value}"
                async for failure in self._compare(execution, actual, getattr(expected, name), (*path, name), what):
                    why = f" ({run.error})" if name == "state" and run.error else ""
                    yield Failure(failure.path, failure.message + why)

    async def _log(self, execution: Execution, lines: Sequence[LogLine], expected: str | LogExpected, path: Path) -> AsyncIterator[Failure]:
        wanted = LogExpected(message={"contains": expected}) if isinstance(expected, str) else expected
        message = await self._value(execution, wanted.message)
        fitting = [line for line in lines if wanted.task in (None, line.task) and wanted.level in (None, line.level)]
        if wanted.message is None:
            found = bool(fitting)
        else:
            found = any(not list(compare(line.message, message, path, "message")) for line in fitting)
        if not found:
            seen = "".join(f"\n    {line.level} {line.task}: {line.message}" for line in lines[:20])
            yield Failure(path, f"logs: no line is {shown(_said(wanted))}; these are there:{seen or ' none'}")

    # ---- beside it -------------------------------------------------------------------------------------------------

    async def _state_events(self, execution: Execution, expected: Sequence[Any], path: Path) -> AsyncIterator[Failure]:
        rows = await self._bench.node.queries.changes(execution.id)
        events: list[Any] = [event for row in rows if (event := state_event(row.head, row.change)) is not None]
        states = [event["data"]["state"] for event in events]
        if len(expected) != len(events):
            yield Failure(path, f"state events: expected {len(expected)}, got {len(events)}: {', '.join(states)}")
            return
        for index, (event, wanted) in enumerate(zip(events, expected, strict=True)):
            actual = event["data"]["state"] if isinstance(wanted, str) else event["data"]
            for failure in compare(actual, wanted, (*path, index), f"state event {index + 1}"):
                yield failure

    async def _published(self, expected: Sequence[dict[str, Any]], path: Path) -> AsyncIterator[Failure]:
        store = self._bench.node.store
        found = [record for topic in sorted(await store.topics()) for record in await store.records(topic, 0, 10_000)]
        mine = self._bench.sent
        records = sorted((one for one in found if (one.topic, one.id) not in mine), key=lambda record: record.time)
        told = ", ".join(f"{record.topic} {shown(record.data)}" for record in records) or "none"
        if len(records) != len(expected):
            yield Failure(path, f"published: expected {len(expected)} event(s), got {len(records)}: {told}")
            return
        for index, (record, wanted) in enumerate(zip(records, expected, strict=True)):
            actual = {"topic": record.topic, "id": record.id, "key": record.key, "data": record.data, "headers": record.headers}
            for failure in compare(actual, wanted, (*path, index), f"published[{index}]"):
                yield failure

    async def _related(self, expected: Expected, path: Path) -> AsyncIterator[Failure]:
        left = [await self._bench.node.engine.load(id_) for id_ in self._bench.executions]
        names = [f"{one.head.namespace}.{one.head.flow}" for one in left]
        for index, wanted in enumerate(expected.executions):
            place = (*path, "executions", index)
            found = next((one for one in left if wanted.flow in (one.head.flow, f"{one.head.namespace}.{one.head.flow}")), None)
            if found is None:
                yield Failure(
                    (*place, "flow"), f"executions: no further one of flow {wanted.flow}; there were: {', '.join(names) or 'none'}"
                )
                continue
            left.remove(found)
            async for failure in self.execution(found, wanted, place):
                yield failure

    # ---- values and assertions -------------------------------------------------------------------------------------

    async def _value(self, execution: Execution, value: Json) -> Json:
        return await self._bench.evaluate(value, execution)

    async def _compare(self, execution: Execution, actual: Any, expected: Any, path: Path, what: str) -> AsyncIterator[Failure]:
        try:
            wanted = await self._value(execution, expected)
        except OnbeatError as wrong:
            yield Failure(path, f"{what}: what is expected cannot be evaluated: {wrong}")
            return
        for failure in compare(actual, wanted, path, what):
            yield failure

    async def assertion(self, asserted: Assertion, path: Path) -> AsyncIterator[Failure]:
        """One of Kestra's assertions, over the first execution."""
        if not self._started:
            yield Failure(path, "there is no execution to look at: nothing was started")
            return
        execution = await self._bench.node.engine.load(self._started[0])
        said = asserted.description or str(asserted.value)
        try:
            actual = await self._value(execution, asserted.value)
            operands = {name: await self._value(execution, operand) for name, operand in asserted.operators.items()}
        except OnbeatError as wrong:
            yield Failure((*path, "value"), _told(asserted, f"{said}: it cannot be evaluated: {wrong}"))
            return
        found: Iterator[Failure]
        if not operands:
            found = iter(() if _holds(actual) else (Failure(path, f"{said}: expected it to hold, got {shown(actual)}"),))
        else:
            found = (one for name, operand in operands.items() for one in check(name, actual, operand, (*path, name), said, loose=True))
        for failure in found:
            yield Failure(failure.path, _told(asserted, failure.message))


def _told(asserted: Assertion, message: str) -> str:
    task = f" (task `{asserted.task_id}`)" if asserted.task_id else ""
    return f"{asserted.error_message}: {message}{task}" if asserted.error_message else f"{message}{task}"


def _said(expected: LogExpected) -> dict[str, Any]:
    return expected.model_dump(exclude_unset=True, exclude_none=True)


def _holds(value: Any) -> bool:
    return value not in (None, False, "", "false", 0)
