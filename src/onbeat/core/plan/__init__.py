"""The flow constructs, one file each: what YAML keys each has, how it opens, what its lanes hold.

A construct arranges tasks in lanes: lanes run side by side, the tasks of a lane one after another. That is all that decide needs to
know of it, so adding one is a file here and a line below.
"""

from collections.abc import Mapping

from onbeat.core.flow import TaskSpec
from onbeat.core.plan import (
    allow_failure,
    approval,
    dag,
    for_each_item,
    if_,
    loop,
    loop_until,
    parallel,
    pause,
    sequential,
    subflow,
    switch,
    wait_for_event,
    working_directory,
)
from onbeat.core.plan.for_each import EachParallel, EachSequential, ForEach

FLOWABLES: Mapping[str, type[TaskSpec]] = {
    **dict.fromkeys(sequential.NAMES, sequential.Sequential),
    **dict.fromkeys(parallel.NAMES, parallel.Parallel),
    **dict.fromkeys(if_.NAMES, if_.If),
    **dict.fromkeys(switch.NAMES, switch.Switch),
    **dict.fromkeys(pause.NAMES, pause.Pause),
    **dict.fromkeys(subflow.NAMES, subflow.Subflow),
    **dict.fromkeys(allow_failure.NAMES, allow_failure.AllowFailure),
    **dict.fromkeys(approval.NAMES, approval.Approval),
    **dict.fromkeys(dag.NAMES, dag.Dag),
    **dict.fromkeys(for_each_item.NAMES, for_each_item.ForEachItem),
    **dict.fromkeys(loop.NAMES, loop.Loop),
    **dict.fromkeys(loop_until.NAMES, loop_until.LoopUntil),
    **dict.fromkeys(wait_for_event.NAMES, wait_for_event.WaitForEvent),
    **dict.fromkeys(working_directory.NAMES, working_directory.WorkingDirectory),
    "core.flow.ForEach": ForEach,
    "core.flow.EachSequential": EachSequential,
    "core.flow.EachParallel": EachParallel,
}
"""Type name -> construct."""
