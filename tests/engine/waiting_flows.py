"""Flows that wait for events, each in a way of its own."""

FLOWS = {
    "any": "id: any\nnamespace: t\ntasks: [{id: w, type: core.flow.WaitForEvent, topic: x}]",
    "keyed": """
id: keyed
namespace: t
inputs: [{id: key, type: STRING}]
tasks: [{id: w, type: core.flow.WaitForEvent, topic: x, key: "{{ inputs.key }}"}]
outputs: [{id: got, type: INT, value: "{{ outputs.w.data.n }}"}]
""",
    "picky": """
id: picky
namespace: t
tasks: [{id: w, type: core.flow.WaitForEvent, topic: x, when: true, matches: "{{ event.data.n > 2 }}"}]
outputs: [{id: got, type: INT, value: "{{ outputs.w.data.n }}"}]
""",
    "late": "id: late\nnamespace: t\ntasks: [{id: w, type: core.flow.WaitForEvent, topic: x, timeout: PT10S}]",
    "two": """
id: two
namespace: t
tasks:
  - id: both
    type: core.flow.Parallel
    tasks:
      - {id: a, type: core.flow.WaitForEvent, topic: x, key: a}
      - {id: b, type: core.flow.WaitForEvent, topic: x, key: b}
""",
    "since": """
id: since
namespace: t
tasks: [{id: w, type: core.flow.WaitForEvent, topic: x, since: "2025-12-31T23:59:00Z"}]
outputs: [{id: got, type: INT, value: "{{ outputs.w.data.n }}"}]
""",
    "watches": """
id: watches
namespace: t
inputs: [{id: execution, type: STRING}]
tasks:
  - id: w
    type: core.flow.WaitForEvent
    topic: onbeat.executions
    key: "{{ inputs.execution }}"
    matches: "{{ event.data.state == 'SUCCESS' }}"
    since: "2025-12-31T23:59:00Z"
""",
    "says": "id: says\nnamespace: t\ntasks: [{id: s, type: core.debug.Return, format: '1'}]",
}
