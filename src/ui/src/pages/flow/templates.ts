/** What a new flow can begin with: short flows that run as they are. `NAMESPACE` stands for where it is to be. */

export interface Template {
  id: string;
  title: string;
  /** What it shows, in a sentence. */
  about: string;
  /** The type whose icon it has. */
  type: string;
  text: string;
}

export const TEMPLATES: readonly Template[] = [
  {
    id: "empty",
    title: "Almost nothing",
    about: "One task that logs a line.",
    type: "core.log.Log",
    text: `id: hello
namespace: NAMESPACE

tasks:
  - id: say
    type: core.log.Log
    message: Hello
`,
  },
  {
    id: "event",
    title: "An event arrives",
    about: "Starts for each event on a topic, and decides by its data.",
    type: "core.trigger.Event",
    text: `# Starts for each event on the topic \`orders\`:
#   onbeat publish orders '{"id": 7, "total": 120}' --follow
id: order_arrived
namespace: NAMESPACE

inputs:
  - id: order
    type: JSON

tasks:
  - id: hello
    type: core.log.Log
    message: "order {{ inputs.order.id }} over {{ inputs.order.total }}"

  - id: large
    type: core.flow.If
    condition: "{{ inputs.order.total >= 100 }}"
    then:
      - id: announce
        type: core.event.Publish
        topic: orders.large
        key: "{{ inputs.order.id }}"
        data: "{{ inputs.order }}"

triggers:
  - id: on_order
    type: core.trigger.Event
    topic: orders
    inputs:
      order: "{{ trigger.data }}"
`,
  },
  {
    id: "webhook",
    title: "A webhook is called",
    about: "Starts when somebody calls its address; the key is in it.",
    type: "core.trigger.Webhook",
    text: `# Its address is on the flow's page, under Triggers. Who knows the key may call it.
id: webhook_called
namespace: NAMESPACE

tasks:
  - id: say
    type: core.log.Log
    message: "{{ trigger.body.name ?? 'somebody' }} is there"

triggers:
  - id: hook
    type: core.trigger.Webhook
    key: WEBHOOK-KEY
`,
  },
  {
    id: "schedule",
    title: "At a time",
    about: "Starts every morning; a time that was missed is made up for.",
    type: "core.trigger.Schedule",
    text: `id: every_morning
namespace: NAMESPACE

tasks:
  - id: report
    type: core.log.Log
    message: "the report of {{ trigger.date ?? 'today' }}"

triggers:
  - id: daily
    type: core.trigger.Schedule
    cron: "0 7 * * 1-5"
    timezone: Europe/Berlin
`,
  },
  {
    id: "flow",
    title: "Another flow failed",
    about: "Starts when executions of other flows end badly.",
    type: "core.trigger.Flow",
    text: `id: failure_watch
namespace: NAMESPACE

tasks:
  - id: tell
    type: core.log.Log
    level: WARN
    message: "{{ trigger.namespace }}.{{ trigger.flowId }} ended {{ trigger.state }}: {{ trigger.executionId }}"

triggers:
  - id: on_failure
    type: core.trigger.Flow
    states: [FAILED]
`,
  },
  {
    id: "call",
    title: "Call an API, with care",
    about: "Retries with growing waits, handles what still fails, always tidies up.",
    type: "core.http.Request",
    text: `id: careful_call
namespace: NAMESPACE

inputs:
  - id: url
    type: URI
    defaults: https://example.org/

tasks:
  - id: fetch
    type: core.http.Request
    uri: "{{ inputs.url }}"
    timeout: PT10S
    retry:
      type: exponential
      interval: PT1S
      maxInterval: PT30S
      maxAttempts: 4

  - id: say
    type: core.log.Log
    message: "it answered {{ outputs.fetch.code }}"

errors:
  - id: gave_up
    type: core.log.Log
    level: ERROR
    message: "gave up: {{ error.message }}"

finally:
  - id: tidy
    type: core.log.Log
    message: done either way
`,
  },
  {
    id: "loop",
    title: "Many things, a few at once",
    about: "A loop over values, three at a time.",
    type: "core.flow.ForEach",
    text: `id: each_city
namespace: NAMESPACE

inputs:
  - id: cities
    type: ARRAY
    itemType: STRING
    defaults: [Rome, Naples, Turin, Bari]

tasks:
  - id: each
    type: core.flow.ForEach
    values: "{{ inputs.cities }}"
    concurrencyLimit: 3
    tasks:
      - id: visit
        type: core.log.Log
        message: "hello {{ taskrun.value }}"
`,
  },
  {
    id: "approval",
    title: "Somebody decides",
    about: "Waits until a person approves, at most three days.",
    type: "core.flow.Approval",
    text: `id: refund
namespace: NAMESPACE

inputs:
  - id: total
    type: INT

tasks:
  - id: approval
    type: core.flow.Approval
    autoApprove: "{{ inputs.total <= 100 }}"
    timeout: P3D
    denyBehavior: CANCEL

  - id: pay
    type: core.log.Log
    message: "{{ inputs.total }} is paid back"
`,
  },
  {
    id: "script",
    title: "A Python script",
    about: "Runs Python in a process of its own; what it gives is an output.",
    type: "scripts.python.Script",
    text: `id: python_script
namespace: NAMESPACE

tasks:
  - id: work
    type: scripts.python.Script
    script: |
      import json

      print("::" + json.dumps({"outputs": {"answer": 42}}) + "::")

  - id: say
    type: core.log.Log
    message: "the answer is {{ outputs.work.vars.answer }}"
`,
  },
];

/** A template as the text of a new flow. key: of a webhook, made anew for each. */
export function textOf(template: Template, namespace: string, key: string = newKey()): string {
  return template.text.replaceAll("NAMESPACE", () => namespace).replaceAll("WEBHOOK-KEY", () => key);
}

const BYTES = 18;

/** A key that nobody guesses. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(BYTES));
  return [...bytes].map((each) => each.toString(36).padStart(2, "0")).join("");
}
