"""Name every seam between the engine and the world, and what may be expected of each side.

Plugins and stores see this file and the core, nothing else; the engine sees plugins and stores only through it. So a broker, a
database or a clock can be replaced, in tests too, without the policy noticing.

Rules
1. `emit` returns ⇒ the events are safe: only then may a source acknowledge. It is the whole delivery contract.
2. `Store.write` is the only durable step. All of a Work is on disk when it returns, or none of it.
3. A sink may be given the same event again, never a later one of the same execution first.
4. Constructing anything never connects; `run` and `open` do.
"""

from onbeat.core.slots import SlotClaim
from onbeat.ports.actions import Actions
from onbeat.ports.queries import ExecutionSummary, Queries, StoreAndQueries
from onbeat.ports.search import (
    Bucket,
    ExecutionFilter,
    FoundLine,
    Group,
    LogFilter,
    MetricFilter,
    MetricSum,
    Sort,
    Tally,
)
from onbeat.ports.sinks import Publisher, Sink, StateEvent
from onbeat.ports.sources import Emitter, HttpRequest, Listener, Received, SourceContext, SourceOptions, Started
from onbeat.ports.store import Store
from onbeat.ports.tasks import (
    Metric,
    Outcome,
    ProcessEnd,
    Processes,
    TaskContext,
    TaskFailed,
    TaskLog,
    TaskOptions,
    TaskServices,
    Workers,
    WorkspaceTask,
)
from onbeat.ports.work import (
    Append,
    Audit,
    AuditRow,
    Creation,
    DeadEvent,
    Delivery,
    Document,
    JournalRow,
    Key,
    LedgerRow,
    LogLine,
    MetricRow,
    OpenExecution,
    Position,
    Purged,
    Record,
    StoredFlow,
    Tell,
    Work,
    Written,
)
from onbeat.ports.world import Clock, NamespaceFiles, Storage, Value, Values

__all__ = [
    "Actions",
    "Append",
    "Audit",
    "AuditRow",
    "Bucket",
    "Clock",
    "Creation",
    "DeadEvent",
    "Delivery",
    "Document",
    "Emitter",
    "ExecutionFilter",
    "ExecutionSummary",
    "FoundLine",
    "Group",
    "HttpRequest",
    "JournalRow",
    "Key",
    "LedgerRow",
    "Listener",
    "LogFilter",
    "LogLine",
    "Metric",
    "MetricFilter",
    "MetricRow",
    "MetricSum",
    "NamespaceFiles",
    "OpenExecution",
    "Outcome",
    "Position",
    "ProcessEnd",
    "Processes",
    "Publisher",
    "Purged",
    "Queries",
    "Received",
    "Record",
    "Sink",
    "SlotClaim",
    "Sort",
    "SourceContext",
    "SourceOptions",
    "Started",
    "StateEvent",
    "Storage",
    "Store",
    "StoreAndQueries",
    "StoredFlow",
    "Tally",
    "TaskContext",
    "TaskFailed",
    "TaskLog",
    "TaskOptions",
    "TaskServices",
    "Tell",
    "Value",
    "Values",
    "Work",
    "Workers",
    "WorkspaceTask",
    "Written",
]
