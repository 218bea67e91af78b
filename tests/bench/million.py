"""Make a million ended executions and measure what people ask of them: `python -m tests.bench.million --count 1000000 --data DIR`.

The rows are written straight into the database, as the store would have written them, in minutes: flows in namespaces, labels of few and
of many values, states, times over 90 days, log lines. Then each kind of question is asked many times with random arguments, through the
store, and printed with its p50 and p99, of time and of the CPU's time, which others at work on the machine do not change; `--busy N` has
N other processes burn a core each meanwhile. A database that is there already is not made again.

    --only search,statistics,logs,large,write   --rounds 200   --busy 2
"""

import argparse
import asyncio
import multiprocessing
import random
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from onbeat.core.changes import Created, Moved, Opened, RunCreated, RunMoved, to_record
from onbeat.core.event import Micros
from onbeat.core.evolve import fold
from onbeat.core.execution import Head, Trigger
from onbeat.core.ids import make_id
from onbeat.core.states import State
from onbeat.ports import Append, Creation, ExecutionFilter, LogFilter, LogLine, MetricFilter, Sort, Work
from onbeat.ports.search import COUNTED, COUNTED_BY_TEXT
from onbeat.stores.sqlite import FILE, SqliteStore
from onbeat.stores.sqlite.backup import USED_EARLIER
from onbeat.stores.sqlite.write import USED

NOW = 1_790_000_000_000_000
DAY = 86_400_000_000
DAYS = 90
BATCH = 5_000
NAMESPACES = [f"company.team{n:02}" for n in range(20)] + [f"company.team{n:02}.sub" for n in range(10)]
FLOWS = [(namespace, f"flow-{n:02}") for namespace in NAMESPACES for n in range(10)]
STATES = [State.SUCCESS] * 90 + [State.FAILED] * 6 + [State.WARNING] * 2 + [State.KILLED] + [State.CANCELLED]
COLUMNS = 17
LARGE = 10_000
PAGE = 25


class Made:
    """One execution's rows."""

    def __init__(self, n: int, at: Micros, seq: int, chance: random.Random) -> None:
        self.id = make_id(at, chance.getrandbits(74))
        namespace, flow = FLOWS[min(int(chance.expovariate(1 / 60)), len(FLOWS) - 1)]
        state = chance.choice(STATES)
        trigger = chance.choice(["kafka", "hook", "daily", None])
        labels = {"env": chance.choice(["prod", "prod", "prod", "test"]), "team": f"t{chance.randrange(50)}", "order": f"order-{n}"}
        head = Head(
            id=self.id,
            namespace=namespace,
            flow=flow,
            revision=1,
            created=at,
            labels=labels,
            trigger=Trigger(id=trigger, type="x") if trigger else None,
            correlation_id=self.id,
        )
        end = at + int(chance.lognormvariate(15, 1.5))
        changes = (
            Created(at=at, head=head),
            Moved(at=at + 1, before=State.CREATED, after=State.RUNNING, sequence=2),
            Moved(at=end, before=State.RUNNING, after=state, sequence=3),
        )
        self.labels = labels
        self.journal = [(seq + i, self.id, i + 1, 1, to_record(change).decode()) for i, change in enumerate(changes)]
        text = msgspec.json.encode(labels).decode()
        self.row = (self.id, namespace, flow, 1, state.value, at, end, end, None, 0, 3, seq + 2, self.id, None, trigger, text, "")
        level = "ERROR" if state is State.FAILED else "INFO"
        lines = [(at + 2, "INFO", f"took order {n} of customer {n % 5000}"), (end, level, f"{flow} ended as {state.value}")]
        self.logs = [
            (self.id, msgspec.json.encode(LogLine(execution=self.id, at=when, level=of, message=said, task="work", run=1)).decode())
            for when, of, said in lines
        ]
        self.metric = (self.id, 1, "work", 1, end, "counter", "rows", float(n % 100), "{}")


