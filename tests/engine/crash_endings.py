"""Flows that fail, are tried again, undone, repeated, stopped or limited, and their one right end, whatever crashes; serves tests."""

from onbeat.core.execution import Execution
from onbeat.core.states import State
from onbeat.engine import rerun
from onbeat.engine.node import Node
from tests.engine.crashing import Scenario


async def restart(node: Node, found: list[Execution]) -> bool:
    """Somebody restarts what failed, once."""
    for each in found:
        if each.state is State.FAILED and not each.restarts and each.head.parent is None:
            await rerun.restart(node, each.id)
            return True
    return False


async def replay(node: Node, found: list[Execution]) -> bool:
    """Somebody repeats what failed from its second task on, once."""
    failed = [each for each in found if each.state is State.FAILED]
    if not failed or any(each.head.replay_of for each in found):
        return False
    await rerun.replay(node, failed[0].id, next(run.n for run in failed[0].runs.values() if run.task == "second"))
    return True


async def set_state(node: Node, found: list[Execution]) -> bool:
    """Somebody says that what failed is done."""
    for each in found:
        if each.state is State.FAILED and not each.edited:
            await rerun.set_state(node, each.id, next(run.n for run in each.runs.values() if run.task == "bad"), State.SUCCESS)
            return True
    return False


async def kill(node: Node, found: list[Execution]) -> bool:
    """Somebody kills what was begun by hand."""
    for each in found:
        if each.state is State.RUNNING and each.head.parent is None:
            await node.kill(each.id)
            return True
    return False


