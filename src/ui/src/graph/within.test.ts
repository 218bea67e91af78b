import { describe, expect, it } from "vitest";
import type { FlowGraph } from "@/api/types";
import { graphBefore, ownNode, startsFlow, toggled, withinOf } from "@/graph/within";

const GRAPH = {
  nodes: [
    { uid: "root.call.same", type: "io.kestra.core.models.hierarchies.GraphTask", task: { id: "same" } },
    { uid: "root.call", type: "io.kestra.core.models.hierarchies.SubflowGraphTask", task: { id: "call" } },
    { uid: "root.same", type: "io.kestra.core.models.hierarchies.GraphTask", task: { id: "same" } },
  ],
  clusters: [{ cluster: { uid: "cluster_root.call" }, nodes: [], parents: [], start: "", end: "" }],
  edges: [],
  flowables: [],
} as unknown as FlowGraph;

describe("what is drawn within", () => {
  it("is there, was asked for in vain, or was not asked for", () => {
    expect(withinOf(GRAPH, "root.call", ["root.call"])).toBe("yes");
    expect(withinOf(GRAPH, "root.gone", ["root.gone"])).toBe("cannot");
    expect(withinOf(GRAPH, "root.gone", ["root.gone"], true)).toBe("yes");
    expect(withinOf(GRAPH, "root.other")).toBe("no");
  });

  it("has nodes that are not the flow's own, whatever their names", () => {
    expect(ownNode(GRAPH, "same", ["root.call"])?.uid).toBe("root.same");
    expect(ownNode(GRAPH, "none")).toBeUndefined();
  });

  it("is shown in the graph of before, and in none of another flow", () => {
    const shown = graphBefore(["flow-graph", "ns", "flow"]);
    expect(shown(GRAPH, { queryKey: ["flow-graph", "ns", "flow", 2, []] })).toBe(GRAPH);
    expect(shown(GRAPH, { queryKey: ["flow-graph", "ns", "other", 2, []] })).toBeUndefined();
    expect(shown(undefined, undefined)).toBeUndefined();
  });

  it("comes of a task that starts a flow", () => {
    expect(GRAPH.nodes.map(startsFlow)).toEqual([false, true, false]);
  });

  it("is asked for and given up again", () => {
    expect(toggled(undefined, "a")).toEqual(["a"]);
    expect(toggled(["a", "b"], "a")).toEqual(["b"]);
    expect(toggled(["a"], "a")).toBeUndefined();
  });
});
