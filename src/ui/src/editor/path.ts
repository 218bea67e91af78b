/**
 * Where in a YAML text the cursor is: its path, what is being written there, and the types around it.
 *
 * An editor asks this while the text is broken, so lines and their indentation are read, nothing is parsed; only the lines above, and
 * those of the map that the cursor is in, are looked at.
 *
 * Rules
 * 1. An element is a key (`name:`) or a dash, with its column; what holds an element is the nearest one above that stands further left,
 *    where a dash may stand below its key.
 * 2. Lines of a block text (`|`, `>`) are no elements: the path ends at the key that holds them.
 * 3. Of a line with braces or brackets, the path ends at its key.
 */
export type Segment = string | number;

/** A text by its lines, from 0: a CodeMirror document is one without being copied. */
export interface Lines {
  readonly count: number;
  line(index: number): string;
}

export interface Place {
  /** What holds the cursor: the key whose value is being written, or the map or list that gets another entry. */
  path: readonly Segment[];
  /** key: a name is being written. value: what stands after `name:`. text: inside of a block text, or a comment. */
  at: "key" | "value" | "text";
  /** What was written of it, up to the cursor. */
  written: string;
  /** The column at which it begins. */
  from: number;
  /** The keys that the map at the cursor has already. */
  siblings: ReadonlyMap<string, string>;
  /** For each map on the way its `type`, by the length of its path. */
  types: ReadonlyMap<number, string>;
}

interface Element {
  column: number;
  /** null: a dash. */
  name: string | null;
  row: number;
  rest: string;
}

