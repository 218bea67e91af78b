import { describe, expect, it } from "vitest";
import { type Drawing, drawingOf, innerFlows, shapeOf, walk } from "@/graph/drawing";
import { edge, example, point, task } from "@/graph/example";

const names = (drawing: Drawing) => drawing.items.map((item) => item.id);
const edges = (drawing: Drawing) => drawing.edges.map((each) => `${each.source} > ${each.target}${each.label ? ` (${each.label})` : ""}`);
const find = (drawing: Drawing, id: string) => {
  const found = [...walk(drawing)].find(({ item }) => item.id === id)?.item;
  if (!found) throw new Error(`no ${id}`);
  return found;
};

describe("a graph as it is drawn", () => {
  it("has what is at the top, in the flow's order, without the points that say nothing", () => {
    expect(names(drawingOf(example()))).toEqual([
      "root:root",
      "root:Triggers.daily",
      "root:Triggers.hourly",
      "root:finally",
      "root.first",
      "root.each",
      "root.tell",
      "root.clean",
    ]);
  });

  it("makes a construct a group whose edges begin at its entry", () => {
    const drawing = drawingOf(example());
    const each = find(drawing, "root.each").inside;
    const check = find(drawing, "root.each.check").inside;
    expect(each && names(each)).toEqual(["root.each:entry", "root.each.check"]);
    expect(each && edges(each)).toEqual(["root.each:entry > root.each.check"]);
    expect(check && edges(check)).toEqual([
      "root.each.check:entry > root.each.check.even (then)",
      "root.each.check:entry > root.each.check.odd (else)",
    ]);
  });

  it("draws a construct that holds nothing as a task", () => {
    const { nodes, edges: all, clusters, flowables } = example();
    const kept = (uid: string) => !uid.startsWith("root.each.") && !uid.startsWith("cluster_root.each.");
    const drawing = drawingOf({
      flowables,
      nodes: nodes.filter(({ uid }) => kept(uid)),
      edges: all.filter(({ source, target }) => kept(source) && kept(target)),
      clusters: clusters.filter(({ cluster }) => kept(cluster.uid)).map((each) => ({ ...each, nodes: each.nodes.filter(kept) })),
    });
    expect(find(drawing, "root.each").inside).toBeUndefined();
    expect(edges(drawing)).toContain("root.first > root.each");
    expect(edges(drawing)).toContain("root.each > root:finally");
  });

  it("leads triggers to the start, groups to what follows them, and a failure aside", () => {
    const drawing = drawingOf(example());
    expect(edges(drawing)).toEqual([
      "root:Triggers.daily > root:root",
      "root:Triggers.hourly > root:root",
      "root:root > root.first",
      "root.first > root.each",
      "root.each > root:finally",
      "root:root > root.tell (on failure)",
      "root.tell > root:finally",
      "root:finally > root.clean",
    ]);
    expect(drawing.edges.filter((each) => each.kind === "failure").map((each) => each.target)).toEqual(["root.tell"]);
  });

  it("says types shortly, and what is off", () => {
    const drawing = drawingOf(example());
    expect(find(drawing, "root.first").note).toBe("core.log.Log");
    expect(find(drawing, "root.each.check.odd").disabled).toBe(true);
    expect(find(drawing, "root:Triggers.daily")).toMatchObject({ kind: "trigger", name: "daily", note: "core.trigger.Schedule" });
  });

  it("names the flow that a task starts", () => {
    const graph = example();
    graph.nodes.push(task("root.call", "core.flow.Subflow", { namespace: "a.b", flowId: "other" }));
    expect(find(drawingOf(graph), "root.call").flow).toEqual({ namespace: "a.b", id: "other" });
  });

  it("knows of what is drawn within a subflow whose it is", () => {
    const graph = example();
    const flow = { namespace: "a.b", id: "other" };
    graph.nodes.push(point("root.call:root"), task("root.call", "core.flow.Subflow", { namespace: "a.b", flowId: "other" }));
    graph.nodes.push(task("root.call.first"), point("root.call:end"));
    graph.clusters.push({
      cluster: { uid: "cluster_root.call", type: "SubflowGraphCluster", taskNode: { uid: "root.call", type: "SubflowGraphTask" } },
      nodes: ["root.call:root", "root.call", "root.call.first", "root.call:end"],
      parents: [],
      start: "root.call:root",
      end: "root.call:end",
    });
    const inner = innerFlows(drawingOf(graph));
    expect([...inner.entries()]).toEqual([
      ["root.call:entry", flow],
      ["root.call.first", flow],
    ]);
    expect(innerFlows(drawingOf(example())).size).toBe(0);
  });

  it("keeps an edge between groups where both ends are", () => {
    const graph = example();
    graph.edges.push(edge("root.each.check.even", "root.tell"));
    expect(edges(drawingOf(graph))).toContain("root.each > root.tell");
  });

  it("takes a graph whose edges lead nowhere", () => {
    const drawing = drawingOf({ nodes: [point("root:root")], edges: [edge("root:root", "root.gone")], clusters: [], flowables: [] });
    expect(names(drawing)).toEqual(["root:root"]);
    expect(drawing.edges).toEqual([]);
  });
});

describe("the shape of a drawing", () => {
  it("is the same whatever has run", () => {
    const ran = example();
    for (const node of ran.nodes) if (node.task) node.taskRun = { state: { current: "FAILED" } };
    expect(shapeOf(drawingOf(ran))).toBe(shapeOf(drawingOf(example())));
  });

  it("is another when a task, a word or an edge is", () => {
    const base = shapeOf(drawingOf(example()));
    const one = example();
    one.nodes.push(task("root.more"));
    const two = example();
    const choice = two.edges.find((each) => each.relation.value === "then");
    if (choice) choice.relation.value = "never";
    const three = example();
    three.edges.pop();
    three.edges.pop();
    for (const other of [one, two, three]) expect(shapeOf(drawingOf(other))).not.toBe(base);
  });
});
