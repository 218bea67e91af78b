/** Which flows start which, as it is drawn. */
import type { components } from "@/api/schema";
import type { Drawing } from "@/graph/drawing";

export type FlowTopologyGraph = components["schemas"]["FlowTopologyGraph"];

const HOW: Record<string, string> = { FLOW_TASK: "subflow", FLOW_TRIGGER: "when it ends" };

/** A flow is an item, its namespace the item's note; an edge says how the one starts the other. */
export function drawingOfFlows(graph: FlowTopologyGraph): Drawing {
  const known = new Set(graph.nodes.map((node) => node.uid));
  return {
    items: graph.nodes.map((node) => ({
      id: node.uid,
      kind: "flow",
      name: node.id,
      note: node.namespace,
      type: "core.flow.Subflow",
      disabled: false,
      description: "",
    })),
    edges: graph.edges
      .filter((edge) => known.has(edge.source) && known.has(edge.target) && edge.source !== edge.target)
      .map((edge) => ({
        id: `${edge.source}>${edge.target}>${edge.relation}`,
        source: edge.source,
        target: edge.target,
        kind: "next",
        label: HOW[edge.relation] ?? edge.relation.toLowerCase(),
      })),
  };
}
