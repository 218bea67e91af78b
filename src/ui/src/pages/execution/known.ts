/**
 * What is known of an execution, kept up by what its stream tells: first all of it, then what changed. Pure.
 *
 * Task runs are kept in a map, so that a change of one in ten thousand costs that one and not all.
 */
import type { Execution, TaskRun } from "@/api/types";
import { type Run, runOf } from "@/gantt/runs";

/** An execution without its task runs. */
export type Head = Omit<Execution, "taskRunList">;

export interface Known {
  head: Head;
  /** By id, in the order in which they began. */
  runs: ReadonlyMap<string, Run>;
  /** The place in the journal that it is of. */
  seq: number;
}

/** A frame of `/executions/{id}/follow?delta=true`. */
export interface Frame {
  /** progress, end: in the first one everything; change: only what changed. */
  name: string;
  seq: number;
  data: Execution & { goneTaskRuns?: string[] };
}

/** The execution after some frames; null when there was none before and the first does not hold all of it. The same object when nothing is new. */
export function withFrames(known: Known | null, frames: readonly Frame[]): Known | null {
  let head = known?.head ?? null;
  let runs: Map<string, Run> | null = null;
  let seq = known?.seq ?? -1;
  for (const frame of frames) {
    const { taskRunList, goneTaskRuns, ...rest } = frame.data;
    const change = goneTaskRuns !== undefined;
    if (change && head === null) continue;
    // After a long break the stream begins with all of it again, as it is then; the place that it names may lie before what it holds.
    if (change ? frame.seq < seq : runs === null && isSame(known, rest, taskRunList as TaskRun[])) continue;
    runs = change ? (runs ?? new Map(known?.runs)) : new Map();
    for (const shape of taskRunList as TaskRun[]) runs.set(shape.id, runOf(shape));
    for (const id of goneTaskRuns ?? []) runs.delete(id);
    head = rest;
    seq = frame.seq;
  }
  if (head === null || (known !== null && runs === null)) return known;
  return { head, runs: runs ?? new Map(), seq };
}

/** Whether all of an execution is what is known of it. */
function isSame(known: Known | null, head: Head, shapes: readonly TaskRun[]): boolean {
  if (known === null || known.runs.size !== shapes.length || JSON.stringify(known.head) !== JSON.stringify(head)) return false;
  return shapes.every(({ id, state, attempts }) => {
    const run = known.runs.get(id);
    return run?.state === state.current && run.history.length === state.histories.length && run.attempts.length === (attempts?.length ?? 0);
  });
}

/** The run that says why the execution failed: of those that failed at the deepest the one that the execution names, else the first. */
export function failedRun(known: Known): Run | null {
  const parents = new Set<string>();
  for (const run of known.runs.values()) if (run.parent) parents.add(run.parent);
  let failed: Run | null = null;
  for (const run of known.runs.values()) {
    if (parents.has(run.id)) continue;
    if (run.state === "FAILED" && (failed === null || (run.task === known.head.error?.taskId && failed.task !== run.task))) failed = run;
  }
  return failed;
}