const KEY = /^(?:"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)'|([^\s#'"[\]{},&*!|>%@`-][^#]*?|-[^\s#][^#]*?))\s*:(?=\s|$)/;
const BLOCK = /(?:^|\s)[|>][+-]?\d?[+-]?\s*(?:#.*)?$/;

/** Lines of a string. */
export function linesOf(text: string): Lines {
  const lines = text.split("\n");
  return { count: lines.length, line: (index) => lines[index] ?? "" };
}

/** The dashes and the key at the beginning of a line, from left to right. */
export function elementsOf(line: string, row = 0): Element[] {
  const found: Element[] = [];
  let column = indentOf(line);
  let rest = line.slice(column);
  while (/^-(?:\s|$)/.test(rest)) {
    found.push({ column, name: null, row, rest: "" });
    const space = /^-\s*/.exec(rest)?.[0].length ?? 1;
    column += space;
    rest = rest.slice(space);
  }
  const key = rest.startsWith("#") ? null : KEY.exec(rest);
  if (key)
    found.push({ column, name: key[1] ?? key[2]?.replaceAll("''", "'") ?? key[3] ?? "", row, rest: rest.slice(key[0].length).trim() });
  return found;
}

const indentOf = (line: string): number => line.length - line.trimStart().length;
const blank = (line: string): boolean => /^\s*(?:#.*)?$/.test(line);
const scalar = (rest: string): string =>
  /^(?:"([^"]*)"|'([^']*)'|([^#\s][^#]*?))\s*(?:#.*)?$/
    .exec(rest)
    ?.slice(1)
    .find((each) => each !== undefined) ?? "";

/** Where row and column (from 0) are. */
export function placeAt(lines: Lines, row: number, column: number): Place {
  const line = lines.line(row);
  const before = line.slice(0, column);
  const own = blank(line) ? [] : elementsOf(line, row).filter((each) => each.column <= column);
  const key = own.at(-1)?.name != null ? own.at(-1) : undefined;
  const colon = key ? line.indexOf(":", key.column + (key.name?.length ?? 0)) : -1;
  const inValue = key !== undefined && colon >= 0 && column > colon;
  const dashes = own.filter((each) => each.name === null);
  const comment =
    /(?:^|\s)#/.exec(before.replace(/(?<=^|[\s:[{,])(?:"[^"]*(?:"|$)|'[^']*(?:'|$))/g, (quoted) => "x".repeat(quoted.length))) !== null;

  const edge = blank(line) ? Math.min(column, Math.max(before.length, 0)) : indentOf(line);
  const lastDash = dashes.at(-1);
  const content = lastDash ? lastDash.column + 1 + (/^\s*/.exec(line.slice(lastDash.column + 1))?.[0].length ?? 0) : edge;
  const start: Element[] = [...dashes, ...(key && inValue ? [key] : [])];
  const frames = climb(lines, row, start.length > 0 ? start : [], start[0] ?? { column: edge, name: "", row, rest: "" });
  const path = frames.way.map((each) => each.segment);
  const from = inValue ? colon + 1 + (/^\s*/.exec(line.slice(colon + 1))?.[0].length ?? 0) : Math.min(content, column);

  const mapColumn = inValue && key ? key.column : content;
  const siblings = frames.text ? new Map<string, string>() : siblingsAt(lines, row, mapColumn, dashes.length > 0);
  const types = new Map<number, string>();
  for (const [index, frame] of frames.way.entries()) {
    if (typeof frame.segment !== "string") continue;
    const around = siblingsAt(lines, frame.row, frame.column, frame.first);
    const type = around.get("type");
    if (type) types.set(index, type);
  }
  const type = inValue ? undefined : siblings.get("type");
  if (type) types.set(path.length, type);
  return {
    path,
    at: frames.text || comment ? "text" : inValue ? "value" : "key",
    written: line.slice(Math.min(from, column), column),
    from,
    siblings,
    types,
  };
}

interface Frame {
  segment: Segment;
  row: number;
  column: number;
  /** Its key stands on the line of its dash. */
  first: boolean;
}

/** The way from the root to the elements that the cursor's line begins with. */
function climb(lines: Lines, row: number, own: readonly Element[], top: Element): { way: Frame[]; text: boolean } {
  const state: { way: Frame[]; text: boolean; limit: number; counting: Frame | null } = {
    way: [],
    text: false,
    limit: top.column,
    counting: null,
  };
  const take = (element: Element, first: boolean) => {
    const frame = { segment: element.name ?? 0, row: element.row, column: element.column, first };
    state.counting = element.name === null ? frame : null;
    state.way.unshift(frame);
    state.limit = element.column;
  };
  for (const [index, element] of [...own.entries()].reverse()) take(element, index > 0);
  for (let at = row - 1; at >= 0 && (state.limit > 0 || state.counting !== null); at -= 1) {
    const line = lines.line(at);
    if (indentOf(line) > state.limit || blank(line)) continue;
    if (/^(?:---|\.\.\.)(?:\s|$)/.test(line)) break;
    const elements = elementsOf(line, at);
    for (let index = elements.length - 1; index >= 0; index -= 1) {
      const element = elements[index] as Element;
      const dash = state.counting;
      if (dash !== null && element.name === null && element.column === dash.column) {
        dash.segment = (dash.segment as number) + 1;
        continue;
      }
      const below = dash !== null && element.name !== null && index === elements.length - 1;
      if (below ? element.column > dash.column : element.column >= state.limit) continue;
      if (element.name !== null && BLOCK.test(element.rest)) {
        state.way = [];
        state.text = true;
      }
      take(element, index > 0);
    }
  }
  return state;
}

/** The keys, with their values on the line, of the map whose keys stand at this column around this row. */
export function siblingsAt(lines: Lines, row: number, column: number, onDash: boolean): Map<string, string> {
  const found = new Map<string, string>();
  const own = elementsOf(lines.line(row), row).find((each) => each.column === column && each.name !== null);
  if (own?.name) found.set(own.name, scalar(own.rest));
  for (const step of onDash ? [1] : [-1, 1]) {
    for (let at = row + step; at >= 0 && at < lines.count; at += step) {
      const line = lines.line(at);
      const first = indentOf(line);
      if (first > column || blank(line)) continue;
      const elements = elementsOf(line, at);
      const here = elements.find((each) => each.column === column && each.name !== null);
      if (first < column) {
        // Upwards the map begins behind a dash; a line further left than that ends it.
        const dash = elements.filter((each) => each.column < column).every((each) => each.name === null);
        if (step < 0 && here && dash) found.set(here.name ?? "", scalar(here.rest));
        break;
      }
      if (first === column && elements[0]?.name === null && column > 0) break;
      if (here && first === column) found.set(here.name ?? "", scalar(here.rest));
    }
  }
  return found;
}

/** The type of the innermost task, trigger or input around the cursor, and the path of its map. */
export function typeAround(place: Place): { type: string; path: readonly Segment[] } | null {
  const depth = Math.max(-1, ...place.types.keys());
  const type = place.types.get(depth);
  return type === undefined ? null : { type, path: place.path.slice(0, depth) };
}

const LISTS = new Set(["tasks", "then", "else", "errors", "finally", "afterExecution", "onApprove", "onDeny", "onWait", "compensate"]);

/** The id of the innermost task that the cursor is in; null where it is in none. */
export function taskAround(lines: Lines, row: number, column: number): string | null {
  const { path } = placeAt(lines, row, column);
  if (!LISTS.has(String(path[0])) && path[0] !== "triggers") return null;
  for (let at = row; at >= 0; at -= 1) {
    const line = lines.line(at);
    if (blank(line)) continue;
    const found = placeAt(lines, at, line.length);
    const deepest = typeAround(found);
    if (deepest === null || !startsWith(path, deepest.path)) continue;
    const id = idAt(lines, at, found, deepest.path.length);
    if (id !== null) return id;
  }
  return null;
}

function idAt(lines: Lines, row: number, found: Place, depth: number): string | null {
  if (found.path.length === depth + 1 && found.at === "value") {
    const elements = elementsOf(lines.line(row), row);
    const key = elements.at(-1);
    if (key?.name != null) return siblingsAt(lines, row, key.column, elements.length > 1).get("id") ?? null;
  }
  return found.path.length === depth ? (found.siblings.get("id") ?? null) : null;
}

const startsWith = (path: readonly Segment[], start: readonly Segment[]): boolean => start.every((each, index) => path[index] === each);

/** The row of the map that has this id, from 0: `- id: NAME` first, then any `id: NAME`; -1 where there is none. */
export function rowOfId(lines: Lines, id: string): number {
  let other = -1;
  for (let row = 0; row < lines.count; row += 1) {
    const key = elementsOf(lines.line(row), row).at(-1);
    if (key?.name !== "id" || scalar(key.rest) !== id) continue;
    if (key.column > 0) return row;
    if (other < 0) other = row;
  }
  return other;
}
