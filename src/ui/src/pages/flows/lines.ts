/** Flows as rows of a list: their order, what their last runs say. */
import type { ExecutionLine, Flow } from "@/api/types";
import type { Bar } from "@/parts/Sparkline";
import { parseDuration } from "@/parts/time";

export interface FlowName {
  namespace: string;
  id: string;
}

/** A flow's name as one text: no namespace or id has a slash. */
export const keyOf = ({ namespace, id }: FlowName): string => `${namespace}/${id}`;

/** The flow that a key means. */
export function nameOf(key: string): FlowName {
  const cut = key.indexOf("/");
  return { namespace: key.slice(0, cut), id: key.slice(cut + 1) };
}

/** By namespace, then by id; with `disabled` only those that are so. */
export function listed(flows: readonly Flow[], disabled?: "true" | "false"): Flow[] {
  return flows
    .filter((flow) => disabled === undefined || String(flow.disabled) === disabled)
    .sort((a, b) => a.namespace.localeCompare(b.namespace) || a.id.localeCompare(b.id));
}

/** Executions as bars, the newest right. */
export function barsOf(lines: readonly ExecutionLine[]): Bar[] {
  return [...lines]
    .sort((a, b) => a.id.localeCompare(b.id))
    .map((line) => ({
      id: line.id,
      state: line.state.current,
      durationMs: line.state.duration ? parseDuration(line.state.duration) : null,
    }));
}

/** For each flow, by days: how many executions are in each state. */
export type Tallies = Record<string, Record<string, readonly { executionCounts: Record<string, number> }[]>>;

const GOOD = ["SUCCESS", "WARNING"];
const BAD = ["FAILED", "KILLED"];

export interface Ratio {
  good: number;
  ended: number;
}

/** Of a flow's executions that have ended: how many did well. What runs does not count. */
export function ratioOf(tallies: Tallies | undefined, { namespace, id }: FlowName): Ratio | null {
  let [good, ended] = [0, 0];
  for (const { executionCounts } of tallies?.[namespace]?.[id] ?? [])
    for (const [state, count] of Object.entries(executionCounts)) {
      if (GOOD.includes(state)) good += count;
      if (GOOD.includes(state) || BAD.includes(state)) ended += count;
    }
  return ended === 0 ? null : { good, ended };
}

/** 100 % only where all did well, 0 % only where none did. */
export function ratioText({ good, ended }: Ratio): string {
  const percent = (100 * good) / ended;
  const shown = good === ended ? 100 : Math.min(99, Math.max(good === 0 ? 0 : 1, Math.round(percent)));
  return `${shown} %`;
}

/** The first line of a description without the signs of markdown. */
export function firstLine(text: string | null | undefined): string {
  const line = (text ?? "").trim().split("\n")[0] ?? "";
  return line
    .replace(/^#+\s*/, "")
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/(\*\*|__|`)/g, "");
}

/** What was not saved of a file. The server names files of an archive, and counts the flows of a text. */
export function notSaved(left: readonly string[], file: string): string {
  const [first = "", ...others] = left;
  const named = /^\d+$/.test(first) ? `flow ${Number(first) + 1} of ${file}` : first;
  return `Not saved: ${named}${others.length > 0 ? ` and ${others.length} more` : ""}`;
}
