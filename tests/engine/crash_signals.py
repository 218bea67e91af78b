"""Flows that act on each other, wait, are told to pause and ask outside, and their one right end, whatever crashes; serves tests."""

from onbeat.core.execution import Execution
from onbeat.core.states import State
from onbeat.engine import rerun
from onbeat.engine.node import Node
from tests.engine.crashing import Scenario


async def pause_once(node: Node, found: list[Execution]) -> bool:
    """Somebody pauses what waits, labels it, and lets it go on."""
    for each in found:
        if each.state is State.RUNNING and "seen" not in each.labels:
            await node.pause(each.id)
            return True
        if each.state is State.PAUSED and "seen" not in each.labels:
            await rerun.set_labels(node, each.id, {"seen": "yes"})
            return True
        if each.state is State.PAUSED:
            await node.resume(each.id)
            return True
    return False


async def resume_held(node: Node, found: list[Execution]) -> bool:
    """Somebody says that what was held may run."""
    for each in found:
        if each.state is State.PAUSED and each.head.scope is not None:
            await node.resume(each.id)
            return True
    return False


async def force(node: Node, found: list[Execution]) -> bool:
    """Somebody lets one run before its turn."""
    for each in found:
        if each.state is State.QUEUED:
            await node.force(each.id)
            return True
    return False


async def restart_until_well(node: Node, found: list[Execution]) -> bool:
    """Somebody restarts what failed until it does not."""
    for each in found:
        if each.state is State.FAILED and each.head.flow == "outer" and each.head.scope is None:
            await rerun.restart(node, each.id)
            return True
    return False


