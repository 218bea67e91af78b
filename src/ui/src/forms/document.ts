/**
 * Change one value, entry or item of a YAML text and nothing else of it: comments, order, blank lines and quotes of all other lines stay
 * byte for byte. `yaml`'s Document says where things are; the text is cut there. Written out anew (`String(document)`), a document would
 * be laid out again, and a form would be a reason not to use the form.
 *
 * Rules
 * 1. A change gives the new text; null: the text has an error, or the place is written in a way that is left to hands (`- - a`, `*alias`).
 * 2. What is replaced by a value of its kind keeps its quotes and its comment.
 * 3. A map or list that loses its last entry goes with it.
 * 4. The comment lines right above an entry are its own: they move with it and go with it.
 */
import {
  Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument,
  Scalar,
  stringify,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import type { Segment } from "@/editor/path";
import { freeId, idPaths, idsIn, nested, withIn, withoutIn } from "@/forms/values";

type Path = readonly Segment[];
type Changed = string | null;

/** A parsed text; null where it has errors. */
export function read(text: string): Document.Parsed | null {
  const found = parseDocument(text, { keepSourceTokens: true, strict: false, uniqueKeys: false });
  return found.errors.length > 0 ? null : found;
}

/** The value at a path; undefined where there is none. */
export function valueAt(text: string, path: Path): unknown {
  const node = read(text)?.getIn(path, true);
  return node === undefined || node === null ? undefined : (node as Node).toJS(new Document());
}

/** Put a value at a path; maps and lists on the way are made. */
export function setAt(text: string, path: Path, value: unknown): Changed {
  return edited(text, (source) => {
    const document = read(source);
    if (!document || path.length === 0) return null;
    const way = wayTo(document, path);
    if (way === null) return null;
    const { entries, rest } = way;
    const last = entries.at(-1);
    const flow = entries.findIndex((entry) => isFlow(entry.value));
    if (flow >= 0 && (flow < entries.length - 1 || rest.length > 0)) {
      const outer = entries[flow] as Entry;
      return replaced(source, outer, withIn(jsOf(outer.value), path.slice(flow + 1), value));
    }
    if (rest.length === 0) return last ? replaced(source, last, value) : null;
    const made = nested(rest.slice(1), value);
    const holder = last ? last.value : document.contents;
    if (isMap(holder) && holder.items.length > 0 && typeof rest[0] === "string") return appended(source, holder, rest[0], made);
    if (isSeq(holder) && holder.items.length > 0 && typeof rest[0] === "number") return inserted(source, holder, holder.items.length, made);
    if (last) return replaced(source, last, nested(rest, value));
    return document.contents === null || jsOf(document.contents) === null
      ? `${source.replace(/\n?$/, source ? "\n" : "")}${written(nested(rest, value), source)}`
      : null;
  });
}

/** Take the entry or item at a path away. */
export function removeAt(text: string, path: Path): Changed {
  return edited(text, (source) => {
    const document = read(source);
    if (!document || path.length === 0) return null;
    const way = wayTo(document, path);
    if (way === null) return null;
    if (way.rest.length > 0) return source;
    let { entries } = way;
    while (entries.length > 1 && (entries.at(-1) as Entry).count === 1) entries = entries.slice(0, -1);
    const flow = entries.findIndex((entry) => isFlow(entry.value));
    if (flow >= 0 && flow < entries.length - 1) {
      const outer = entries[flow] as Entry;
      return replaced(source, outer, withoutIn(jsOf(outer.value), path.slice(flow + 1, entries.length)));
    }
    return cut(source, entries.at(-1) as Entry);
  });
}

/** Put another item into a list. */
export function insertAt(text: string, list: Path, index: number, value: unknown): Changed {
  const node = read(text)?.getIn(list, true);
  if (!isSeq(node) || node.items.length === 0 || node.flow) {
    const before = isSeq(node) ? (jsOf(node) as unknown[]) : [];
    return setAt(text, list, [...before.slice(0, index), value, ...before.slice(index)]);
  }
  return edited(text, (source) => {
    const found = read(source)?.getIn(list, true);
    return isSeq(found) ? inserted(source, found, index, value) : null;
  });
}

/** Put an item of a list to another place in it. */
export function moveAt(text: string, list: Path, from: number, to: number): Changed {
  return edited(text, (source) => {
    const found = read(source)?.getIn(list, true);
    if (!isSeq(found) || from === to || !found.items[from] || !found.items[to]) return null;
    if (found.flow) return null;
    const blocks = found.items.map((_, index) => blockOf(source, itemEntry(found, index)));
    const order = blocks.map((_, index) => index);
    order.splice(to, 0, ...order.splice(from, 1));
    let made = "";
    let at = 0;
    for (const [index, block] of blocks.entries()) {
      const other = blocks[order[index] as number] as Block;
      made += source.slice(at, block.start) + source.slice(other.start, other.end);
      at = block.end;
    }
    return made + source.slice(at);
  });
}

/** Put a copy of a task behind it, with ids of its own. */
export function duplicateAt(text: string, path: Path): Changed {
  const index = path.at(-1);
  const list = path.slice(0, -1);
  if (typeof index !== "number") return null;
  const whole = read(text)?.toJS();
  const copied = edited(text, (source) => {
    const found = read(source)?.getIn(list, true);
    if (!isSeq(found) || found.flow || !found.items[index]) return null;
    const block = blockOf(source, itemEntry(found, index));
    return source.slice(0, block.end) + gapOf(source, found) + source.slice(block.start, block.end) + source.slice(block.end);
  });
  if (copied === null) return null;
  const taken = idsIn(whole);
  let made: string = copied;
  for (const [place, id] of idPaths(valueAt(made, [...list, index + 1]), [...list, index + 1])) {
    const other = freeId(id, taken);
    taken.add(other);
    const next = setAt(made, place, other);
    if (next === null) return null;
    made = next;
  }
  return made;
}

// ---- where things are ------------------------------------------------------------------------------------------------

/** A pair of a map or an item of a list. start: of its key or dash; colon: behind the `:` or `-`. */
interface Entry {
  start: number;
  colon: number;
  column: number;
  key: string | null;
  value: Node | null;
  /** How many entries the collection has that it is in. */
  count: number;
  index: number;
  holder: YAMLMap | YAMLSeq;
}

interface Block {
  start: number;
  end: number;
}

interface Token {
  type: string;
  offset: number;
}
interface Collected {
  start?: Token[];
  key?: unknown;
  sep?: Token[];
}

const tokensOf = (node: YAMLMap | YAMLSeq): Collected[] => {
  const token = (node as { srcToken?: { items?: Collected[] } }).srcToken;
  return (token?.items ?? []).filter((item) => item.key || item.sep || item.start?.some((each) => each.type === "seq-item-ind"));
};

function pairEntry(map: YAMLMap, index: number): Entry {
  const pair = map.items[index] as Pair<Node, Node | null>;
  const start = pair.key.range?.[0] ?? 0;
  const sep = tokensOf(map)[index]?.sep?.find((each) => each.type === "map-value-ind");
  const colon = sep ? sep.offset + 1 : (pair.key.range?.[1] ?? start);
  return {
    start,
    colon,
    column: 0,
    key: String(isScalar(pair.key) ? pair.key.value : pair.key),
    value: pair.value,
    count: map.items.length,
    index,
    holder: map,
  };
}

function itemEntry(list: YAMLSeq, index: number): Entry {
  const dash = tokensOf(list)[index]?.start?.find((each) => each.type === "seq-item-ind")?.offset ?? 0;
  return {
    start: dash,
    colon: dash + 1,
    column: 0,
    key: null,
    value: list.items[index] as Node,
    count: list.items.length,
    index,
    holder: list,
  };
}

/** The entries on the way to a path, and what of it is not there; null where an alias is on the way. */
function wayTo(document: Document.Parsed, path: Path): { entries: Entry[]; rest: Path } | null {
  const entries: Entry[] = [];
  let node: unknown = document.contents;
  for (const [depth, segment] of path.entries()) {
    if (isAlias(node)) return null;
    let entry: Entry | null = null;
    if (isMap(node)) {
      const index = node.items.findIndex((pair) => isScalar(pair.key) && String(pair.key.value) === String(segment));
      entry = index < 0 ? null : pairEntry(node as YAMLMap, index);
    } else if (isSeq(node) && typeof segment === "number" && segment < node.items.length) entry = itemEntry(node as YAMLSeq, segment);
    if (!entry) return { entries, rest: path.slice(depth) };
    entries.push(entry);
    node = entry.value;
  }
  return { entries, rest: [] };
}

const lineStart = (text: string, at: number): number => text.lastIndexOf("\n", at - 1) + 1;
const lineEnd = (text: string, at: number): number => {
  const found = text.indexOf("\n", at);
  return found < 0 ? text.length : found;
};
const columnOf = (text: string, at: number): number => at - lineStart(text, at);
const isBlock = (node: Node | null): boolean => isScalar(node) && (node.type === Scalar.BLOCK_LITERAL || node.type === Scalar.BLOCK_FOLDED);
const isFlow = (node: Node | null): boolean => (isMap(node) || isSeq(node)) && node.flow === true;
const isNothing = (node: Node | null): boolean => node === null || (isScalar(node) && node.value === null && !node.source);
const jsOf = (node: Node | null): unknown => (node === null ? null : node.toJS(new Document()));

/** Where the last line of an entry's value ends, before its line break. */
function endOf(text: string, entry: Entry): number {
  if (isNothing(entry.value)) return lineEnd(text, entry.colon);
  const inner = entry.value;
  if (isMap(inner) && !inner.flow && inner.items.length > 0) return endOf(text, pairEntry(inner as YAMLMap, inner.items.length - 1));
  if (isSeq(inner) && !inner.flow && inner.items.length > 0) return endOf(text, itemEntry(inner as YAMLSeq, inner.items.length - 1));
  let end = entry.value?.range?.[1] ?? entry.colon;
  if (end > entry.colon && text[end - 1] === "\n") {
    end -= 1;
    while (end > entry.colon && /\n[ \t]*$/.test(text.slice(Math.max(entry.colon, end - 200), end))) end = text.lastIndexOf("\n", end - 1);
  }
  return lineEnd(text, end);
}

/** The lines of an entry, with the comments that are its own. end: behind its line break. */
function blockOf(text: string, entry: Entry): Block {
  const column = columnOf(text, entry.start);
  let start = lineStart(text, entry.start);
  while (start > 0) {
    const above = lineStart(text, start - 1);
    const line = text.slice(above, start - 1);
    if (!/^\s*#/.test(line) || line.search(/\S/) !== column) break;
    start = above;
  }
  let end = Math.min(endOf(text, entry) + 1, text.length);
  // Comments further inside, at its end, are its own, too.
  for (let at = end; at < text.length; ) {
    const next = Math.min(lineEnd(text, at) + 1, text.length);
    const line = text.slice(at, next).trimEnd();
    if (line !== "" && !(/^\s*#/.test(line) && line.search(/\S/) > column)) break;
    if (line !== "") end = next;
    at = next;
  }
  return { start, end };
}

// ---- how it is changed -----------------------------------------------------------------------------------------------

/** The change, on text with plain line breaks that ends with one; given back as the text was. */
function edited(text: string, change: (source: string) => Changed): Changed {
  const windows = text.includes("\r\n") && !/(?<!\r)\n/.test(text);
  const plain = windows ? text.replaceAll("\r\n", "\n") : text;
  const open = plain !== "" && !plain.endsWith("\n");
  const made = change(open ? `${plain}\n` : plain);
  if (made === null) return null;
  const closed = open && made.endsWith("\n") ? made.slice(0, -1) : made;
  return windows ? closed.replaceAll("\n", "\r\n") : closed;
}

const inline = (value: unknown): boolean =>
  value === null ||
  typeof value === "number" ||
  typeof value === "boolean" ||
  (typeof value === "string" && !value.includes("\n")) ||
  (typeof value === "object" && Object.keys(value as object).length === 0);

function replaced(text: string, entry: Entry, value: unknown): string {
  const old = entry.value;
  const flow = isFlow(old) && typeof value === "object" && value !== null;
  if ((inline(value) || flow) && !isBlock(old) && (isScalar(old) || isFlow(old) || old === null)) {
    const body = flow ? flowText(value) : scalarText(value, old);
    if (isNothing(old)) return `${text.slice(0, entry.colon)} ${body}${text.slice(entry.colon)}`;
    const [from, to] = old?.range ?? [entry.colon, entry.colon];
    return text.slice(0, from) + body + text.slice(to);
  }
  const column = columnOf(text, entry.start);
  const end = endOf(text, entry);
  const kept = isScalar(old) && isBlock(old) && typeof value === "string" && value.includes("\n") ? withType(value, old.type) : value;
  const made = entry.key === null ? written([kept], text) : written({ [entry.key]: kept }, text);
  const [first = "", ...more] = made.trimEnd().split("\n");
  const lines = [first + commentOf(text, entry, end), ...more.map((line) => (line ? " ".repeat(column) + line : line))];
  return text.slice(0, entry.start) + lines.join("\n") + text.slice(end);
}

/** The comment at the end of the line that an entry's key is on. */
function commentOf(text: string, entry: Entry, end: number): string {
  const old = entry.value;
  const oneLine = old !== null && !isBlock(old) && !isNothing(old) && (isScalar(old) || isFlow(old));
  const from = oneLine ? (old.range?.[1] ?? end) : entry.colon;
  const line = text.slice(from, lineEnd(text, from));
  const found = (isBlock(old) ? /^\s*[|>][-+\d]*(\s+#.*)$/ : /^(\s+#.*)$/).exec(line);
  return found?.[1] ?? "";
}

function withType(value: string, type: Scalar["type"]): Scalar {
  const made = new Scalar(value);
  if (type) made.type = type;
  return made;
}

/** A value for one line, in the quotes that the old one had. */
function scalarText(value: unknown, old: Node | null): string {
  const kept = typeof value === "string" && isScalar(old) && old.type && !isBlock(old) ? withType(value, old.type) : value;
  return stringify({ k: kept }, { lineWidth: 0 }).slice(3).trimEnd();
}

const flowText = (value: unknown): string =>
  stringify(value, { collectionStyle: "flow", lineWidth: 0 })
    .trimEnd()
    .replaceAll("\n", " ")
    .replace(/^\{\s+/, "{ ")
    .replace(/\s+\}$/, " }");

/** A value as lines, laid out as the text is. */
function written(value: unknown, text: string): string {
  return stringify(value, { lineWidth: 0, indentSeq: !/^( *)[\w.-]+:[ \t]*\n(?:\s*#.*\n|\s*\n)*\1- /m.test(text) });
}

const shifted = (text: string, column: number): string =>
  text
    .split("\n")
    .map((line) => (line ? " ".repeat(column) + line : line))
    .join("\n");

/** Another entry at the end of a map. */
function appended(text: string, map: YAMLMap, key: string, value: unknown): string {
  const last = pairEntry(map, map.items.length - 1);
  const first = pairEntry(map, 0);
  const column = columnOf(text, first.start);
  const end = blockOf(text, last).end;
  const apart = column === 0 && /\n\n[^\s#]/.test(text) && !inline(value) ? "\n" : "";
  return text.slice(0, end) + apart + shifted(written({ [key]: value }, text), column) + text.slice(end);
}

function inserted(text: string, list: YAMLSeq, index: number, value: unknown): Changed {
  const at = Math.min(Math.max(index, 0), list.items.length);
  const entry = itemEntry(list, Math.min(at, list.items.length - 1));
  if (text.slice(lineStart(text, entry.start), entry.start).trim() !== "") return null;
  const column = columnOf(text, entry.start);
  const block = blockOf(text, entry);
  const made = shifted(written([value], "x:\n- "), column);
  const gap = gapOf(text, list);
  if (at < list.items.length) return text.slice(0, block.start) + made + gap + text.slice(block.start);
  return text.slice(0, block.end) + gap + made + text.slice(block.end);
}

/** What stands between the items of a list: an empty line, or nothing. */
function gapOf(text: string, list: YAMLSeq): string {
  if (list.items.length < 2) return "";
  const [first, second] = [blockOf(text, itemEntry(list, 0)), blockOf(text, itemEntry(list, 1))];
  return text.slice(first.end, second.start).includes("\n") ? "\n" : "";
}

function cut(text: string, entry: Entry): Changed {
  const shared = text.slice(lineStart(text, entry.start), entry.start).trim() !== "";
  if (!shared) {
    const { start, end } = blockOf(text, entry);
    const blankAfter = /^[ \t]*(?:\n|$)/.test(text.slice(end));
    const blankBefore = start === 0 || /(?:^|\n)[ \t]*\n$/.test(text.slice(0, start));
    const after = text.slice(end);
    return text.slice(0, start) + (blankAfter && blankBefore ? after.replace(/^[ \t]*\n/, "") : after);
  }
  // The first entry of an item stands behind its dash: the next one takes its place.
  if (!isMap(entry.holder) || entry.index !== 0 || entry.count < 2) return null;
  const next = pairEntry(entry.holder as YAMLMap, 1);
  const lines = text.slice(Math.min(endOf(text, entry) + 1, text.length), lineStart(text, next.start));
  const dash = lineStart(text, entry.start);
  return text.slice(0, dash) + lines + text.slice(dash, entry.start) + text.slice(next.start);
}
