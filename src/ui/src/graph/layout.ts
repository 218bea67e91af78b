/**
 * Where each item of a drawing stands: a drawing as what elk takes, elk's answer as places, and a simple way for when elk fails.
 *
 * Rules
 * 1. Each group is laid out by itself, from the inside out: no edge crosses a group's border.
 * 2. All items of a drawing have one width, that of the longest name within bounds.
 * 3. Places and lines are counted from the drawing's top left.
 * 4. The simple way needs nobody: layers by the longest path, each in the middle, straight lines.
 */
import type { ElkExtendedEdge, ElkNode } from "elkjs/lib/elk-api.js";
import type { Drawing, Edge, Item } from "@/graph/drawing";
import { SIZE } from "@/theme";

export interface Point {
  x: number;
  y: number;
}

export interface Place extends Point {
  item: Item;
  width: number;
  height: number;
  depth: number;
}

export interface Line {
  edge: Edge;
  points: Point[];
  /** The middle of the label. */
  label: Point | null;
}

export interface Placed {
  width: number;
  height: number;
  places: Place[];
  lines: Line[];
}

interface Box {
  width: number;
  height: number;
}

const STEP = 4;
const NODE = SIZE.graphNode;
const WIDTH = { least: 144, most: 264 } as const;
const LETTER = 7.2;
const AROUND_NAME = 72;
const GAP = { beside: 24, below: 28, inside: 16 } as const;
const LABEL = { height: 20, letter: 6.6, around: 16 } as const;
const MARK = { height: 24, around: 28 } as const;

const upTo = (value: number) => Math.ceil(value / STEP) * STEP;

/** The room that an edge's label takes. */
export const labelBox = (label: string): Box => ({ width: upTo(label.length * LABEL.letter + LABEL.around), height: LABEL.height });

function longest(drawing: Drawing): number {
  return Math.max(
    0,
    ...drawing.items.map((item) => Math.max(item.name.length, item.note.length * 0.9, item.inside ? longest(item.inside) : 0)),
  );
}

/** The width of this drawing's items. */
export const itemWidth = (drawing: Drawing): number =>
  Math.min(WIDTH.most, Math.max(WIDTH.least, upTo(longest(drawing) * LETTER + AROUND_NAME)));

function boxOf(item: Item, width: number): Box {
  switch (item.kind) {
    case "start":
      return { width: SIZE.dot * 1.5, height: SIZE.dot * 1.5 };
    case "entry":
      return { width: 1, height: 1 };
    case "mark":
      return { width: upTo(item.name.length * LABEL.letter + MARK.around), height: MARK.height };
    default:
      return { width, height: NODE };
  }
}

const LAYERED = {
  "elk.algorithm": "layered",
  "elk.direction": "DOWN",
  "elk.edgeRouting": "ORTHOGONAL",
  "elk.spacing.nodeNode": String(GAP.beside),
  "elk.spacing.edgeNode": String(GAP.inside),
  "elk.spacing.edgeEdge": "12",
  "elk.spacing.edgeLabel": "4",
  "elk.layered.spacing.nodeNodeBetweenLayers": String(GAP.below),
  "elk.layered.spacing.edgeNodeBetweenLayers": "12",
  "elk.layered.spacing.edgeEdgeBetweenLayers": "12",
  "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
  "elk.layered.crossingMinimization.forceNodeModelOrder": "true",
  "elk.layered.nodePlacement.strategy": "BRANDES_KOEPF",
  "elk.layered.mergeEdges": "true",
  "elk.layered.layering.strategy": "LONGEST_PATH_SOURCE",
} as const;
/** In the middle of what follows; where a failure has a way of its own it goes aside, and the usual way stays straight. */
const alignment = (of: Drawing) => ({
  "elk.layered.nodePlacement.bk.fixedAlignment": of.edges.some((edge) => edge.kind === "failure") ? "NONE" : "BALANCED",
});
const INLINE = { "elk.edgeLabels.inline": "true", "elk.edgeLabels.placement": "CENTER" } as const;

/** What elk takes. */
export function elkOf(drawing: Drawing): ElkNode {
  const width = itemWidth(drawing);
  const node = (item: Item): ElkNode => {
    if (!item.inside) {
      const first = item.kind === "entry" ? { layoutOptions: { "elk.layered.layering.layerConstraint": "FIRST" } } : {};
      return { id: item.id, ...boxOf(item, width), ...first };
    }
    return {
      id: item.id,
      ...level(item.inside),
      layoutOptions: {
        ...LAYERED,
        ...alignment(item.inside),
        "elk.padding": `[top=${NODE},left=${GAP.inside},bottom=${GAP.inside},right=${GAP.inside}]`,
        "elk.nodeSize.constraints": "MINIMUM_SIZE",
        "elk.nodeSize.minimum": `(${width + 2 * GAP.inside},${NODE})`,
      },
    };
  };
  const level = (of: Drawing): { children: ElkNode[]; edges: ElkExtendedEdge[] } => ({
    children: of.items.map(node),
    edges: of.edges.map((edge) => ({
      id: edge.id,
      sources: [edge.source],
      targets: [edge.target],
      ...(edge.label ? { labels: [{ text: edge.label, ...labelBox(edge.label), layoutOptions: INLINE }] } : {}),
    })),
  });
  return {
    id: "",
    ...level(drawing),
    layoutOptions: { ...LAYERED, ...alignment(drawing), "elk.padding": "[top=0,left=0,bottom=0,right=0]" },
  };
}

