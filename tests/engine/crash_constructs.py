"""Flows with each construct that takes more than one write, and their one right end, whatever crashes meanwhile; serves tests."""

from onbeat.core.execution import Execution
from onbeat.core.states import State
from onbeat.engine.node import Node
from tests.engine.crashing import Scenario


async def resume(node: Node, found: list[Execution]) -> bool:
    """Somebody answers what is asked."""
    for each in found:
        if each.state is State.PAUSED:
            await node.resume(each.id, {"n": 3})
            return True
    return False


async def approve(node: Node, found: list[Execution]) -> bool:
    """Somebody decides."""
    for each in found:
        if each.state is State.PAUSED:
            await node.resume(each.id, by="Ada", decision="DENIED", comment="too dear")
            return True
    return False


SCENARIOS = {
    "loop": Scenario(
        flows={
            "looping": """
tasks:
  - id: each
    type: core.flow.Loop
    values: [1, 2, 3]
    tasks: [{id: work, type: test.Told, what: work}]
    outputs: [{id: n, type: INT, value: "{{ item.value * 10 }}"}]
outputs: [{id: all, type: JSON, value: "{{ loopOutputs(outputs.each.outputs, 'n') }}"}]
"""
        },
        ends=('looping SUCCESS {"all": [10, 20, 30]}', *(f'looping[{n}] SUCCESS {{"n": {n}0}}' for n in (1, 2, 3))),
        runs={"work SUCCESS": 3, "each SUCCESS": 1},
    ),
    "loop side by side": Scenario(
        flows={
            "looping": """
tasks:
  - id: each
    type: core.flow.Loop
    values: [a, b, c]
    concurrencyLimit: 2
    transmitFailed: false
    tasks:
      - {id: work, type: test.Told, what: "{{ item.value == 'b' ? 'fail' : 'work' }}"}
      - {id: then, type: test.Told, what: work}
    outputs: [{id: v, type: STRING, value: "{{ item.value }}"}]
outputs: [{id: states, type: JSON, value: "{{ outputs.each.terminatedIterations }}"}]
"""
        },
        ends=(
            'looping SUCCESS {"states": {"FAILED": 1, "SUCCESS": 2}}',
            'looping[a] SUCCESS {"v": "a"}',
            'looping[b] FAILED {"v": "b"}',
            'looping[c] SUCCESS {"v": "c"}',
        ),
        runs={"work SUCCESS": 2, "work FAILED": 1, "then SUCCESS": 2},
    ),
    "batches of a file": Scenario(
        flows={
            "batching": """
tasks:
  - {id: file, type: core.storage.Write, content: "1\\n2\\n3\\n4\\n5\\n"}
  - id: each
    type: core.flow.ForEachItem
    items: "{{ outputs.file.uri }}"
    batch: {rows: 2}
    concurrencyLimit: 1
    namespace: crash
    flowId: batch
    inputs: {file: "{{ taskrun.items }}", n: "{{ taskrun.iteration }}"}
outputs: [{id: all, type: STRING, value: "{{ read(outputs.each_merge.subflowOutputs) }}"}]
""",
            "batch": """
inputs: [{id: file, type: STRING}, {id: n, type: INT}]
tasks: [{id: work, type: test.Told, what: work}]
outputs: [{id: rows, type: STRING, value: "{{ inputs.n }}: {{ read(inputs.file) | split('\\n') | join(' ') }}"}]
""",
        },
        ends=(
            r'batching SUCCESS {"all": "{\"rows\":\"0: 1 2\"}\n{\"rows\":\"1: 3 4\"}\n{\"rows\":\"2: 5\"}\n"}',
            *(f'batch SUCCESS {{"rows": "{rows}"}}' for rows in ("0: 1 2", "1: 3 4", "2: 5")),
        ),
        runs={"work SUCCESS": 3},
    ),
    "rounds": Scenario(
        flows={
            "rounds": """
tasks:
  - id: until
    type: core.flow.LoopUntil
    condition: "{{ outputs.until.iterationCount == 3 }}"
    checkFrequency: {interval: PT1M, maxDuration: PT1H}
    tasks: [{id: work, type: test.Told, what: work}]
outputs: [{id: rounds, type: INT, value: "{{ outputs.until.iterationCount }}"}]
"""
        },
        ends=('rounds SUCCESS {"rounds": 3}',),
        runs={"work SUCCESS": 3, "until SUCCESS": 1},
    ),
    "wait for an event": Scenario(
        flows={
            "waits": """
tasks:
  - {id: work, type: test.Told, what: work}
  - {id: wait, type: core.flow.WaitForEvent, topic: answers, key: b, timeout: PT1H}
  - {id: later, type: core.flow.WaitForEvent, topic: answers, key: nobody, timeout: PT1H, allowFailure: true}
outputs: [{id: got, type: INT, value: "{{ outputs.wait.data.n }}"}]
"""
        },
        events=(("go", {}, None), ("answers", {"n": 1}, "a"), ("answers", {"n": 2}, "b"), ("answers", {"n": 3}, "b")),
        ends=('waits WARNING {"got": 2}',),
        runs={"wait SUCCESS": 1, "later WARNING": 1},
    ),
    "pause": Scenario(
        flows={
            "pausing": """
tasks:
  - id: each
    type: core.flow.ForEach
    values: [x, y]
    concurrencyLimit: 0
    tasks:
      - {id: ask, type: core.flow.Pause, onResume: [{id: n, type: INT}], onPause: {id: tell, type: test.Told, what: work}, timeout: P1D}
      - {id: work, type: test.Told, what: work}
outputs: [{id: n, type: INT, value: "{{ outputs.ask.x.onResume.n + outputs.ask.y.onResume.n }}"}]
"""
        },
        tend=resume,
        ends=('pausing SUCCESS {"n": 6}',),
        runs={"tell SUCCESS": 2, "work SUCCESS": 2, "ask SUCCESS": 2},
    ),
    "approval": Scenario(
        flows={
            "asking": """
tasks:
  - id: call
    type: core.flow.Subflow
    namespace: crash
    flowId: deciding
    allowFailure: true
""",
            "deciding": """
tasks:
  - id: decide
    type: core.flow.Approval
    commentRequired: true
    denyBehavior: FAIL
    onWait: [{id: tell, type: test.Told, what: work}]
    onApprove: [{id: yes, type: test.Told, what: work}]
    onDeny: [{id: no, type: test.Told, what: work}]
errors: [{id: sorry, type: test.Told, what: work}]
outputs: [{id: why, type: STRING, value: "{{ outputs.decide.comment }}"}]
""",
        },
        tend=approve,
        ends=("asking WARNING", 'deciding FAILED {"why": "too dear"}'),
        runs={"no SUCCESS": 1, "sorry SUCCESS": 1},
    ),
    "dag that fails": Scenario(
        flows={
            "graph": """
tasks:
  - id: graph
    type: core.flow.Dag
    onChildFailure: FAIL
    tasks:
      - {task: {id: a, type: test.Told, what: work}}
      - {task: {id: long, type: test.Told, what: forever}, dependsOn: [a]}
      - {task: {id: waits, type: core.flow.WaitForEvent, topic: nowhere}, dependsOn: [a]}
      - {task: {id: bad, type: test.Told, what: fail, retry: {type: constant, interval: PT1M, maxAttempts: 2}}, dependsOn: [a]}
      - {task: {id: never, type: test.Told, what: work}, dependsOn: [long]}
    errors: [{id: sorry, type: test.Told, what: work}]
    finally: [{id: tidy, type: test.Told, what: work}]
"""
        },
        ends=("graph FAILED",),
        runs={"bad FAILED": 1, "long FAILED": 1, "waits FAILED": 1, "sorry SUCCESS": 1, "tidy SUCCESS": 1},
    ),
    "working directory": Scenario(
        flows={
            "files": """
tasks:
  - id: first
    type: core.flow.WorkingDirectory
    cache: {patterns: [kept/*]}
    inputFiles: {given: "1"}
    outputFiles: [one, given]
    tasks: [{id: one, type: test.Told, what: work}, {id: two, type: test.Told, what: work}]
  - id: each
    type: core.flow.ForEach
    values: [x, y]
    tasks:
      - id: second
        type: core.flow.WorkingDirectory
        cache: {patterns: ["*"]}
        outputFiles: ["*"]
        tasks: [{id: three, type: test.Told, what: work}]
outputs:
  - {id: first, type: STRING, value: "{{ read(outputs.first.outputFiles.one) }}{{ read(outputs.first.outputFiles.given) }}"}
  - {id: second, type: STRING, value: "{{ read(outputs.second.y.outputFiles.three) }}"}
"""
        },
        ends=('files SUCCESS {"first": "one1", "second": "three"}',),
        runs={"one SUCCESS": 1, "two SUCCESS": 1, "three SUCCESS": 2},
    ),
    "what is kept": Scenario(
        flows={
            "keeping": """
concurrency: {limit: 1}
tasks:
  - {id: had, type: core.state.Get}
  - {id: count, type: core.state.Set, data: {seen: "{{ (outputs.had.data.seen ?? 0) + 1 }}"}}
  - {id: before, type: core.kv.Get, key: total, errorOnMissing: false}
  - {id: sum, type: core.kv.Set, key: total, kvType: NUMBER, value: "{{ (outputs.before.value ?? 0) + trigger.data.n }}"}
outputs: [{id: all, type: STRING, value: "{{ outputs.count.count }} {{ kv('total') }}"}]
"""
        },
        events=tuple(("go", {"n": n}, None) for n in (1, 10)),
        ends=tuple(f'keeping SUCCESS {{"all": "1 {total}"}}' for total in (1, 11)),
    ),
}
