"""Random flows from a grammar: every construct, nested up to three deep, with all that a task or a flow may say about failing.

Every choice is made by a function that is given the options, so that Hypothesis can make them (and shrink) or a seeded generator
(fast, and the same each time).
"""

from collections.abc import Callable, Sequence
from typing import Any

from onbeat.core.flow import Flow
from onbeat.core.parse import CONTEXT

Choice = Callable[[Sequence[Any]], Any]

MOST_TASKS = 12
ERROR, OUTSIDE, NOT_YET = "{{ outputs.nowhere.x }}", "{{ envs.go }}", "{{ outputs.t1 is undefined }}"
GONE_ON = "{{ tasks.t1 is defined }}"

KINDS = [
    "leaf",
    "leaf",
    "leaf",
    "Sequential",
    "Parallel",
    "If",
    "Switch",
    "ForEach",
    "ForEach",
    "Pause",
    "Subflow",
    "Dag",
    "Dag",
    "Loop",
    "Loop",
]
KINDS += ["LoopUntil", "AllowFailure", "Approval", "WaitForEvent", "ForEachItem", "WorkingDirectory"]
VALUES = [["a", "b"], ["a", "b", "a", "c"], ["a", "b", "c"], "{{ envs.values }}", "{{ envs.none }}", [], [1, None]]
RETRIES: list[dict[str, Any]] = [
    {"type": "constant", "interval": "PT1S", "maxAttempts": 2},
    {"type": "exponential", "interval": "PT1S", "maxInterval": "PT3S", "maxAttempts": 3, "warningOnRetry": True},
    {"type": "random", "minInterval": "PT1S", "maxInterval": "PT2S", "maxAttempts": 2},
    {"type": "constant", "interval": "PT2S", "maxDuration": "PT5S"},
    {"type": "constant", "interval": "PT1S", "maxAttempts": 2, "behavior": "CREATE_NEW_EXECUTION"},
]
SLAS: list[dict[str, Any]] = [
    {"id": "long", "type": "MAX_DURATION", "duration": "PT6S"},
    {"id": "long", "type": "MAX_DURATION", "duration": "PT3S", "behavior": "CANCEL", "labels": {"sla": "long"}},
    {"id": "long", "type": "MAX_DURATION", "duration": "PT2S", "behavior": "NONE", "labels": {"sla": "long"}},
    {"id": "holds", "type": "EXECUTION_ASSERTION", "assert": NOT_YET, "behavior": "CANCEL"},
    {"id": "holds", "type": "EXECUTION_ASSERTION", "assert": "{{ vars.v is undefined }}"},
]
BEHAVIOURS = ["CONTINUE", "CANCEL", "FAIL", "WARN"]


def random_flow(choice: Choice) -> Flow:
    """A flow of the grammar."""
    grammar = _Grammar(choice)
    flow: dict[str, Any] = {"id": "story", "namespace": "tests", "revision": 1, "tasks": grammar.tasks(3)} | grammar.tails(1)
    if grammar.once_in(4):
        flow["outputs"] = [{"id": "o", "value": choice([1, OUTSIDE, ERROR])}]
    if grammar.once_in(8):
        flow["concurrency"] = {"limit": 1}
    if grammar.once_in(8):
        flow["retry"] = choice(RETRIES)
    if grammar.once_in(5):
        flow["sla"] = [choice(SLAS) for _ in range(choice([1, 1, 2]))]
    if grammar.once_in(6):
        flow["afterExecution"] = grammar.tasks(1, 2)
    return Flow.model_validate(flow, context=CONTEXT)


