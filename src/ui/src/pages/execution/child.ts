/** The execution that a task run started as a subflow, of those that belong together with its own. Pure. */

import { instant, type Run } from "@/gantt/runs";
import type { Link } from "@/pages/execution/chain";
import { EXECUTION_ID } from "@/parts/ids";

export interface Child {
  id: string;
  /** null: not known, it is none of the links. */
  flowId: string | null;
}

/** The one that its outputs name; while they name none, the first that the task started since the run began. */
export function childOf(own: string, run: Run, links: readonly Link[]): Child | null {
  const named = run.outputs.executionId;
  let found: { child: Child; at: number } | null = null;
  for (const { line } of links) {
    if (line.parentId !== own || line.trigger?.id !== run.task) continue;
    const child = { id: line.id, flowId: line.flowId };
    if (line.id === named) return child;
    const at = instant(line.state.startDate);
    if (at >= run.start && (run.end === null || at <= run.end) && (found === null || at < found.at)) found = { child, at };
  }
  if (named === undefined) return found?.child ?? null;
  return typeof named === "string" && EXECUTION_ID.test(named) ? { id: named, flowId: null } : null;
}
