"""Run another flow: `core.flow.Subflow` (old name `core.flow.Flow`).

It is a leaf: the shell finds the flow's revision and checks its inputs, then the child is created in the parent's transaction, and
the child's last transaction tells the parent.
"""

from typing import Any, Literal

from pydantic import Field

from onbeat.core.flow import Dynamic, Labels, TaskSpec

NAMES = ("core.flow.Subflow", "core.flow.Flow")


class Subflow(TaskSpec):
    """wait: end when the child does; transmitFailed: fail when it failed. outputs: old form, a map rendered at the child's end with what
    the
    child sees. restartBehavior: whether a restart runs the failed child again, or a new one."""

    namespace: Dynamic
    flow_id: Dynamic = Field(alias="flowId")
    revision: int | None = None
    inputs: dict[str, Any] = Field(default_factory=dict)
    labels: Labels = Field(default_factory=dict)
    outputs: dict[str, Any] | None = None
    wait: bool = True
    transmit_failed: bool = Field(True, alias="transmitFailed")
    inherit_labels: bool = Field(False, alias="inheritLabels")
    schedule_date: Dynamic = Field(None, alias="scheduleDate")
    restart_behavior: Literal["RETRY_FAILED", "NEW_EXECUTION"] = Field("RETRY_FAILED", alias="restartBehavior")