/** elk's answer as places and lines. */
export function placedOf(drawing: Drawing, answer: ElkNode): Placed {
  const placed: Placed = { width: answer.width ?? 0, height: answer.height ?? 0, places: [], lines: [] };
  const read = (of: Drawing, node: ElkNode, left: number, top: number, depth: number) => {
    const nodes = new Map(node.children?.map((child) => [child.id, child]));
    const edges = new Map(node.edges?.map((edge) => [edge.id, edge]));
    for (const item of of.items) {
      const at = nodes.get(item.id);
      const [x, y] = [left + (at?.x ?? 0), top + (at?.y ?? 0)];
      placed.places.push({ item, x, y, width: at?.width ?? 0, height: at?.height ?? 0, depth });
      if (item.inside && at) read(item.inside, at, x, y, depth + 1);
    }
    for (const edge of of.edges) {
      const at = edges.get(edge.id);
      const section = at?.sections?.[0];
      if (!section) continue;
      const label = at?.labels?.[0];
      const box = labelBox(edge.label);
      placed.lines.push({
        edge,
        points: [section.startPoint, ...(section.bendPoints ?? []), section.endPoint].map(({ x, y }) => ({ x: left + x, y: top + y })),
        label: label ? { x: left + (label.x ?? 0) + box.width / 2, y: top + (label.y ?? 0) + box.height / 2 } : null,
      });
    }
  };
  read(drawing, answer, 0, 0, 0);
  return placed;
}

/** The longest way to each item, in edges; a circle ends where it began. */
function layersOf(drawing: Drawing): Item[][] {
  const before = new Map(drawing.items.map((item) => [item.id, drawing.edges.filter((edge) => edge.target === item.id)]));
  const layer = new Map<string, number>();
  const open = new Set<string>();
  const find = (id: string): number => {
    const known = layer.get(id);
    if (known !== undefined) return known;
    if (open.has(id)) return 0;
    open.add(id);
    const at = Math.max(0, ...(before.get(id) ?? []).map((edge) => find(edge.source) + 1));
    open.delete(id);
    layer.set(id, at);
    return at;
  };
  const layers: Item[][] = [];
  for (const item of drawing.items) {
    const at = find(item.id);
    for (let each = layers.length; each <= at; each += 1) layers.push([]);
    layers[at]?.push(item);
  }
  return layers.filter((items) => items.length > 0);
}

/** Whether everything stands one below the other: the simple way is as good as elk's then, and there at once. */
export function isPlain(drawing: Drawing): boolean {
  const layers = layersOf(drawing);
  const place = new Map(layers.flatMap((items, at) => items.map((item) => [item.id, at])));
  return (
    layers.every((items) => items.length === 1) &&
    drawing.edges.every((edge) => (place.get(edge.target) ?? 0) - (place.get(edge.source) ?? 0) === 1) &&
    drawing.items.every((item) => !item.inside || isPlain(item.inside))
  );
}

/** The simple way: where all is plain, and what is shown when elk cannot be asked. */
export function simplyPlaced(drawing: Drawing): Placed {
  const width = itemWidth(drawing);
  const level = (of: Drawing, depth: number): Placed => {
    const inner = new Map(of.items.flatMap((item) => (item.inside ? [[item.id, level(item.inside, depth + 1)]] : [])));
    const sizeOf = (item: Item): Box => {
      const held = inner.get(item.id);
      if (!held) return boxOf(item, width);
      return { width: Math.max(held.width, width) + 2 * GAP.inside, height: held.height + NODE + GAP.inside };
    };
    const rows = layersOf(of).map((items) => {
      const sizes = items.map((item) => ({ item, ...sizeOf(item) }));
      return {
        sizes,
        width: sizes.reduce((sum, each) => sum + each.width, GAP.beside * (sizes.length - 1)),
        height: Math.max(...sizes.map((each) => each.height)),
      };
    });
    const leads = new Set(of.edges.filter((edge) => edge.label).map((edge) => edge.source));
    const said = new Set(rows.filter((row) => row.sizes.some(({ item }) => leads.has(item.id))));
    const whole = Math.max(0, ...rows.map((row) => row.width));
    const placed: Placed = { width: whole, height: 0, places: [], lines: [] };
    const own = new Map<string, Place>();
    let y = 0;
    for (const row of rows) {
      let x = (whole - row.width) / 2;
      for (const { item, ...size } of row.sizes) {
        const place = { item, x, y, ...size, depth };
        own.set(item.id, place);
        placed.places.push(place);
        const held = inner.get(item.id);
        if (held) {
          const [left, top] = [x + (size.width - held.width) / 2, y + NODE];
          placed.places.push(...held.places.map((each) => ({ ...each, x: each.x + left, y: each.y + top })));
          placed.lines.push(...held.lines.map((line) => moved(line, left, top)));
        }
        x += size.width + GAP.beside;
      }
      placed.height = y + row.height;
      y += row.height + GAP.below + (said.has(row) ? LABEL.height + GAP.inside : 0);
    }
    for (const edge of of.edges) {
      const [from, to] = [own.get(edge.source), own.get(edge.target)];
      if (!from || !to) continue;
      const start = { x: from.x + from.width / 2, y: from.y + from.height };
      const end = { x: to.x + to.width / 2, y: to.y };
      placed.lines.push({
        edge,
        points: [start, end],
        label: edge.label ? { x: (start.x + end.x) / 2, y: (start.y + end.y) / 2 } : null,
      });
    }
    return placed;
  };
  return level(drawing, 0);
}

