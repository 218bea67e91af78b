"""Hold each namespace to its share: executions a minute and at once, bytes of outputs and of logs.

One flow that floods must not take the machine from all others; and where it is stopped nobody else may wait for it. All of it is counted
in memory by what the engine writes anyway: there is no further write, and without quotas only `on` is looked at.

Rules
1. Of each limit the nearest namespace's value counts; namespaces that have it from the same place share it, others do not notice.
2. Executions a minute are a bucket that fills steadily. What comes in together is taken whole where there is room for one, and what it
   took too much is waited for by those who come later.
3. What a running execution starts is counted and never refused: a fan must come to its end.
4. What was let in and not written gives its place back; a place is free when its execution has ended.
5. Outputs that go over fail their task; of logs one line says that no more are kept. Both are of one execution.
6. After a restart it is known who runs; the bucket of a minute is full again.

Called by: engine lets in and tells what is written, intake asks before it decides, runner and tasklog ask for bytes.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import orjson
import structlog

from onbeat.clock import SystemClock
from onbeat.core.event import Json
from onbeat.core.execution import Execution, Head
from onbeat.core.refs import is_mark
from onbeat.core.states import TERMINATED, State
from onbeat.core.values import normalise
from onbeat.errors import OverQuota, QuotaReached, Refused
from onbeat.ports import Clock, ExecutionFilter, Queries, Work, Written
from onbeat.settings import Quota

_log = structlog.get_logger("onbeat.quotas")
LOG_REACHED = "log limit reached, further lines are dropped: quota"
ALL = "*"
"""How the namespace of a quota for all is shown."""
_OPEN = tuple(state for state in State if state not in TERMINATED)
_PAGE = 1_000
_AGAIN = 1.0
"""Seconds after which to ask again for a place, of which nobody knows when one is free."""
_REMEMBERED = 10_000
"""Executions whose outputs are counted; past it the oldest are counted again when they are needed."""


class Rate:
    """Executions a minute, as a bucket. level: how many may come now; below zero after more came together."""

    __slots__ = ("_at", "_level", "limit", "name")

    def __init__(self, name: str, limit: int, now: float) -> None:
        self.name, self.limit = name, limit
        self._level, self._at = float(limit), now

    def level(self, now: float) -> float:
        """How many may come."""
        self._level = min(self.limit, self._level + (now - self._at) * self.limit / 60)
        self._at = now
        return self._level

    def wait(self, now: float) -> float:
        """Seconds until one may come. The grain is far below a token and far above the rounding of times."""
        return max(0.0, (1 - self.level(now) - 1e-6) * 60 / self.limit)

    def take(self, now: float) -> None:
        """One that was asked for came."""
        self._level = self.level(now) - 1

    def note(self, now: float) -> None:
        """One came that is not refused: it takes what there is."""
        self._level = min(self.level(now), max(0.0, self._level - 1))

    def give_back(self) -> None:
        """It did not come after all."""
        self._level = min(self.limit, self._level + 1)


class Running:
    """Executions at once: the ids of those that have not ended."""

    __slots__ = ("limit", "name", "open")

    def __init__(self, name: str, limit: int) -> None:
        self.name, self.limit = name, limit
        self.open: set[str] = set()


class Pools(NamedTuple):
    """What the executions of a namespace are counted in."""

    rate: Rate | None
    running: Running | None


class Use(NamedTuple):
    """How full a quota is."""

    namespace: str
    quota: str
    used: float
    limit: int


class LogBudget:
    """What an execution may still log. drop: counts a line that is not kept."""

    __slots__ = ("_drop", "_left", "spent")

    def __init__(self, most: int, drop: Callable[[], None]) -> None:
        self._left, self._drop = most, drop
        self.spent = False

    def take(self, message: str) -> bool:
        """Whether the line is kept. The first one that is not is to be replaced by LOG_REACHED, when `spent` was False before."""
        self._left -= len(message.encode("utf-8", "replace"))
        if self.spent or self._left < 0:
            self.spent = True
            self._drop()
            return False
        return True


class Quotas:
    """The quotas of this process. on: whether there are any. count: one more of a meter with these labels."""

    def __init__(self, quotas: Sequence[Quota] = (), clock: Clock | None = None, count: Callable[..., None] | None = None) -> None:
        self.on = bool(quotas)
        self._clock = clock or SystemClock()
        self._count = count
        self._quotas = {quota.namespace or "": quota for quota in quotas}
        now = self._clock.monotonic()
        self._rates = {
            name: Rate(name or ALL, each.executions_per_minute, now) for name, each in self._quotas.items() if each.executions_per_minute
        }
        self._running = {name: Running(name or ALL, each.running) for name, each in self._quotas.items() if each.running}
        self._pools: dict[str, Pools] = {}
        self._admitted: dict[str, Pools] = {}
        self._outputs: dict[str, int] = {}
        self._logs: dict[str, LogBudget] = {}

    # ---- executions --------------------------------------------------------------------------------------------

    def pools(self, namespace: str) -> Pools:
        """What the executions of this namespace are counted in."""
        found = self._pools.get(namespace)
        if found is None:
            rate = next((self._rates[name] for name in _upwards(namespace) if name in self._rates), None)
            running = next((self._running[name] for name in _upwards(namespace) if name in self._running), None)
            found = self._pools[namespace] = Pools(rate, running)
        return found

    def together(self, namespaces: Iterable[str]) -> bool:
        """Whether the executions of these namespaces are counted together."""
        return len({self.pools(namespace) for namespace in namespaces}) <= 1

    def reached(self, namespace: str) -> QuotaReached | None:
        """Why no execution of this namespace is taken now; None: one is."""
        rate, running = self.pools(namespace)
        if running is not None and len(running.open) >= running.limit:
            self._refused(running.name, "running")
            return QuotaReached(f"quota: as many executions of `{running.name}` run as may ({running.limit}); try again later", _AGAIN)
        if rate is not None and (wait := rate.wait(self._clock.monotonic())) > 0:
            self._refused(rate.name, "executions_per_minute")
            return QuotaReached(
                f"quota: as many executions of `{rate.name}` began as may in a minute ({rate.limit}); try again in {wait:.1f} s", wait
            )
        return None

    def admit(self, heads: Sequence[Head]) -> None:
        """Let these in, which are about to be written, or none of them. Raises QuotaReached."""
        for namespace in dict.fromkeys(head.namespace for head in heads):
            if (why := self.reached(namespace)) is not None:
                raise why
        now = self._clock.monotonic()
        for head in heads:
            pools = self._admitted[head.id] = self.pools(head.namespace)
            if pools.rate is not None:
                pools.rate.take(now)
            if pools.running is not None:
                pools.running.open.add(head.id)

    def give_back(self, execution: str) -> None:
        """It was not written. One that was never let in is none."""
        pools = self._admitted.pop(execution, None)
        if pools is not None:
            if pools.rate is not None:
                pools.rate.give_back()
            if pools.running is not None:
                pools.running.open.discard(execution)

    def written(self, work: Work, written: Written) -> None:
        """The engine wrote this."""
        for creation, fresh in zip(work.creations, written.fresh, strict=True):
            if fresh:
                head = creation.execution.head
                if self._admitted.pop(head.id, None) is None and (rate := self.pools(head.namespace).rate) is not None:
                    rate.note(self._clock.monotonic())
                self._follow(creation.execution)
        for append in work.appends:
            self._follow(append.execution)

    def _follow(self, execution: Execution) -> None:
        running = self.pools(execution.head.namespace).running
        if execution.ended:
            self._outputs.pop(execution.id, None)
            self._logs.pop(execution.id, None)
            if running is not None:
                running.open.discard(execution.id)
        elif running is not None:
            running.open.add(execution.id)

    async def load(self, queries: Queries) -> None:
        """Find who runs."""
        before: str | None = None
        try:
            while self._running:
                page = await queries.executions(ExecutionFilter(states=_OPEN), before=before, limit=_PAGE)
                for each in page:
                    if (running := self.pools(each.namespace).running) is not None:
                        running.open.add(each.id)
                if len(page) < _PAGE:
                    return
                before = page[-1].id
        except Refused as slow:
            _log.warning("not all executions that run are counted in quotas", problem=str(slow))

    # ---- bytes -------------------------------------------------------------------------------------------------

    def charge(self, execution: Execution, outputs: dict[str, Json] | None) -> None:
        """A task of the execution gives these outputs. Raises OverQuota: they are not to be kept."""
        found = self.size_limit(execution.head.namespace, "output_bytes")
        if found is None or not outputs:
            return
        name, most = found
        spent = self._outputs.pop(execution.id, None)
        if spent is None:
            spent = sum(_size(run.outputs) for run in execution.runs.values() if run.outputs)
        size = _size(normalise(outputs))
        over = spent + size > most
        self._outputs[execution.id] = spent if over else spent + size
        while len(self._outputs) > _REMEMBERED:
            del self._outputs[next(iter(self._outputs))]
        if over:
            self._refused(name, "output_bytes")
            raise OverQuota(
                f"quota: the outputs of an execution of `{name}` have at most {most:,} bytes; it has {spent:,}, and these are {size:,} "
                "more: they are not kept. Write what is large into a file"
            )

    def log(self, namespace: str, execution: str) -> LogBudget | None:
        """What attempts of the execution may still log; None: as much as they like."""
        found = self.size_limit(namespace, "log_bytes")
        if found is None:
            return None
        budget = self._logs.get(execution)
        if budget is None:
            name, most = found
            budget = self._logs[execution] = LogBudget(most, lambda: self._refused(name, "log_bytes"))
        return budget

    def size_limit(self, namespace: str, field: str) -> tuple[str, int] | None:
        """The nearest value of a limit of bytes, and whose it is."""
        for name in _upwards(namespace):
            if name in self._quotas and (most := getattr(self._quotas[name], field)) is not None:
                return name or ALL, most
        return None

    def over_values(self, name: str) -> None:
        """A value was refused."""
        self._refused(name, "kv_bytes")

    def _refused(self, name: str, quota: str) -> None:
        if self._count is not None:
            self._count("onbeat_quota_refused_total", name, quota)

    # ---- what people ask ---------------------------------------------------------------------------------------

    def use(self) -> Iterator[Use]:
        """How full they are: those that are of more than one execution."""
        now = self._clock.monotonic()
        for rate in self._rates.values():
            yield Use(rate.name, "executions_per_minute", round(rate.limit - rate.level(now), 3), rate.limit)
        for running in self._running.values():
            yield Use(running.name, "running", len(running.open), running.limit)


def _upwards(namespace: str) -> Iterable[str]:
    """The namespace, those above it, and that of all."""
    while namespace:
        yield namespace
        namespace = namespace.rpartition(".")[0]
    yield ""


def _size(outputs: dict[str, Json]) -> int:
    """Bytes as JSON; what is kept in storage stands there with its size."""
    kept: int = sum(value.get("size", 0) for value in outputs.values() if isinstance(value, dict) and is_mark(value))
    return kept + len(orjson.dumps(outputs))