class _Grammar:
    """Makes one flow. Ids count up, so that they are unique in the tree."""

    def __init__(self, choice: Choice) -> None:
        self.choice = choice
        self.count = 0

    def once_in(self, times: int) -> bool:
        """True once in so many times."""
        return bool(self.choice([False] * (times - 1) + [True]))

    def common(self, kind: str, letter: str) -> dict[str, Any]:
        """What any task has."""
        self.count += 1
        task: dict[str, Any] = {"id": f"{letter}{self.count}", "type": kind}
        if self.once_in(4):
            task["retry"] = self.choice(RETRIES)
        if self.once_in(6):
            task["allowFailure"] = True
        if self.once_in(8):
            task["allowWarning"] = True
        if self.once_in(10):
            task["disabled"] = True
        if self.once_in(8):
            task["when"] = self.choice([OUTSIDE, NOT_YET, GONE_ON, False, ERROR])
        if self.once_in(6) and self.count < MOST_TASKS:
            task["compensate"] = self.tasks(self.choice([0, 0, 0, 1]), 2)
        return task

    def leaf(self) -> dict[str, Any]:
        """A task that does work."""
        task = self.common("t", "t")
        if self.once_in(5):
            task["timeout"] = self.choice(["PT2S", "PT4S", OUTSIDE])
        task["onLost"] = self.choice(["RETRY", "RETRY", "FAIL", "HOLD"])
        return task

    def tasks(self, depth: int, most: int = 3) -> list[dict[str, Any]]:
        """A list of tasks."""
        return [self.task(depth) for _ in range(self.choice(range(1, most + 1)))]

    def tails(self, depth: int) -> dict[str, Any]:
        """Errors and finally, sometimes."""
        return {key: self.tasks(depth, 2) for key in ("errors", "finally") if self.once_in(5)}

    def task(self, depth: int) -> dict[str, Any]:
        """A task of any kind, no deeper than that."""
        kind = "leaf" if depth == 0 or self.count >= MOST_TASKS else self.choice(KINDS)
        if kind == "leaf":
            return self.leaf()
        task = self.common(f"core.flow.{kind}", kind[0] if kind not in ("LoopUntil", "ForEachItem") else kind[-1])
        if kind in ("Subflow", "WaitForEvent"):
            return task | getattr(self, f"of_{kind}")(depth - 1)
        return task | getattr(self, f"of_{kind}")(depth - 1) | self.tails(depth - 1)

    def of_Sequential(self, depth: int) -> dict[str, Any]:
        return {"tasks": self.tasks(depth)}

    def of_AllowFailure(self, depth: int) -> dict[str, Any]:
        return {"tasks": self.tasks(depth)}

    def of_WorkingDirectory(self, depth: int) -> dict[str, Any]:
        return {"tasks": self.tasks(0)}

    def of_Parallel(self, depth: int) -> dict[str, Any]:
        return {"tasks": self.tasks(depth, 4), "concurrent": self.choice([0, 1, 2])} | self.on_child_failure()

    def on_child_failure(self) -> dict[str, Any]:
        return {"onChildFailure": self.choice(["CONTINUE", "FAILED", "CANCELLED"])} if self.once_in(2) else {}

    def of_Dag(self, depth: int) -> dict[str, Any]:
        """Each task may wait for any before it in an order of its own; they are written in another."""
        tasks = self.tasks(depth, 5)
        ids = [task["id"] for task in tasks]
        dag = []
        for at, task in enumerate(tasks):
            needs = [id_ for id_ in ids[:at] if self.choice([False, True])]
            dag.insert(self.choice(range(len(dag) + 1)), {"task": task} | ({"dependsOn": needs} if needs else {}))
        return {"tasks": dag, "concurrent": self.choice([0, 0, 1, 2])} | self.on_child_failure()

    def of_If(self, depth: int) -> dict[str, Any]:
        condition = self.choice([True, False, OUTSIDE, NOT_YET, ERROR])
        return {"condition": condition, "then": self.tasks(depth)} | ({"else": self.tasks(depth, 2)} if self.once_in(2) else {})

    def of_Switch(self, depth: int) -> dict[str, Any]:
        cases = {"value": self.choice(["x", "y", OUTSIDE]), "cases": {"x": self.tasks(depth, 2)}}
        return cases | ({"defaults": self.tasks(depth, 2)} if self.once_in(2) else {})

    def of_ForEach(self, depth: int) -> dict[str, Any]:
        return {"values": self.choice(VALUES), "tasks": self.tasks(depth, 2), "concurrencyLimit": self.choice([1, 2, 0])}

    def of_Loop(self, depth: int) -> dict[str, Any]:
        loop = self.of_ForEach(depth) | {"transmitFailed": not self.once_in(3)}
        loop |= {"values": "kestra:///lines"} if self.once_in(6) else {}
        loop |= {"fetchType": "STORE"} if self.once_in(6) else {}
        return loop | ({"outputs": [{"id": "o", "value": self.choice([1, "{{ item.value }}", ERROR])}]} if self.once_in(3) else {})

    def of_ForEachItem(self, depth: int) -> dict[str, Any]:
        calls = {"items": "kestra:///items", "concurrencyLimit": self.choice([0, 1, 2])}
        return calls | {"namespace": "tests", "flowId": "child", "wait": not self.once_in(3), "transmitFailed": not self.once_in(3)}

    def of_Subflow(self, depth: int) -> dict[str, Any]:
        call = {"namespace": "tests", "flowId": "child", "wait": not self.once_in(3), "transmitFailed": not self.once_in(3)}
        return call | ({"timeout": "PT4S"} if self.once_in(5) else {}) | ({"restartBehavior": "NEW_EXECUTION"} if self.once_in(3) else {})

    def of_LoopUntil(self, depth: int) -> dict[str, Any]:
        id_ = f"l{self.count}"
        conditions = [True, False, OUTSIDE, ERROR, f"{{{{ outputs.{id_}.iterationCount > 2 }}}}", "{{ envs.turn % 3 == 0 }}"]
        often: dict[str, Any] = {"interval": self.choice(["PT0S", "PT1S", "PT2S"]), "maxIterations": self.choice([2, 3, 12])}
        often |= {"maxDuration": "PT3S"} if self.once_in(3) else {}
        often |= {"interval": ERROR} if self.once_in(8) else {}
        return {
            "condition": self.choice(conditions),
            "tasks": self.tasks(depth, 2),
            "failOnMaxReached": self.once_in(3),
            "checkFrequency": often,
        }

    def of_WaitForEvent(self, depth: int) -> dict[str, Any]:
        return {"topic": self.choice(["orders", OUTSIDE, ERROR])} | ({"timeout": "PT3S"} if self.once_in(3) else {})

    def of_Pause(self, depth: int) -> dict[str, Any]:
        pause: dict[str, Any] = {"behavior": self.choice(["RESUME", "RESUME", "WARN", "FAIL", "CANCEL"])}
        if (key := self.choice(["", "pauseDuration", "timeout"])) != "":
            pause[key] = self.choice(["PT3S", "PT3S", OUTSIDE, ERROR])
        pause |= {"onPause": self.task(min(depth, 1))} if self.once_in(4) else {}
        return pause | ({"tasks": self.tasks(depth, 2)} if self.once_in(3) else {})

    def of_Approval(self, depth: int) -> dict[str, Any]:
        task: dict[str, Any] = {f"{each}Behavior": self.choice(BEHAVIOURS) for each in ("approve", "deny", "expire") if self.once_in(2)}
        task |= {"timeout": self.choice(["PT3S", OUTSIDE])} if self.once_in(2) else {}
        task |= {"autoApprove": self.choice([True, False, OUTSIDE, ERROR])} if self.once_in(4) else {}
        return task | {key: self.tasks(depth, 2) for key in ("onWait", "onApprove", "onDeny") if self.once_in(3)}