function moved(line: Line, x: number, y: number): Line {
  const by = (point: Point) => ({ x: point.x + x, y: point.y + y });
  return { ...line, points: line.points.map(by), label: line.label ? by(line.label) : null };
}

const CORNER = 6;

/** A line as an SVG path whose corners are round. */
export function pathOf(points: readonly Point[]): string {
  const said: string[] = [];
  points.forEach((point, place) => {
    const [before, after] = [points[place - 1], points[place + 1]];
    if (!before) said.push(`M${point.x} ${point.y}`);
    else if (!after) said.push(`L${point.x} ${point.y}`);
    else {
      const [a, b] = [toward(point, before), toward(point, after)];
      said.push(`L${a.x} ${a.y}Q${point.x} ${point.y} ${b.x} ${b.y}`);
    }
  });
  return said.join("");
}

function toward(from: Point, to: Point): Point {
  const [x, y] = [to.x - from.x, to.y - from.y];
  const length = Math.hypot(x, y);
  const part = length === 0 ? 0 : Math.min(CORNER, length / 2) / length;
  return { x: from.x + x * part, y: from.y + y * part };
}

export type Direction = "up" | "down" | "left" | "right";

/** The item that an arrow key leads to: the nearest in that direction; null where there is none. */
export function nearest(places: readonly Place[], from: Place, direction: Direction): Place | null {
  const middle = (place: Place): Point => ({ x: place.x + place.width / 2, y: place.y + NODE / 2 });
  const here = middle(from);
  let best: Place | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const place of places) {
    const there = middle(place);
    const [x, y] = [there.x - here.x, there.y - here.y];
    const along = { up: -y, down: y, left: -x, right: x }[direction];
    const aside = Math.abs(direction === "up" || direction === "down" ? x : y);
    const cost = along + 2 * aside;
    if (along > 1 && cost < least) [best, least] = [place, cost];
  }
  return best;
}

export interface View extends Point {
  zoom: number;
}

const MARGIN = 24;
/** Zooms: at the first the words can be read at a glance, at the second with an effort. */
const READABLE = 0.6;
const LEAST = 0.5;
const BEGINNING = 0.85;

/**
 * The part of a graph that is shown in a room: all of it where its words can be read so, or where `whole` says it; else its beginning, as
 * wide as the room, with the start in the middle where even that is too wide.
 */
export function firstView(placed: Placed, width: number, height: number, whole = false): View {
  const [across, down] = [(width - 2 * MARGIN) / Math.max(placed.width, 1), (height - 2 * MARGIN) / Math.max(placed.height, 1)];
  const all = Math.max(0.1, Math.min(1, across, down));
  const zoom = whole || all >= READABLE ? all : Math.max(LEAST, Math.min(BEGINNING, across));
  const [left, top] = [(width - placed.width * zoom) / 2, (height - placed.height * zoom) / 2];
  const start = placed.places.find((place) => place.item.kind === "start");
  const x =
    left >= MARGIN - 1 || !start
      ? left
      : between(width - MARGIN - placed.width * zoom, width / 2 - (start.x + start.width / 2) * zoom, MARGIN);
  return { zoom, x, y: top >= MARGIN - 1 ? Math.min(top, MARGIN * 2) : MARGIN };
}

const between = (least: number, value: number, most: number) => Math.min(most, Math.max(least, value));

/** Whether an item, or the head of a group, is in sight. */
export function isSeen(place: Place, { x, y, zoom }: View, width: number, height: number): boolean {
  const [left, top] = [place.x * zoom + x, place.y * zoom + y];
  return left >= 0 && top >= 0 && left + Math.min(place.width * zoom, width) <= width && top + NODE * zoom <= height;
}
