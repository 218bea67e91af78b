/** A graph as the API draws it, for tests: what the flows there have between them. */
import type { FlowGraph } from "@/api/types";

type Node = FlowGraph["nodes"][number];
const KINDS = "io.kestra.core.models.hierarchies.";

/** A node of a task. */
export const task = (uid: string, type = "io.kestra.plugin.core.log.Log", more: Record<string, unknown> = {}): Node => ({
  uid,
  type: `${KINDS}GraphTask`,
  task: { id: uid.slice(uid.lastIndexOf(".") + 1), type, disabled: false, ...more },
});

/** A node without a task: where something begins, ends, or `finally` stands. */
export const point = (uid: string, kind = "GraphClusterRoot"): Node => ({ uid, type: `${KINDS}${kind}` });

/** An edge. */
export const edge = (source: string, target: string, relationType?: string, value?: string): FlowGraph["edges"][number] => ({
  source,
  target,
  relation: { relationType, value },
});

const trigger = (id: string): Node => ({
  uid: `root:Triggers.${id}`,
  type: `${KINDS}GraphTrigger`,
  triggerDeclaration: { id, type: "io.kestra.plugin.core.trigger.Schedule", disabled: false },
});

/** Two triggers, a task, an If in a ForEach, errors, finally. */
export function example(): FlowGraph {
  return {
    nodes: [
      point("root:root"),
      point("root:Triggers:root"),
      trigger("daily"),
      trigger("hourly"),
      point("root:Triggers:end", "GraphClusterEnd"),
      point("root:finally", "GraphClusterFinally"),
      task("root.first"),
      point("root.each:root"),
      task("root.each", "io.kestra.plugin.core.flow.ForEach"),
      point("root.each.check:root"),
      task("root.each.check", "core.flow.If"),
      task("root.each.check.even"),
      task("root.each.check.odd", "core.log.Log", { disabled: true }),
      point("root.each.check:end", "GraphClusterEnd"),
      point("root.each:end", "GraphClusterEnd"),
      task("root.tell"),
      task("root.clean"),
      point("root:end", "GraphClusterEnd"),
    ],
    edges: [
      edge("root:Triggers:root", "root:Triggers.daily"),
      edge("root:Triggers.daily", "root:Triggers:end"),
      edge("root:Triggers:root", "root:Triggers.hourly"),
      edge("root:Triggers.hourly", "root:Triggers:end"),
      edge("root:Triggers:end", "root:root"),
      edge("root:root", "root.first", "SEQUENTIAL"),
      edge("root.each:root", "root.each"),
      edge("root.each.check:root", "root.each.check"),
      edge("root.each.check", "root.each.check.even", "CHOICE", "then"),
      edge("root.each.check.even", "root.each.check:end"),
      edge("root.each.check", "root.each.check.odd", "CHOICE", "else"),
      edge("root.each.check.odd", "root.each.check:end"),
      edge("root.each", "root.each.check:root", "DYNAMIC"),
      edge("root.each.check:end", "root.each:end"),
      edge("root.first", "root.each:root", "SEQUENTIAL"),
      edge("root.each:end", "root:finally"),
      edge("root:root", "root.tell", "ERROR"),
      edge("root.tell", "root:finally"),
      edge("root:finally", "root.clean", "FINALLY"),
      edge("root.clean", "root:end"),
    ],
    clusters: [
      {
        cluster: { uid: "root:Triggers", type: `${KINDS}GraphCluster` },
        nodes: ["root:Triggers:root", "root:Triggers.daily", "root:Triggers.hourly", "root:Triggers:end"],
        parents: [],
        start: "root:Triggers:root",
        end: "root:Triggers:end",
      },
      {
        cluster: { uid: "cluster_root.each.check", type: `${KINDS}GraphCluster`, taskNode: {} },
        nodes: ["root.each.check:root", "root.each.check", "root.each.check.even", "root.each.check.odd", "root.each.check:end"],
        parents: ["cluster_root.each"],
        start: "root.each.check:root",
        end: "root.each.check:end",
      },
      {
        cluster: { uid: "cluster_root.each", type: `${KINDS}GraphCluster`, taskNode: {} },
        nodes: ["root.each:root", "root.each", "root.each:end"],
        parents: [],
        start: "root.each:root",
        end: "root.each:end",
      },
    ],
    flowables: ["each", "check"],
  };
}
