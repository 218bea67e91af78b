/**
 * Tell what an event did, from what the server wrote down: the event, the state events of all executions that came of it, their task runs.
 *
 * Every time is the server's own; offsets are from the instant at which it took the event.
 */
import type { Execution, StateName } from "@/api/types";
import type { CloudEvent } from "@/pages/events/tail";

/** The attributes of a state event that are told. */
interface StateData {
  executionId: string;
  namespace: string;
  flowId: string;
  state: StateName;
  trigger?: { id?: string } | null;
}

interface Base {
  key: string;
  /** After the event, in ms. */
  after: number;
  execution: string;
}
export type Step =
  | (Base & { kind: "trigger"; trigger: string; flow: string; next: boolean })
  | (Base & { kind: "state"; state: StateName; flow: string; event: string })
  | (Base & { kind: "task"; state: StateName; task: string; took: number | null });

/** An instant of the API in ms, with its microseconds: Date has none. */
export function instant(iso: string): number {
  const fraction = /\.(\d+)/.exec(iso)?.[1] ?? "";
  const whole = Date.parse(iso.replace(/\.\d+/, ""));
  return whole + Number(`0.${fraction || "0"}`) * 1000;
}

const RANK = { trigger: 0, task: 1, state: 2 } as const;

/** The steps in their order. began: the event's time. first: the executions that the event itself started. */
export function story(began: string, first: readonly string[], events: readonly CloudEvent[], runs: readonly Execution[]): Step[] {
  const zero = instant(began);
  const steps: Step[] = [];
  for (const { id, time, data } of events) {
    const { executionId, namespace, flowId, state, trigger } = data as StateData;
    const flow = `${namespace}.${flowId}`;
    const after = instant(time) - zero;
    if (state === "CREATED")
      steps.push({
        kind: "trigger",
        key: `${id}t`,
        after,
        execution: executionId,
        trigger: trigger?.id ?? "",
        flow,
        next: !first.includes(executionId),
      });
    steps.push({ kind: "state", key: id, after, execution: executionId, state, flow, event: id });
  }
  for (const run of runs)
    for (const task of run.taskRunList ?? []) {
      const { current, startDate, endDate } = task.state;
      const start = instant(startDate);
      const end = endDate ? instant(endDate) : null;
      const took = end === null ? null : end - start;
      steps.push({ kind: "task", key: task.id, after: (end ?? start) - zero, execution: run.id, state: current, task: task.taskId, took });
    }
  return steps.sort((a, b) => a.after - b.after || order(a) - order(b) || a.key.localeCompare(b.key));
}

/** At the same instant: created, running, tasks, then the end. */
function order(step: Step): number {
  if (step.kind !== "state") return RANK[step.kind] + (step.kind === "task" ? 2 : 0);
  return step.state === "CREATED" ? 1 : step.state === "RUNNING" ? 2 : 4;
}

/** When the first flow began to run, in ms after the event; null while it has not. */
export function beganAfter(steps: readonly Step[]): number | null {
  return steps.find((each) => each.kind === "state" && each.state === "RUNNING")?.after ?? null;
}

/** The state events that belong to these executions and to what came of them. */
export function ofChain(first: readonly string[], events: readonly CloudEvent[]): CloudEvent[] {
  const wanted = new Set(first);
  return events.filter(
    ({ correlationid, data }) => wanted.has((data as StateData).executionId) || (correlationid !== undefined && wanted.has(correlationid)),
  );
}
