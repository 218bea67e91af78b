/**
 * Read a graph of the API as what is drawn: items, groups that hold items, edges between items of one group.
 *
 * The API's graph has a node where each construct begins and one where it ends; drawn they would be two dots and four edges that say nothing.
 * A construct is a group here: edges come to it and go from it, and those inside begin at its header, its entry.
 *
 * Rules
 * 1. A construct's task is the group's header; its begin and end are the group itself.
 * 2. Triggers lead to the start, a mark of its own; a flow without triggers starts there all the same.
 * 3. An edge is kept by the group that holds both its ends; a choice's edge has the choice's word, that of a failure `on failure`.
 * 4. Order is that of the flow's text.
 * 5. A construct that holds nothing, such as a pause, is drawn as a task.
 */
import type { FlowGraph } from "@/api/types";

/** What an item is: start and mark are points of the flow, entry is where the edges of a group begin. */
export type ItemKind = "task" | "trigger" | "flow" | "start" | "mark" | "entry";

export interface Item {
  /** Unique in the drawing. */
  id: string;
  kind: ItemKind;
  /** The id of the task or trigger; what a mark says. */
  name: string;
  /** Without what all types begin with; a flow's namespace. */
  note: string;
  /** As the flow's text has it. */
  type: string;
  disabled: boolean;
  /** What the flow says about the task. */
  description: string;
  /** The flow that it starts, or is. */
  flow?: { namespace: string; id: string };
  /** With it the item is a group. */
  inside?: Drawing;
}

/** failure: taken when something failed. */
export interface Edge {
  id: string;
  source: string;
  target: string;
  kind: "next" | "failure";
  label: string;
}

export interface Drawing {
  items: Item[];
  edges: Edge[];
}

type Node = FlowGraph["nodes"][number];

const PREFIX = /^io\.kestra\.(?:plugin|core|sources)\./;
const START = "root:root";
const MARKS: Record<string, string> = { GraphClusterFinally: "finally", GraphClusterAfterExecution: "after execution" };
const FAILURE = "on failure";

/** `io.kestra.plugin.core.log.Log` as `core.log.Log`. */
export const shortType = (type: string): string => type.replace(PREFIX, "");

const kindOf = (node: Node): string => node.type.slice(node.type.lastIndexOf(".") + 1);
const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** A flow's graph as it is drawn. */
export function drawingOf(graph: FlowGraph): Drawing {
  const groups = groupsOf(graph);
  const drawing: Drawing = { items: [], edges: [] };
  const items = new Map<string, Item>();
  /** For each item the groups around it, the outermost first. */
  const around = new Map<string, readonly string[]>();
  const inside = (path: readonly string[]): Drawing => items.get(path.at(-1) ?? "")?.inside ?? drawing;
  const put = (item: Item, path: readonly string[]) => {
    items.set(item.id, item);
    around.set(item.id, path);
    inside(path).items.push(item);
  };

  for (const node of inOrder(graph, groups)) {
    const item = itemOf(node);
    if (item === null || groups.ends.has(node.uid) || groups.starts.has(node.uid)) continue;
    put(item, groups.around.get(node.uid) ?? []);
    if (groups.heads.has(node.uid)) {
      item.inside = { items: [], edges: [] };
      put({ ...blank(`${node.uid}:entry`, "entry"), name: item.name }, [...(groups.around.get(node.uid) ?? []), node.uid]);
    }
  }

  const known = new Set<string>();
  for (const { source, target, relation } of graph.edges) {
    if (groups.starts.get(source) === target || groups.ends.has(target) || target === "root:end") continue;
    const to = groups.starts.get(target) ?? target;
    const froms =
      source === groups.triggersEnd
        ? groups.triggers
        : [groups.heads.has(source) ? `${source}:entry` : (groups.ends.get(source) ?? source)];
    for (const from of froms) {
      const ends = together(from, to, around);
      if (ends === null || !items.has(ends.source) || !items.has(ends.target) || ends.source === ends.target) continue;
      const id = `${from}>${to}`;
      if (known.has(id)) continue;
      known.add(id);
      const failed = relation.relationType === "ERROR";
      const first = items.get(ends.source)?.kind === "entry" || ends.source === START;
      inside(ends.path).edges.push({
        id,
        source: ends.source,
        target: ends.target,
        kind: failed ? "failure" : "next",
        label: relation.value ?? (failed && first ? FAILURE : ""),
      });
    }
  }
  for (const item of items.values()) if (item.inside?.items.length === 1) delete item.inside;
  return drawing;
}

