"""Decide over executions: own.py over the one that a task is part of, others.py over any."""

from onbeat.plugins.execution.others import Count, Kill, PurgeExecutions, Resume
from onbeat.plugins.execution.own import Assert, Exit, Fail, Labels, SetVariables, UnsetVariables

PROVIDES = (Fail, Exit, Assert, Labels, SetVariables, UnsetVariables, Count, Resume, Kill, PurgeExecutions)
