/** The edges of a graph of flows as rows of a list. */

export interface FlowNode {
  uid: string;
  namespace: string;
  id: string;
}

const HOW: Record<string, [how: string, why: string]> = {
  FLOW_TASK: ["as a subflow", "by a task core.flow.Subflow or a loop over it"],
  FLOW_TRIGGER: ["by its end", "by a trigger core.trigger.Flow of the other flow"],
};

/** One row for each edge whose ends are known, by the names of the flows. */
export function dependencies(nodes: readonly FlowNode[], edges: readonly { source: string; target: string; relation: string }[]) {
  const known = new Map(nodes.map((node) => [node.uid, node]));
  return edges
    .flatMap((edge) => {
      const from = known.get(edge.source);
      const to = known.get(edge.target);
      if (!from || !to) return [];
      const [how, why] = HOW[edge.relation] ?? [edge.relation.toLowerCase().replaceAll("_", " "), edge.relation];
      return [{ key: `${edge.source} ${edge.relation} ${edge.target}`, from, to, how, why }];
    })
    .sort((a, b) => `${a.from.namespace}.${a.from.id}`.localeCompare(`${b.from.namespace}.${b.from.id}`) || a.to.id.localeCompare(b.to.id));
}