interface Groups {
  /** Of the node in which a construct begins, or ends: the construct. */
  starts: Map<string, string>;
  ends: Map<string, string>;
  /** The constructs. */
  heads: Set<string>;
  around: Map<string, readonly string[]>;
  triggers: string[];
  triggersEnd: string | null;
}

function groupsOf(graph: FlowGraph): Groups {
  const found: Groups = { starts: new Map(), ends: new Map(), heads: new Set(), around: new Map(), triggers: [], triggersEnd: null };
  const head = (uid: string) => uid.replace(/^cluster_/, "");
  for (const { cluster, nodes, parents, start, end } of graph.clusters) {
    const outside = parents.map(head);
    if (!cluster.taskNode) {
      // The triggers: no construct, they stand beside each other above the start.
      found.triggers = nodes.filter((uid) => uid !== start && uid !== end);
      found.triggersEnd = end;
      found.ends.set(end, end);
      found.starts.set(start, start);
      continue;
    }
    const own = head(cluster.uid);
    found.heads.add(own);
    found.starts.set(start, own);
    found.ends.set(end, own);
    found.around.set(own, outside);
    for (const uid of nodes) if (uid !== own && uid !== start && uid !== end) found.around.set(uid, [...outside, own]);
  }
  return found;
}

/** The nodes in the flow's order, each construct before what it holds, so that a group is there before its items. */
function inOrder(graph: FlowGraph, groups: Groups): Node[] {
  const depth = (node: Node) => groups.around.get(node.uid)?.length ?? 0;
  return graph.nodes
    .map((node, place) => ({ node, place, depth: depth(node) }))
    .sort((a, b) => a.depth - b.depth || a.place - b.place)
    .map(({ node }) => node);
}

const blank = (id: string, kind: ItemKind): Item => ({ id, kind, name: "", note: "", type: "", disabled: false, description: "" });

function itemOf(node: Node): Item | null {
  const kind = kindOf(node);
  if (node.uid === START) return { ...blank(START, "start"), name: "start" };
  if (kind in MARKS) return { ...blank(node.uid, "mark"), name: MARKS[kind] ?? "" };
  const said = kind === "GraphTrigger" ? (node.triggerDeclaration ?? node.trigger) : node.task;
  if (!said) return null;
  const type = textOf(said.type);
  const namespace = textOf(said.namespace);
  const id = textOf(said.flowId);
  return {
    id: node.uid,
    kind: kind === "GraphTrigger" ? "trigger" : "task",
    name: textOf(said.id),
    note: shortType(type),
    type,
    disabled: said.disabled === true,
    description: textOf(said.description),
    ...(namespace && id ? { flow: { namespace, id } } : {}),
  };
}

/** Both ends lifted to the innermost group that holds both; null where there is none, or it is one item. */
function together(
  from: string,
  to: string,
  around: ReadonlyMap<string, readonly string[]>,
): { source: string; target: string; path: string[] } | null {
  const source = [...(around.get(from) ?? []), from];
  const target = [...(around.get(to) ?? []), to];
  let common = 0;
  while (common < source.length - 1 && common < target.length - 1 && source[common] === target[common]) common += 1;
  const [start, end] = [source[common], target[common]];
  return start === undefined || end === undefined ? null : { source: start, target: end, path: source.slice(0, common) };
}

/** Each item with the groups around it, in reading order: a group before what it holds. */
export function* walk(drawing: Drawing, depth = 0): Generator<{ item: Item; depth: number }> {
  for (const item of drawing.items) {
    yield { item, depth };
    if (item.inside) yield* walk(item.inside, depth + 1);
  }
}

/** Of each item that is drawn within a subflow: the flow that it is a task of. */
export function innerFlows(drawing: Drawing, of?: Item["flow"]): Map<string, NonNullable<Item["flow"]>> {
  const found = new Map<string, NonNullable<Item["flow"]>>();
  for (const item of drawing.items) {
    if (of) found.set(item.id, of);
    if (item.inside) for (const [id, flow] of innerFlows(item.inside, item.flow ?? of)) found.set(id, flow);
  }
  return found;
}

/** What a layout depends on: two drawings with the same are laid out the same, whatever states their tasks have. */
export function shapeOf(drawing: Drawing): string {
  const items = [...walk(drawing)].map(({ item, depth }) => [depth, item.id, item.kind, item.name, item.note, item.disabled]);
  const edges = (of: Drawing): unknown[] => [
    of.edges.map((edge) => [edge.id, edge.label, edge.kind]),
    ...of.items.flatMap((item) => (item.inside ? [edges(item.inside)] : [])),
  ];
  return JSON.stringify([items, edges(drawing)]);
}
