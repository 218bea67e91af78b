/** Subflows that are drawn within a graph: whether they are, and which nodes are whose. Pure. */
import type { FlowGraph } from "@/api/types";

/** Whether the flow that a node starts is drawn within; cannot: it was asked for. */
export type Within = "no" | "yes" | "cannot";

/** wanted: the nodes whose flows were asked for. asking: the graph is the one of before, and the answer is under way. */
export function withinOf(graph: FlowGraph, uid: string, wanted: readonly string[] = [], asking = false): Within {
  if (graph.clusters.some(({ cluster }) => cluster.uid === `cluster_${uid}`)) return "yes";
  if (!wanted.includes(uid)) return "no";
  return asking ? "yes" : "cannot";
}

/** The node of a task of the flow itself, and of none that is drawn within. */
export function ownNode(
  graph: FlowGraph,
  task: string | undefined,
  wanted: readonly string[] = [],
): FlowGraph["nodes"][number] | undefined {
  return graph.nodes.find((node) => node.task?.id === task && !wanted.some((each) => node.uid.startsWith(`${each}.`)));
}

/** What a query shows until its graph is there: the one of before, where that is of the same flow or execution. key: what says whose it is. */
export const graphBefore =
  (key: readonly unknown[]) =>
  (before: FlowGraph | undefined, last: { queryKey: readonly unknown[] } | undefined): FlowGraph | undefined =>
    key.every((each, n) => last?.queryKey[n] === each) ? before : undefined;

/** Whether a node's task starts a flow. */
export const startsFlow = (node: FlowGraph["nodes"][number]): boolean => node.type.endsWith(".SubflowGraphTask");

/** The names with this one, or without it where it was among them; undefined: none. */
export function toggled(wanted: readonly string[] | undefined, uid: string): string[] | undefined {
  const others = (wanted ?? []).filter((each) => each !== uid);
  const next = wanted?.includes(uid) ? others : [...others, uid];
  return next.length > 0 ? next : undefined;
}
