"""Say what each flow construct does, with an example: their modules speak to those who work on them, not to those who write flows.

Called by: schema (editors, the API's pages of plugins), the making of the reference pages, whose examples are all run.
"""

CONSTRUCTS: dict[str, str] = {
    "core.flow.Sequential": """
Runs tasks one after another: to give a part of a flow its own `errors` and `finally`.

```yaml
tasks:
  - id: part
    type: core.flow.Sequential
    tasks:
      - id: risky
        type: core.execution.Fail
        condition: "{{ trigger.data.total > 1000 }}"
    errors:
      - id: tell
        type: core.log.Log
        message: "{{ error.taskId }}: {{ error.message }}"
```
""",
    "core.flow.Parallel": """
Runs tasks side by side, `concurrent` at once. When one failed no further one starts; those that run go on to their end.

```yaml
tasks:
  - id: both
    type: core.flow.Parallel
    tasks:
      - id: left
        type: core.debug.Return
        format: L
      - id: right
        type: core.debug.Return
        format: R
  - id: joined
    type: core.log.Log
    message: "{{ outputs.left.value }}{{ outputs.right.value }}"
```
""",
    "core.flow.If": """
Runs one of two branches. False are: false, 0, an empty text, list or map, null, and the texts `false`, `0` and `-0`.
Output: `evaluationResult`.

```yaml
tasks:
  - id: large
    type: core.flow.If
    condition: "{{ trigger.data.total >= 100 }}"
    then:
      - id: check
        type: core.log.Log
        message: needs a check
    else:
      - id: go
        type: core.log.Log
        message: goes through
```
""",
    "core.flow.Switch": """
Runs the branch that a value names, else `defaults`. Outputs: `value`, and `defaults`: whether it was those.

```yaml
tasks:
  - id: by_customer
    type: core.flow.Switch
    value: "{{ trigger.data.customer }}"
    cases:
      Ada:
        - id: ada
          type: core.log.Log
          message: it is Ada
    defaults:
      - id: other
        type: core.log.Log
        message: it is somebody else
```
""",
    "core.flow.ForEach": """
Runs its tasks for each value, duplicates too, `concurrencyLimit` values at once. `taskrun.value` is the value as text; the outputs of a
task in the loop are `outputs.TASK[VALUE]`, so of the same round `outputs.TASK[taskrun.value]`.

```yaml
tasks:
  - id: each
    type: core.flow.ForEach
    values: ["a", "b"]
    concurrencyLimit: 2
    tasks:
      - id: double
        type: core.debug.Return
        format: "{{ taskrun.value }}{{ taskrun.value }}"
      - id: say
        type: core.log.Log
        message: "{{ outputs.double[taskrun.value].value }}"
  - id: after
    type: core.log.Log
    message: "{{ outputs.double['b'].value }}"
```
""",
    "core.flow.Dag": """
Runs tasks as soon as those they depend on have ended, `concurrent` at once. A circle, or a name that is no task of it, is an error when
the file is loaded. After a failure nothing further begins.

```yaml
tasks:
  - id: all
    type: core.flow.Dag
    tasks:
      - task:
          id: sum
          type: core.debug.Return
          format: "{{ outputs.left.value }}{{ outputs.right.value }}"
        dependsOn: [left, right]
      - task:
          id: left
          type: core.debug.Return
          format: L
      - task:
          id: right
          type: core.debug.Return
          format: R
```
""",
    "core.flow.AllowFailure": """
Lets what is in it fail: then it ends as `WARNING`, its `errors` run, and the flow goes on.

```yaml
tasks:
  - id: try
    type: core.flow.AllowFailure
    tasks:
      - id: risky
        type: core.execution.Fail
        condition: "{{ trigger.data.total > 1000 }}"
  - id: go_on
    type: core.log.Log
    message: it was {{ tasks.try.state }}
```
""",
    "core.flow.Loop": """
Runs its tasks for each value, each iteration as an execution of its own: its task runs are in a journal of its own, so ten thousand of
them weigh nothing in this one. Inside, `item` is the iteration, and outputs from before the loop are there. Outputs: `iterationCount`,
`terminatedIterations` (how many ended in which state), and `outputs`: what the iterations gave, in order.

```yaml
tasks:
  - id: prices
    type: core.flow.Loop
    values: [3, 4]
    concurrencyLimit: 2
    tasks:
      - id: twice
        type: core.debug.Return
        format: "{{ item.value * 2 }}"
    outputs:
      - id: price
        type: INT
        value: "{{ outputs.twice.value }}"
  - id: after
    type: core.log.Log
    message: "{{ outputs.prices.iterationCount }}: {{ loopOutputs(outputs.prices.outputs, 'price') | join(' and ') }}"
```

[Loops](../how-to/loops.md) says which one to take.
""",
    "core.flow.LoopUntil": """
Runs its tasks again and again until a condition holds. Output: `iterationCount`.

```yaml
tasks:
  - id: ready
    type: core.flow.LoopUntil
    condition: "{{ outputs.ask.value == '3' }}"
    checkFrequency:
      interval: PT0.1S
      maxIterations: 10
    failOnMaxReached: true
    tasks:
      - id: ask
        type: core.debug.Return
        format: "{{ outputs.ready.iterationCount }}"
```
""",
    "core.flow.ForEachItem": """
Cuts a file in storage into batches and runs a flow for each. It runs as three tasks, `ID_split`, `ID_items` and `ID_merge`: the outputs are
`outputs.ID_items.numberOfBatches`, `outputs.ID_items.iterations` (how many ended in which state), and `outputs.ID_merge.subflowOutputs`, a
file with a line of outputs for each.

```yaml
tasks:
  - id: lines
    type: core.storage.Write
    content: |
      one
      two
      three
    extension: .txt
  - id: each
    type: core.flow.ForEachItem
    items: "{{ outputs.lines.uri }}"
    batch:
      rows: 2
    namespace: shop
    flowId: import_lines
    inputs:
      file: "{{ taskrun.items }}"
```

```yaml
id: import_lines
namespace: shop
inputs:
  - id: file
    type: STRING
    defaults: ""
tasks:
  - id: say
    type: core.log.Log
    message: "{{ inputs.file | length }}"
```
""",
    "core.flow.Approval": """
Waits for somebody's decision, as a `core.flow.Pause` waits; `POST /api/v1/main/executions/ID/actions/review` decides, and
`onbeat executions resume ID` approves. Outputs: `decision`, `on`, `comment`, `inputs`, and `auto`: whether nobody was asked.

```yaml
tasks:
  - id: approval
    type: core.flow.Approval
    timeout: PT1H
    autoApprove: "{{ trigger.data.total < 1000 }}"
    onDeny:
      - id: told
        type: core.log.Log
        message: "denied: {{ outputs.approval.comment ?? 'no reason' }}"
  - id: go
    type: core.log.Log
    message: "{{ outputs.approval.decision }}"
```

[Approvals](../how-to/approvals.md) says more.
""",
    "core.flow.WaitForEvent": """
Waits for an event on a topic of the embedded bus, holding no place and no memory, and over restarts. It looks back to the start of the
execution: an event that came before the wait began is not missed. `timeout` fails it. Outputs: the event, `id`, `topic`, `key`, `data`,
`time`, `headers`.

```yaml
tasks:
  - id: tell
    type: core.event.Publish
    topic: orders.paid
    key: "{{ execution.id }}"
    data: {total: 120}
  - id: paid
    type: core.flow.WaitForEvent
    topic: orders.paid
    key: "{{ execution.id }}"
    matches: "{{ event.data.total > 100 }}"
    timeout: PT1H
  - id: go
    type: core.log.Log
    message: "{{ outputs.paid.data.total }} paid"
```

[Wait for events](../how-to/wait-for-events.md) says more.
""",
    "core.flow.EachSequential": "Kestra's old name for a `core.flow.ForEach` of one value at a time.",
    "core.flow.EachParallel": "Kestra's old name for a `core.flow.ForEach` of all values at once.",
    "core.flow.Pause": """
Waits for a person or for a time, holding no place and no memory, and over restarts. The task run is `PAUSED`, and so is the execution once
nothing else in it runs. `onbeat executions resume ID -i approved=true` goes on; with `pauseDuration` it goes on by itself, with `timeout`
it fails when nobody came. Outputs: `onResume`, and `resumed`: `by`, `on`, `to`.

```yaml
tasks:
  - id: a_moment
    type: core.flow.Pause
    pauseDuration: PT0.1S
  - id: go
    type: core.log.Log
    message: on we go
```

`flows/large_order.yaml` waits for a person.
""",
    "core.flow.WorkingDirectory": """
Runs tasks one after another in one directory, `{{ workingDir }}`: what one leaves there the next one finds. It begins with `inputFiles`,
files of the namespace and what `cache` has kept, and what `outputFiles` names goes to storage at the end. `workerTaskrun` is the
directory's task run. A daemon that dies finds the directory again.

```yaml
tasks:
  - id: build
    type: core.flow.WorkingDirectory
    inputFiles:
      words.txt: "{{ trigger.data | json }}"
    outputFiles:
      - "*.count"
    cache:
      patterns:
        - downloads/**
      ttl: PT24H
    tasks:
      - id: prepare
        type: scripts.shell.Script
        script: mkdir -p downloads && cp words.txt downloads/
      - id: count
        type: scripts.shell.Script
        script: wc -c < downloads/words.txt > words.count
  - id: use
    type: core.log.Log
    message: "{{ outputs.build.outputFiles['words.count'] }}"
```
""",
    "core.flow.Worker": "Kestra's old name for a `core.flow.WorkingDirectory`.",
    "core.flow.Subflow": """
Runs another flow. It begins in the transaction in which this task begins to wait, and its end reaches this task in the transaction that
ends it. Output: `outputs`, those of the flow.

`flows/fan_out.yaml` greets each of a list by a flow of its own.
""",
}
