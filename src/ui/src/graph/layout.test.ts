import Elk from "elkjs/lib/elk.bundled.js";
import { describe, expect, it } from "vitest";
import { drawingOf, type Item, walk } from "@/graph/drawing";
import { edge, example, point, task } from "@/graph/example";
import {
  elkOf,
  firstView,
  isPlain,
  isSeen,
  itemWidth,
  nearest,
  type Place,
  type Placed,
  pathOf,
  placedOf,
  simplyPlaced,
} from "@/graph/layout";

const drawing = drawingOf(example());
const byElk = async (): Promise<Placed> => placedOf(drawing, await new Elk().layout(elkOf(drawing)));
const simply = async (): Promise<Placed> => simplyPlaced(drawing);

function place(placed: Placed, id: string): Place {
  const found = placed.places.find((each) => each.item.id === id);
  if (!found) throw new Error(`no ${id}`);
  return found;
}

const holds = (outer: Place, inner: Place) =>
  inner.x >= outer.x &&
  inner.y > outer.y &&
  inner.x + inner.width <= outer.x + outer.width &&
  inner.y + inner.height <= outer.y + outer.height;

describe.each([
  ["elk's", byElk],
  ["the simple", simply],
])("%s layout", (_, layout) => {
  it("has a place for every item and a line for every edge", async () => {
    const placed = await layout();
    expect(placed.places.map((each) => each.item.id).sort()).toEqual([...walk(drawing)].map(({ item }) => item.id).sort());
    expect(placed.lines).toHaveLength(11);
    for (const line of placed.lines) expect(line.points.length).toBeGreaterThan(1);
  });

  it("puts what a group holds into it", async () => {
    const placed = await layout();
    for (const inner of ["root.each.check", "root.each.check.even", "root.each.check.odd"])
      expect(holds(place(placed, "root.each"), place(placed, inner))).toBe(true);
    expect(holds(place(placed, "root.each.check"), place(placed, "root.each.check.odd"))).toBe(true);
  });

  it("goes down, and has choices side by side in their order", async () => {
    const placed = await layout();
    const tops = ["root:Triggers.daily", "root:root", "root.first", "root.each", "root:finally", "root.clean"].map(
      (id) => place(placed, id).y,
    );
    expect(tops).toEqual([...tops].sort((a, b) => a - b));
    const [even, odd] = [place(placed, "root.each.check.even"), place(placed, "root.each.check.odd")];
    expect(even.y).toBe(odd.y);
    expect(even.x + even.width).toBeLessThan(odd.x);
  });

  it("has the words of choices and failures on their lines", async () => {
    const placed = await layout();
    const said = placed.lines.filter((line) => line.label).map((line) => line.edge.label);
    expect(said.sort()).toEqual(["else", "on failure", "then"]);
  });

  it("keeps items apart", async () => {
    const placed = await layout();
    const flat = placed.places.filter((each) => each.depth === 0);
    for (const [index, one] of flat.entries())
      for (const other of flat.slice(index + 1)) {
        const apart =
          one.x + one.width <= other.x ||
          other.x + other.width <= one.x ||
          one.y + one.height <= other.y ||
          other.y + other.height <= one.y;
        expect(apart).toBe(true);
      }
  });
});

describe("the simple layout", () => {
  it("ends with edges in a circle", () => {
    const round = structuredClone(drawing);
    round.edges.push({ id: "back", source: "root.clean", target: "root.first", kind: "next", label: "" });
    expect(simplyPlaced(round).places).toHaveLength([...walk(drawing)].length);
  });
});

describe("a plain drawing", () => {
  const chain = (...names: string[]) => {
    const graph = { nodes: [point("root:root"), ...names.map((name) => task(`root.${name}`))], edges: [], clusters: [], flowables: [] };
    const ids = graph.nodes.map((node) => node.uid);
    return drawingOf({ ...graph, edges: ids.slice(1).map((id, at) => edge(ids[at] ?? "", id, "SEQUENTIAL")) });
  };
  it("is one below the other", () => {
    expect(isPlain(chain("a", "b", "c"))).toBe(true);
    expect(isPlain(drawing)).toBe(false);
    const skips = chain("a", "b", "c");
    skips.edges.push({ id: "skip", source: "root.a", target: "root.c", kind: "next", label: "" });
    expect(isPlain(skips)).toBe(false);
  });
  it("is laid out simply as elk does it", async () => {
    const plain = chain("a", "b", "c");
    const [own, its] = [simplyPlaced(plain), placedOf(plain, await new Elk().layout(elkOf(plain)))];
    const round = (placed: Placed) => placed.places.map((each) => [each.item.id, Math.round(each.x), Math.round(each.y)]);
    expect(round(own)).toEqual(round(its));
    expect(own.height).toBe(its.height);
  });
});

