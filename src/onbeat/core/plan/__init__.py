"""The flow constructs, one file each: what YAML keys each has, how it opens, what its lanes hold.

A construct arranges tasks in lanes: lanes run side by side, the tasks of a lane one after another. That is all that decide needs to
know of it, so adding one is a file here and a line below.
"""

from collections.abc import Mapping

from onbeat.core.flow import TaskSpec
from onbeat.core.plan import if_, parallel, pause, sequential, subflow, switch, working_directory
from onbeat.core.plan.for_each import EachParallel, EachSequential, ForEach

FLOWABLES: Mapping[str, type[TaskSpec]] = {
    **dict.fromkeys(sequential.NAMES, sequential.Sequential),
    **dict.fromkeys(parallel.NAMES, parallel.Parallel),
    **dict.fromkeys(if_.NAMES, if_.If),
    **dict.fromkeys(switch.NAMES, switch.Switch),
    **dict.fromkeys(pause.NAMES, pause.Pause),
    **dict.fromkeys(subflow.NAMES, subflow.Subflow),
    **dict.fromkeys(working_directory.NAMES, working_directory.WorkingDirectory),
    "core.flow.ForEach": ForEach,
    "core.flow.EachSequential": EachSequential,
    "core.flow.EachParallel": EachParallel,
}
"""Type name -> construct."""