SCENARIOS = {
    "errors, finally and after it": Scenario(
        flows={
            "failing": """
tasks:
  - id: seq
    type: core.flow.Sequential
    tasks: [{id: bad, type: test.Told, what: fail}]
    errors: [{id: inner, type: test.Told, what: work}]
    finally: [{id: tidy_inner, type: test.Told, what: work}]
errors: [{id: outer, type: test.Told, what: work}]
finally: [{id: tidy, type: test.Told, what: work}]
afterExecution:
  - {id: tell, type: core.event.Publish, topic: ended, data: "{{ execution.state }}"}
  - {id: after, type: test.Told, what: fail}
outputs: [{id: state, type: STRING, value: "{{ tasks.tidy.state }}"}]
""",
            "hears": """
tasks: [{id: work, type: test.Told, what: work}]
triggers: [{id: on, type: core.trigger.Event, topic: ended}]
outputs: [{id: state, type: STRING, value: "{{ trigger.data }}"}]
""",
        },
        ends=('failing FAILED {"state": "SUCCESS"}', 'hears SUCCESS {"state": "FAILED"}'),
        runs={"inner SUCCESS": 1, "tidy_inner SUCCESS": 1, "tidy SUCCESS": 1, "outer SUCCESS": 1, "after FAILED": 1},
    ),
    "what failed is tried again": Scenario(
        flows={
            "trying": """
retry: {type: constant, interval: PT1M, maxAttempts: 3}
tasks:
  - {id: first, type: test.Told, what: work, compensate: [{id: undo, type: test.Told, what: work}]}
  - {id: second, type: test.Told, what: flaky}
finally: [{id: tidy, type: test.Told, what: work}]
outputs: [{id: by, type: STRING, value: "{{ outputs.second.by }}"}]
"""
        },
        ends=('trying SUCCESS {"by": "second"}',),
        runs={"first SUCCESS": 1, "undo SUCCESS": 0},
    ),
    "all is tried anew": Scenario(
        flows={
            "calling": """
concurrency: {limit: 1}
tasks: [{id: call, type: core.flow.Subflow, namespace: crash, flowId: anew}]
outputs: [{id: by, type: STRING, value: "{{ outputs.call.outputs.by }}"}]
""",
            "anew": """
concurrency: {limit: 1}
retry: {type: constant, interval: PT1M, maxAttempts: 3, behavior: CREATE_NEW_EXECUTION}
tasks:
  - {id: first, type: test.Told, what: work, compensate: [{id: undo, type: test.Told, what: work}]}
  - {id: second, type: test.Told, what: flaky}
outputs: [{id: by, type: STRING, value: "{{ outputs.second.by ?? 'nobody' }}"}]
""",
        },
        ends=("anew RETRIED", 'anew SUCCESS {"by": "second"}', 'calling SUCCESS {"by": "second"}'),
        runs={"first SUCCESS": 2, "undo SUCCESS": 1},
    ),
    "too long": Scenario(
        flows={
            "slow": """
sla: [{id: quick, type: MAX_DURATION, duration: PT1H, behavior: CANCEL, labels: {sla: missed}}]
tasks:
  - id: both
    type: core.flow.Parallel
    tasks:
      - {id: long, type: test.Told, what: forever}
      - {id: call, type: core.flow.Subflow, namespace: crash, flowId: waits}
finally: [{id: tidy, type: test.Told, what: work}]
afterExecution: [{id: after, type: test.Told, what: work}]
""",
            "waits": "tasks: [{id: wait, type: core.flow.Pause}]",
        },
        ends=("slow CANCELLED", "waits KILLED"),
        runs={"tidy SUCCESS": 1, "after SUCCESS": 1},
    ),
    "killed": Scenario(
        flows={
            "parent": """
concurrency: {limit: 1}
tasks:
  - id: each
    type: core.flow.Loop
    values: [1, 2]
    concurrencyLimit: 0
    tasks: [{id: call, type: core.flow.Subflow, namespace: crash, flowId: child}]
""",
            "child": "concurrency: {limit: 2}\ntasks: [{id: long, type: test.Told, what: forever}]",
        },
        tend=kill,
        ends=("parent KILLED", "parent[1] KILLED", "parent[2] KILLED", "child KILLED", "child KILLED"),
    ),
    "undone": Scenario(
        flows={
            "saga": """
tasks:
  - {id: a, type: test.Told, what: work, compensate: [{id: undo_a, type: test.Told, what: work}]}
  - id: each
    type: core.flow.ForEach
    values: [x, y]
    concurrencyLimit: 0
    tasks:
      - id: b
        type: test.Told
        what: work
        compensate: [{id: undo_b, type: test.Told, what: fail, retry: {type: constant, interval: PT1M, maxAttempts: 2}}]
  - {id: call, type: core.flow.Subflow, namespace: crash, flowId: part, compensate: [{id: undo_call, type: test.Told, what: work}]}
  - {id: bad, type: test.Told, what: fail, compensate: [{id: never, type: test.Told, what: work}]}
errors: [{id: sorry, type: test.Told, what: work}]
""",
            "part": "tasks: [{id: c, type: test.Told, what: work, compensate: [{id: undo_c, type: test.Told, what: work}]}]",
        },
        ends=("saga FAILED", "part SUCCESS"),
        runs={"undo_a SUCCESS": 1, "undo_b FAILED": 2, "undo_call SUCCESS": 1, "undo_c SUCCESS": 0, "never SUCCESS": 0, "sorry SUCCESS": 1},
    ),
    "restarted": Scenario(
        flows={
            "fails": """
concurrency: {limit: 1}
tasks:
  - {id: first, type: test.Told, what: work}
  - id: each
    type: core.flow.Loop
    values: [1, 2]
    concurrencyLimit: 0
    tasks: [{id: call, type: core.flow.Subflow, namespace: crash, flowId: part}]
  - {id: last, type: test.Told, what: flaky}
errors: [{id: sorry, type: test.Told, what: work}]
outputs: [{id: by, type: STRING, value: "{{ outputs.last.by ?? 'nobody' }}"}]
""",
            "part": "tasks: [{id: c, type: test.Told, what: flaky}]",
        },
        tend=restart,
        ends=('fails SUCCESS {"by": "last"}', "fails[1] SUCCESS", "fails[2] SUCCESS", "part SUCCESS", "part SUCCESS"),
        runs={"first SUCCESS": 1},
    ),
    "replayed": Scenario(
        flows={
            "fails": """
concurrency: {limit: 1}
tasks:
  - {id: first, type: test.Told, what: work}
  - id: seq
    type: core.flow.Sequential
    tasks:
      - {id: second, type: test.Told, what: flaky}
      - {id: third, type: test.Told, what: work}
outputs: [{id: by, type: STRING, value: "{{ outputs.third.by ?? 'nobody' }}"}]
"""
        },
        tend=replay,
        ends=('fails FAILED {"by": "nobody"}', 'fails SUCCESS {"by": "third"}'),
        runs={"third SUCCESS": 1},
    ),
    "said to be done": Scenario(
        flows={
            "fails": """
concurrency: {limit: 1}
tasks:
  - id: both
    type: core.flow.Parallel
    tasks: [{id: bad, type: test.Told, what: fail}, {id: good, type: test.Told, what: work}]
  - {id: last, type: test.Told, what: work}
errors: [{id: sorry, type: test.Told, what: work}]
outputs: [{id: by, type: STRING, value: "{{ outputs.last.by ?? 'nobody' }}"}]
"""
        },
        tend=set_state,
        ends=('fails SUCCESS {"by": "last"}',),
        runs={"bad SUCCESS": 1, "good SUCCESS": 1, "last SUCCESS": 1},
    ),
    "two events": Scenario(
        flows={
            "both": """
tasks: [{id: work, type: test.Told, what: work}]
outputs: [{id: key, type: STRING, value: "{{ trigger.correlation.key }}"}]
triggers:
  - id: on
    type: core.trigger.Event
    correlate:
      key: "{{ trigger.data.n }}"
      window: PT10M
      all: [{id: placed, topic: placed}, {id: paid, topic: paid}]
"""
        },
        events=(*((topic, {"n": n}, None) for topic in ("placed", "paid") for n in (1, 2)), ("placed", {"n": 3}, None)),
        ends=('both SUCCESS {"key": "1"}', 'both SUCCESS {"key": "2"}'),
    ),
    "in order": Scenario(
        flows={
            "ordered": """
concurrency: {limit: 1, key: "{{ trigger.data.team }}"}
inputs: [{id: n, type: INT}]
tasks:
  - {id: had, type: core.kv.Get, key: "seen-{{ trigger.key }}", errorOnMissing: false}
  - {id: work, type: test.Told, what: "{{ inputs.n == 2 ? 'fail' : 'work' }}", allowFailure: true}
  - {id: see, type: core.kv.Set, key: "seen-{{ trigger.key }}", value: "{{ outputs.had.value ?? '' }}{{ inputs.n }}"}
triggers:
  - id: on
    type: core.trigger.Event
    topic: go
    orderingKey: "{{ trigger.key }}"
    inputs: {n: "{{ trigger.data.n }}"}
outputs: [{id: seen, type: STRING, value: "{{ kv('seen-' ~ trigger.key) }}"}]
"""
        },
        events=tuple(("go", {"n": n, "team": n % 2}, "ab"[n // 3]) for n in range(4)),
        ends=(*(f'ordered SUCCESS {{"seen": "{seen}"}}' for seen in ("0", "01", "3")), 'ordered WARNING {"seen": "012"}'),
    ),
}
