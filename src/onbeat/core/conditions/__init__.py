"""The conditions of triggers: Kestra's, each a pure question about an event and a time.

condition    what a condition is, and the facts it may look at
moments      DateTimeBetween, TimeBetween
days         DayWeek, DayWeekInMonth, Weekend, PublicHoliday (calendars: the library behind it)
executions   ExecutionFlow, ExecutionNamespace, ExecutionStatus, ExecutionLabels, ExecutionOutputs, HasRetryAttempt, …
expression   Expression
logic        Not, Or, MultipleCondition; how a condition is read
"""

from onbeat.core.conditions.condition import Condition, Facts
from onbeat.core.conditions.executions import ExecutionFlow, ExecutionNamespace, bears, compares
from onbeat.core.conditions.logic import KINDS, AnyCondition, Conditions, MultipleCondition, flattened, kind_of, read_condition

__all__ = [
    "KINDS",
    "AnyCondition",
    "Condition",
    "Conditions",
    "ExecutionFlow",
    "ExecutionNamespace",
    "Facts",
    "MultipleCondition",
    "bears",
    "compares",
    "flattened",
    "kind_of",
    "read_condition",
]