SCENARIOS = {
    "flows after flows": Scenario(
        flows={
            "first": "inputs: [{id: n, type: INT, defaults: 7}]\ntasks: [{id: work, type: test.Told, what: work}]\n"
            "outputs: [{id: n, type: INT, value: '{{ inputs.n }}'}]",
            "other": """
tasks: [{id: work, type: test.Told, what: fail}]
triggers: [{id: on, type: core.trigger.Event, topic: go}]
""",
            "both": """
inputs: [{id: n, type: INT}]
tasks: [{id: work, type: test.Told, what: work}]
triggers:
  - id: on
    type: core.trigger.Flow
    dependsOn: [{namespace: crash, flowId: first}, {namespace: crash, flowId: other, states: [FAILED]}]
    window: {every: PT6H}
    inputs: {n: "{{ trigger.outputs.first.n }}"}
outputs: [{id: n, type: INT, value: "{{ inputs.n }}"}]
""",
            "each": """
tasks: [{id: work, type: test.Told, what: work}]
triggers:
  - id: on
    type: core.trigger.Flow
    dependsOn: [{namespace: crash, flowId: both}]
outputs: [{id: of, type: STRING, value: "{{ trigger.flowId }} {{ trigger.state }}"}]
""",
        },
        ends=('first SUCCESS {"n": 7}', "other FAILED", 'both SUCCESS {"n": 7}', 'each SUCCESS {"of": "both SUCCESS"}'),
    ),
    "paused by hand": Scenario(
        flows={
            "waits": """
tasks:
  - id: both
    type: core.flow.Parallel
    tasks:
      - {id: wait, type: core.flow.WaitForEvent, topic: answers, timeout: PT10M, allowFailure: true}
      - {id: rounds, type: core.flow.LoopUntil, condition: "{{ outputs.rounds.iterationCount == 2 }}",
         checkFrequency: {interval: PT10M}, tasks: [{id: work, type: test.Told, what: work}]}
  - {id: last, type: test.Told, what: work}
"""
        },
        tend=pause_once,
        ends=("waits WARNING",),
        runs={"work SUCCESS": 2, "wait WARNING": 1, "last SUCCESS": 1},
    ),
    "held when lost": Scenario(
        flows={
            "careful": """
tasks:
  - id: each
    type: core.flow.Loop
    values: [1, 2]
    concurrencyLimit: 0
    tasks: [{id: work, type: test.Told, what: work, onLost: HOLD}]
"""
        },
        tend=resume_held,
        ends=("careful SUCCESS", "careful[1] SUCCESS", "careful[2] SUCCESS"),
        runs={"work SUCCESS": 2},
    ),
    "before its turn": Scenario(
        flows={
            "limited": """
concurrency: {limit: 1}
tasks: [{id: wait, type: core.flow.Pause, pauseDuration: PT10M}, {id: work, type: test.Told, what: work}]
"""
        },
        events=tuple(("go", n, None) for n in range(2)),
        tend=force,
        ends=("limited SUCCESS",) * 2,
        runs={"work SUCCESS": 2},
    ),
    "late": Scenario(
        flows={
            "late": """
tasks:
  - {id: slow, type: test.Told, what: forever, timeout: PT10M, retry: {type: constant, interval: PT10M, maxAttempts: 2}, allowFailure: true}
  - {id: call, type: core.flow.Subflow, namespace: crash, flowId: sub, timeout: PT10M, allowFailure: true}
  - {id: alone, type: core.flow.Subflow, namespace: crash, flowId: own, wait: false}
  - {id: last, type: test.Told, what: work}
""",
            "sub": "tasks: [{id: wait, type: core.flow.Pause, timeout: PT1H}]",
            "own": "tasks: [{id: wait, type: core.flow.Pause, pauseDuration: PT1H}]",
        },
        ends=("late WARNING", "sub KILLED", "own SUCCESS"),
        runs={"slow WARNING": 1, "call WARNING": 1},
    ),
    "asked outside": Scenario(
        flows={
            "asks": """
tasks:
  - {id: set, type: core.kv.Set, key: n, value: 3}
  - id: if
    type: core.flow.If
    condition: "{{ kv('n') == 3 }}"
    then: [{id: yes, type: test.Told, what: work, runIf: "{{ kv('n') > 2 }}"}]
  - {id: large, type: core.debug.Return, format: "{{ range(0, 20000) | join(',') }}"}
  - id: each
    type: core.flow.ForEach
    values: "{{ [kv('n'), outputs.large.value | length] }}"
    tasks: [{id: work, type: test.Told, what: work}]
outputs: [{id: n, type: INT, value: "{{ outputs.large.value | length }}"}]
"""
        },
        ends=('asks SUCCESS {"n": 108895}',),
        runs={"yes SUCCESS": 1, "work SUCCESS": 2},
    ),
    "tasks that act on executions": Scenario(
        flows={
            "target": """
tasks:
  - {id: told, type: core.event.Publish, topic: waits, data: "{{ execution.id }}"}
  - {id: ask, type: core.flow.Pause, onResume: [{id: n, type: INT}]}
  - {id: again, type: core.flow.Pause, timeout: PT1H, allowFailure: true}
outputs: [{id: n, type: INT, value: "{{ outputs.ask.onResume.n }}"}]
""",
            "resumes": """
tasks:
  - {id: wait, type: core.flow.WaitForEvent, topic: onbeat.executions, key: "{{ trigger.data }}",
     matches: "{{ event.data.state == 'PAUSED' }}", since: "2025-12-31T23:59:00Z"}
  - {id: resume, type: core.execution.Resume, executionId: "{{ trigger.data }}", inputs: {n: 3}}
triggers: [{id: on, type: core.trigger.Event, topic: waits}]
""",
        },
        ends=('target WARNING {"n": 3}', "resumes SUCCESS"),
        runs={"again WARNING": 1},
    ),
    "a task that kills": Scenario(
        flows={
            "victim": """
tasks: [{id: told, type: core.event.Publish, topic: runs, data: "{{ execution.id }}"}, {id: long, type: test.Told, what: forever}]
""",
            "killer": """
tasks:
  - {id: until_it_works, type: core.flow.Pause, pauseDuration: PT10M}
  - {id: kill, type: core.execution.Kill, executionId: "{{ trigger.data }}"}
triggers: [{id: on, type: core.trigger.Event, topic: runs}]
""",
        },
        ends=("victim KILLED", "killer SUCCESS"),
    ),
    "a lock": Scenario(
        flows={
            "locks": """
tasks:
  - {id: lock, type: core.kv.Set, key: lock, value: "{{ execution.id }}", overwrite: false}
  - {id: work, type: test.Told, what: work}
  - {id: unlock, type: core.kv.Delete, key: lock, errorOnMissing: true}
"""
        },
        ends=("locks SUCCESS",),
    ),
    "a file": Scenario(
        flows={
            "files": """
tasks:
  - {id: write, type: core.storage.Write, content: "{{ execution.id }}"}
  - {id: remove, type: core.storage.Delete, uri: "{{ outputs.write.uri }}", errorOnMissing: true}
outputs: [{id: deleted, type: BOOL, value: "{{ outputs.remove.deleted }}"}]
"""
        },
        ends=('files SUCCESS {"deleted": true}',),
    ),
    "what tasks change": Scenario(
        flows={
            "changes": """
variables: {n: 1}
tasks:
  - {id: labels, type: core.execution.Labels, labels: {stage: "two"}}
  - {id: vars, type: core.execution.SetVariables, variables: {n: "{{ vars.n + 1 }}"}, overwrite: true}
  - id: seq
    type: core.flow.Sequential
    tasks:
      - {id: exit, type: core.execution.Exit, state: WARNING}
      - {id: never, type: test.Told, what: work}
finally: [{id: tidy, type: test.Told, what: work}]
outputs: [{id: n, type: INT, value: "{{ vars.n }}"}]
"""
        },
        ends=('changes WARNING {"n": 2}',),
        runs={"never SUCCESS": 0, "tidy SUCCESS": 1},
    ),
    "restarted until well": Scenario(
        flows={
            "outer": """
tasks:
  - {id: file, type: core.storage.Write, content: "1\\n2\\n3\\n"}
  - id: each
    type: core.flow.ForEachItem
    items: "{{ outputs.file.uri }}"
    batch: {rows: 2}
    namespace: crash
    flowId: batch
    inputs: {file: "{{ taskrun.items }}"}
  - id: loop
    type: core.flow.Loop
    values: [a, b]
    tasks:
      - {id: inside, type: test.Told, what: flaky}
""",
            "batch": """
concurrency: {limit: 1}
inputs: [{id: file, type: STRING}]
tasks: [{id: work, type: test.Told, what: "{{ read(inputs.file) | trim == '3' ? 'flaky' : 'work' }}"}]
outputs: [{id: rows, type: STRING, value: "{{ read(inputs.file) }}"}]
""",
        },
        tend=restart_until_well,
        ends=(
            "outer SUCCESS",
            "outer[a] SUCCESS",
            "outer[b] SUCCESS",
            r'batch SUCCESS {"rows": "1\n2\n"}',
            r'batch SUCCESS {"rows": "3\n"}',
        ),
    ),
}
