/** What an execution's flow says of its tasks: found in the flow's JSON by id. Pure. */
import type { Run } from "@/gantt/runs";
import type { Waits } from "@/pages/execution/actions";

export type TaskJson = Readonly<Record<string, unknown>>;

const NO_TASKS = new Set(["inputs", "onResume", "triggers", "outputs", "labels", "variables", "checks"]);

/** The task with this id, at any depth. */
export function taskOf(flow: unknown, id: string, root = true): TaskJson | null {
  if (Array.isArray(flow)) {
    for (const each of flow) {
      const found = taskOf(each, id, false);
      if (found) return found;
    }
    return null;
  }
  if (typeof flow !== "object" || flow === null) return null;
  const object = flow as Record<string, unknown>;
  if (!root && object.id === id && typeof object.type === "string") return object;
  for (const [key, value] of Object.entries(object)) {
    const found = NO_TASKS.has(key) || typeof value !== "object" ? null : taskOf(value, id, false);
    if (found) return found;
  }
  return null;
}

export interface Waiting {
  kind: Waits;
  run: Run | null;
  /** What it asks for. */
  inputs: readonly TaskJson[];
  decisions: readonly string[];
  commentRequired: boolean;
  description: string | null;
}

/** What a paused execution waits for. */
export function waitingOf(runs: ReadonlyMap<string, Run>, flow: unknown): Waiting {
  const none = { inputs: [], decisions: ["APPROVED", "DENIED"], commentRequired: false, description: null };
  for (const run of runs.values()) {
    if (run.state !== "PAUSED") continue;
    const task = taskOf(flow, run.task);
    const type = String(task?.type ?? "");
    if (!/\.(Pause|Approval)$/.test(type)) continue;
    const asked = task?.onResume ?? (type.endsWith(".Approval") ? task?.inputs : undefined);
    return {
      kind: type.endsWith(".Approval") ? "approval" : "pause",
      run,
      inputs: Array.isArray(asked) ? (asked as TaskJson[]) : [],
      decisions: Array.isArray(task?.decisions) ? task.decisions.map(String) : none.decisions,
      commentRequired: task?.commentRequired === true,
      description: typeof task?.description === "string" ? task.description : null,
    };
  }
  return { kind: "hand", run: null, ...none };
}