def made(count: int) -> Iterator[Made]:
    """The executions, oldest first."""
    chance = random.Random(7)
    begin = NOW - DAYS * DAY
    for n in range(count):
        yield Made(n, begin + n * DAYS * DAY // count, 3 * n + 1, chance)


async def fill(data: Path, count: int) -> None:
    """Write the rows."""
    store = SqliteStore(data)
    await store.open()
    await store.close()
    db = sqlite3.connect(data / FILE, isolation_level=None)
    db.execute("pragma synchronous = off")
    begun, batch = time.perf_counter(), list[Made]()
    for n, one in enumerate(made(count), 1):
        batch.append(one)
        if len(batch) == BATCH or n == count:
            write(db, batch)
            batch = []
            if n % 100_000 == 0:
                print(f"{n:,} executions after {time.perf_counter() - begun:.0f} s", flush=True)
    counters = {"journal": 3 * count, "log": 2 * count, "metric": count // 10 + 1}
    db.executemany("update counter set value = ? where name = ?", [(value, name) for name, value in counters.items()])
    wrong = db.execute(USED_EARLIER).fetchall()
    if wrong:
        raise SystemExit(f"{len(wrong)} labels are not as the store writes them: what is measured here would be another database")
    db.execute("pragma wal_checkpoint(truncate)")
    db.close()


def write(db: sqlite3.Connection, batch: list[Made]) -> None:
    """One transaction."""
    db.execute("begin")
    marks = ", ".join("?" * COLUMNS)
    columns = 'id, namespace, flow, revision, state, created, updated, ended, wake, active, version, seq, correlation_id, parent, "trigger"'
    db.executemany(f"insert into execution ({columns}, labels, owner) values ({marks})", [one.row for one in batch])
    db.executemany(
        "insert into journal (seq, execution, version, schema, record) values (?, ?, ?, ?, ?)", [r for one in batch for r in one.journal]
    )
    pairs = [(key, value, one.id) for one in batch for key, value in one.labels.items()]
    sql = "insert into label (key, value, used) values (?, ?, ?) on conflict (key, value) do update set used = max(used, excluded.used)"
    db.executemany(sql, [(key, value, id_[:USED]) for key, value, id_ in pairs])
    sql = "insert into execution_label (label, execution) select id, ?3 from label where key = ?1 and value = ?2"
    db.executemany(sql, pairs)
    db.executemany("insert into log (execution, record) values (?, ?)", [line for one in batch for line in one.logs])
    measured = "insert into metric (execution, run, task, attempt, at, type, name, value, tags) values (?, ?, ?, ?, ?, ?, ?, ?, ?)"
    db.executemany(measured, [one.metric for one in batch[::10]])
    db.execute("commit")


Question = Callable[[random.Random], Awaitable[Any]]


def window(chance: random.Random) -> dict[str, Micros]:
    """A random hour to month."""
    length = chance.choice([DAY // 24, DAY, 7 * DAY, 30 * DAY])
    start = NOW - chance.randrange(length, DAYS * DAY)
    return {"start": start, "end": start + length}


def searches(store: SqliteStore, count: int, ids: list[str]) -> dict[str, Question]:
    """What a list asks, with the count that is shown beside it."""

    def both(make: Callable[[random.Random], ExecutionFilter], **options: Any) -> Question:
        async def ask(chance: random.Random) -> None:
            wanted = make(chance)
            if options.get("offset") or len(await store.executions(wanted, **options)) == PAGE:  # as the API asks
                await store.count(wanted, COUNTED_BY_TEXT if wanted.q else COUNTED)

        return ask

    def flow(chance: random.Random) -> dict[str, Any]:
        namespace, name = chance.choice(FLOWS)
        return {"namespace": namespace, "flow": name}

    broad = ["order-1", "order-12", "rder-99", "er-9", "t1", "12", "99", "zq", "order", "e", "team:t1", "99999", "-7", "k", "17"]
    words = ["prod", "team07", "flow-03", "ORDER-", "t17", "company", "nothing-like-it", "team:t3", "sub.flow"]
    return {
        "newest": both(lambda chance: ExecutionFilter()),
        "state": both(lambda chance: ExecutionFilter(states=(chance.choice(list(State)),))),
        "states": both(lambda chance: ExecutionFilter(states=tuple(chance.sample(list(State), 4)))),
        "flow": both(lambda chance: ExecutionFilter(**flow(chance))),
        "flow, state": both(lambda chance: ExecutionFilter(**flow(chance), states=(chance.choice(STATES),))),
        "flow, state, time": both(lambda chance: ExecutionFilter(**flow(chance), states=(chance.choice(STATES),), **window(chance))),
        "flow id in any namespace": both(lambda chance: ExecutionFilter(flow=chance.choice(FLOWS)[1])),
        "namespace and below": both(lambda chance: ExecutionFilter(namespaces=(chance.choice(NAMESPACES),))),
        "what a caller may see": both(lambda chance: ExecutionFilter(allowed=tuple(chance.sample(NAMESPACES, 5)), states=(State.FAILED,))),
        "label of few values": both(lambda chance: ExecutionFilter(labels=(("team", f"t{chance.randrange(50)}"),))),
        "label of one execution": both(lambda chance: ExecutionFilter(labels=(("order", f"order-{chance.randrange(count)}"),))),
        "two labels": both(lambda chance: ExecutionFilter(labels=(("team", f"t{chance.randrange(50)}"), ("env", "test")))),
        "label, state": both(
            lambda chance: ExecutionFilter(labels=(("team", f"t{chance.randrange(50)}"),), states=(chance.choice(STATES),))
        ),
        "trigger": both(lambda chance: ExecutionFilter(trigger=chance.choice(["kafka", "hook", "daily", "none"]))),
        "time": both(lambda chance: ExecutionFilter(**window(chance))),
        "time, state": both(lambda chance: ExecutionFilter(states=(chance.choice(STATES),), **window(chance))),
        "text: a word": both(lambda chance: ExecutionFilter(q=chance.choice(words))),
        "text: an order": both(lambda chance: ExecutionFilter(q=f"order-{chance.randrange(count)}")),
        "text: an id": both(lambda chance: ExecutionFilter(q=chance.choice(ids))),
        "text: how an id begins": both(lambda chance: ExecutionFilter(q=chance.choice(ids)[: chance.randrange(1, 12)])),
        "text: broad, or of few letters": both(lambda chance: ExecutionFilter(q=chance.choice(broad))),
        "text: the same, state": both(lambda chance: ExecutionFilter(q=chance.choice(broad), states=(chance.choice(STATES),))),
        "text, state, time": both(lambda chance: ExecutionFilter(q=chance.choice(words), states=(State.FAILED,), **window(chance))),
        "page 400": both(lambda chance: ExecutionFilter(states=(chance.choice(STATES),)), offset=9_975),
        "by end": both(lambda chance: ExecutionFilter(), sort=Sort.ENDED),
        "by state, of a flow": both(lambda chance: ExecutionFilter(**flow(chance)), sort=Sort.STATE),
        "by duration, of a flow": both(lambda chance: ExecutionFilter(**flow(chance)), sort=Sort.DURATION),
        "by duration, of an hour": both(lambda chance: ExecutionFilter(start=NOW - DAY, end=NOW - DAY * 23 // 24), sort=Sort.DURATION),
    }


def statistics(store: SqliteStore) -> dict[str, Question]:
    """What dashboards ask."""

    def days(length: int, **options: Any) -> Question:
        return lambda chance: store.tally(ExecutionFilter(start=NOW - length * DAY, end=NOW), **options)

    def measured(chance: random.Random) -> Awaitable[Any]:
        namespace, flow = chance.choice(FLOWS)
        return store.metric_sums(MetricFilter(namespace=namespace, flow=flow, name="rows"))

    def of_flow(chance: random.Random) -> Awaitable[Any]:
        namespace, flow = chance.choice(FLOWS)
        return store.tally(ExecutionFilter(namespace=namespace, flow=flow))

    return {
        "a day by the hour": days(1, by="hour"),
        "a week by the day": days(7),
        "a month by the day": days(30),
        "a month by the day and namespace": days(30, group="namespace"),
        "all by the day": lambda chance: store.tally(),
        "one flow, all by the day": of_flow,
        "last execution of 25 flows": lambda chance: store.latest_of_flows(chance.sample(FLOWS, 25)),
        "metrics of a flow by the day": measured,
    }


def logs(store: SqliteStore, ids: list[str]) -> dict[str, Question]:
    """What the page of logs asks."""

    def flow(chance: random.Random) -> dict[str, str]:
        namespace, name = chance.choice(FLOWS)
        return {"namespace": namespace, "flow": name}

    return {
        "last lines": lambda chance: store.log_lines(LogFilter()),
        "last errors": lambda chance: store.log_lines(LogFilter(levels=("ERROR",))),
        "warnings and errors of a time": lambda chance: store.log_lines(LogFilter(levels=("WARN", "ERROR"), **window(chance))),
        "of a flow": lambda chance: store.log_lines(LogFilter(**flow(chance))),
        "errors of a flow": lambda chance: store.log_lines(LogFilter(**flow(chance), levels=("ERROR",))),
        "of an execution": lambda chance: store.log_lines(LogFilter(execution=chance.choice(ids))),
        "a word, in a day": lambda chance: store.log_lines(
            LogFilter(q=f"customer {chance.randrange(5000)}", start=(begin := NOW - chance.randrange(1, DAYS) * DAY), end=begin + DAY)
        ),
    }


async def large(store: SqliteStore) -> dict[str, Question]:
    """An execution of many task runs."""
    id_ = make_id(NOW, 1)
    if await store.load(id_) is None:
        first = Created(at=NOW, head=Head(id=id_, namespace="company", flow="large", revision=1, created=NOW, correlation_id=id_))
        execution = fold((first,))
        await store.write(Work(creations=(Creation(execution=execution, changes=(first,)),)))
        begun = (Moved(at=NOW, before=State.CREATED, after=State.RUNNING, sequence=2), Opened(at=NOW, n=0, lanes=1))
        for start in range(1, LARGE, 500):
            runs = [
                change
                for n in range(start, start + 500)
                for change in (
                    RunCreated(at=NOW, n=n, task=f"task{n}", parent=0, step=n),
                    RunMoved(at=NOW, n=n, state=State.RUNNING, attempt=1),
                    RunMoved(at=NOW, n=n, state=State.SUCCESS, outputs={"rows": n}),
                )
            ]
            changes = (*begun, *runs)
            after = fold(changes, execution)
            await store.write(Work(appends=(Append(execution=after, expected=execution.version, changes=changes),)))
            execution, begun = after, ()
    return {
        "load": lambda chance: store.load(id_),
        "its changes": lambda chance: store.changes(id_),
    }


async def measure(questions: dict[str, Question], rounds: int, kind: str) -> None:
    """Print how long each kind took."""
    for name, ask in questions.items():
        if kind not in name:
            continue
        chance, took, spent = random.Random(11), list[float](), list[float]()
        for _ in range(rounds):
            begun, used = time.perf_counter(), time.process_time()
            await ask(chance)
            took.append(time.perf_counter() - begun)
            spent.append(time.process_time() - used)
        print(f"{name:34} ms {shown(took)}   of CPU {shown(spent)}", flush=True)


def shown(seconds: list[float]) -> str:
    """p50 and p99 in milliseconds."""
    ordered = sorted(seconds)
    return f"p50 {ordered[len(ordered) // 2] * 1e3:7.1f} p99 {ordered[len(ordered) * 99 // 100] * 1e3:7.1f}"


def burn() -> None:
    """Be another process at work."""
    while True:
        sum(range(10_000))


async def main(arguments: argparse.Namespace) -> None:
    """Fill if need be, then measure."""
    data: Path = arguments.data
    if not (data / FILE).exists():
        await fill(data, arguments.count)
    print(f"database {(data / FILE).stat().st_size / 2**20:,.0f} MB")
    store = SqliteStore(data)
    begun = time.perf_counter()
    await store.open()
    print(f"opened in {time.perf_counter() - begun:.2f} s")
    chance = random.Random(3)
    ids = [line.id for n in range(20) for line in await store.executions(ExecutionFilter(end=NOW - chance.randrange(DAYS) * DAY), limit=20)]
    burning = [multiprocessing.Process(target=burn, daemon=True) for _ in range(arguments.busy)]
    for process in burning:
        process.start()
    if "search" in arguments.only:
        await measure(searches(store, arguments.count, ids), arguments.rounds, arguments.kind)
    if "logs" in arguments.only:
        await measure(logs(store, ids), arguments.rounds, arguments.kind)
    if "statistics" in arguments.only:
        await measure(statistics(store), max(arguments.rounds // 10, 3), arguments.kind)
    if "large" in arguments.only:
        await measure(await large(store), max(arguments.rounds // 10, 3), arguments.kind)
    for process in burning:
        process.terminate()
    await store.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--only", default="search,logs,statistics,large")
    parser.add_argument("--kind", default="", help="only questions whose name has this")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--busy", type=int, default=2)
    asyncio.run(main(parser.parse_args()))