describe("the width of items", () => {
  it("is that of the longest name, within bounds", () => {
    const long = example();
    long.nodes.push(task(`root.${"very_long_name_".repeat(10)}`));
    expect(itemWidth({ items: [], edges: [] })).toBe(144);
    expect(itemWidth(drawingOf(long))).toBe(264);
    expect(itemWidth(drawing) % 4).toBe(0);
  });
});

describe("a line's path", () => {
  it("has round corners, small where the way is short", () => {
    const path = pathOf([
      { x: 0, y: 0 },
      { x: 0, y: 20 },
      { x: 4, y: 20 },
      { x: 4, y: 40 },
    ]);
    expect(path).toBe("M0 0L0 14Q0 20 2 20L2 20Q4 20 4 26L4 40");
  });
});

const startItem = drawing.items.find((item) => item.kind === "start") as Item;
const blankStart: Place = { item: startItem, x: 0, y: 0, width: 12, height: 12, depth: 0 };

describe("the first view", () => {
  const size = (width: number, height: number): Placed => ({ width, height, places: [], lines: [] });
  it("shows all of a small graph, not larger than it is, in the middle", () => {
    expect(firstView(size(200, 100), 800, 600)).toEqual({ zoom: 1, x: 300, y: 48 });
  });
  it("shows the beginning of a high one so that it can be read", () => {
    const view = firstView(size(400, 5000), 800, 600);
    expect(view).toEqual({ zoom: 0.85, x: 230, y: 24 });
  });
  it("has the start of one that is too wide in the middle, and no more room at a side than at the others", () => {
    const wide = (x: number): Placed => {
      const start = { ...blankStart, x };
      return { width: 4000, height: 4000, places: [start], lines: [] };
    };
    expect(firstView(wide(2000), 800, 600)).toEqual({ zoom: 0.5, x: 400 - 2006 * 0.5, y: 24 });
    expect(firstView(wide(0), 800, 600).x).toBe(24);
    expect(firstView(wide(3990), 800, 600).x).toBe(800 - 24 - 2000);
  });
  it("shows all of it when asked to", () => {
    const view = firstView(size(400, 5000), 800, 600, true);
    expect(5000 * view.zoom).toBeLessThanOrEqual(600);
  });
});

describe("an arrow key", () => {
  const at = (id: string, x: number, y: number) => ({ item: { ...drawing.items[0], id }, x, y, width: 100, height: 40, depth: 0 }) as Place;
  const places = [at("a", 0, 0), at("b", 0, 100), at("c", 200, 100), at("d", 0, 200)];
  it("leads to the nearest in its direction", () => {
    expect(nearest(places, places[0] as Place, "down")?.item.id).toBe("b");
    expect(nearest(places, places[1] as Place, "right")?.item.id).toBe("c");
    expect(nearest(places, places[3] as Place, "up")?.item.id).toBe("b");
    expect(nearest(places, places[0] as Place, "left")).toBeNull();
  });
});

describe("what is in sight", () => {
  const place: Place = { ...blankStart, x: 100, y: 100, width: 200, height: 600 };
  it("is an item whose head is in the room", () => {
    expect(isSeen(place, { x: 0, y: 0, zoom: 1 }, 800, 200)).toBe(true);
    expect(isSeen(place, { x: 0, y: -101, zoom: 1 }, 800, 600)).toBe(false);
    expect(isSeen(place, { x: 501, y: 0, zoom: 1 }, 800, 600)).toBe(false);
    expect(isSeen(place, { x: 0, y: 0, zoom: 2 }, 800, 250)).toBe(false);
  });
});
