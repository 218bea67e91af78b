/** Where each kind of form goes: its route, its validation, and the same by the command line. No React in here. */
export type FormMode = "start" | "resume" | "review" | "replay";

export interface Target {
  mode: FormMode;
  namespace: string;
  flow: string;
  executionId?: string;
  revision?: number;
  taskRunId?: string;
  labels: readonly string[];
  scheduleDate: string;
}

const part = encodeURIComponent;

/** The route that takes the form, below /api/v1/main. */
export function pathOf(target: Target): string {
  const query = new URLSearchParams();
  if (target.revision !== undefined) query.set("revision", String(target.revision));
  if (target.mode === "replay" && target.taskRunId) query.set("taskRunId", target.taskRunId);
  if (target.mode === "start") {
    for (const label of target.labels) query.append("labels", label);
    if (target.scheduleDate) query.set("scheduleDate", target.scheduleDate);
  }
  const text = query.size > 0 ? `?${query}` : "";
  if (target.mode === "start") return `/executions/${part(target.namespace)}/${part(target.flow)}${text}`;
  return `/executions/${part(target.executionId ?? "")}/actions/${target.mode === "replay" ? "replay-with-inputs" : target.mode}${text}`;
}

/** The route that says what the form would be. */
export function checkPathOf(target: Target): string {
  if (target.mode === "resume" || target.mode === "review") return `/executions/${part(target.executionId ?? "")}/actions/resume/validate`;
  return `/executions/${part(target.namespace)}/${part(target.flow)}/validate`;
}

/** The command that does the same, without its inputs; null where there is none. */
export function commandOf(target: Target, changed: boolean): string | null {
  const revision = target.revision === undefined ? "" : ` --revision ${target.revision}`;
  if (target.mode === "start") {
    const labels = target.labels.map((label) => ` --label ${JSON.stringify(label.replace(":", "="))}`).join("");
    const at = target.scheduleDate ? ` --at ${target.scheduleDate}` : "";
    return target.revision === undefined ? `onbeat flows run ${target.namespace}.${target.flow}${labels}${at}` : null;
  }
  if (target.mode === "resume") return `onbeat executions resume ${target.executionId}`;
  if (target.mode === "review") return null;
  const from = target.taskRunId ? ` --from ${target.taskRunId}` : "";
  return changed ? null : `onbeat executions replay ${target.executionId}${from}${revision}`;
}

/** A label as it is typed (`team:a`, `team=a`) for the API; null where it is none. */
export function labelOf(typed: string): string | null {
  const found = /^\s*([^:=\s]+)\s*[:=]\s*(.+?)\s*$/.exec(typed);
  return found ? `${found[1]}:${found[2]}` : null;
}
