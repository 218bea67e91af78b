import { describe, expect, it } from "vitest";
import { drawingOfFlows } from "@/graph/flows";

const node = (id: string) => ({ uid: `main_a_${id}`, namespace: "a", id });

describe("flows that start each other", () => {
  it("are items with edges that say how", () => {
    const drawing = drawingOfFlows({
      nodes: [node("one"), node("two")],
      edges: [
        { source: "main_a_one", target: "main_a_two", relation: "FLOW_TASK" },
        { source: "main_a_two", target: "main_a_one", relation: "FLOW_TRIGGER" },
        { source: "main_a_one", target: "main_a_gone", relation: "FLOW_TASK" },
        { source: "main_a_one", target: "main_a_one", relation: "FLOW_TASK" },
      ],
    });
    expect(drawing.items.map((item) => [item.kind, item.name, item.note])).toEqual([
      ["flow", "one", "a"],
      ["flow", "two", "a"],
    ]);
    expect(drawing.edges.map((edge) => [edge.source, edge.target, edge.label])).toEqual([
      ["main_a_one", "main_a_two", "subflow"],
      ["main_a_two", "main_a_one", "when it ends"],
    ]);
  });
});
