/** The tasks, triggers and inputs of a flow as a tree, and how the properties of one are shown as fields. Pure. */
import { LineCounter, parse, parseDocument, stringify } from "yaml";
import type { Segment } from "@/editor/path";
import type { Property, Schemas } from "@/editor/schema";

export type Kind = "task" | "trigger" | "input";

/** A task, trigger or input. */
export interface Item {
  path: readonly Segment[];
  kind: Kind;
  id: string;
  type: string;
  /** Where it begins in the text, from 1. */
  line: number;
  lists: List[];
}

/** A list of them: `tasks` of the flow, `then` of an If. */
export interface List {
  name: string;
  path: readonly Segment[];
  kind: Kind;
  items: Item[];
}

const SECTIONS: [string, Kind][] = [
  ["inputs", "input"],
  ["tasks", "task"],
  ["errors", "task"],
  ["finally", "task"],
  ["afterExecution", "task"],
  ["triggers", "trigger"],
];

interface Outline {
  lists: List[];
  /** The flow as plain values. */
  data: Record<string, unknown>;
}

type Map_ = Readonly<Record<string, unknown>>;
const isMap = (value: unknown): value is Map_ => typeof value === "object" && value !== null && !Array.isArray(value);

/** What a text holds; null while it is broken. */
export function outlineOf(text: string): Outline | null {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, strict: false, uniqueKeys: false });
  if (document.errors.length > 0) return null;
  const data: unknown = document.toJS() ?? {};
  if (!isMap(data)) return null;
  const lineOf = (path: readonly Segment[]): number => {
    const node = document.getIn(path, true) as { range?: [number, number, number] } | undefined;
    return node?.range ? lines.linePos(node.range[0]).line : 1;
  };
  const listOf = (name: string, path: readonly Segment[], kind: Kind, items: readonly unknown[]): List => ({
    name,
    path,
    kind,
    items: items.flatMap((each, index) => (isMap(each) ? [itemOf(each, [...path, index], kind)] : [])),
  });
  const itemOf = (given: Map_, path: readonly Segment[], kind: Kind): Item => {
    // A task of a Dag stands in `task`, beside what it depends on.
    const inner = isMap(given.task) && given.type === undefined ? given.task : null;
    const own = inner ?? given;
    const ownPath = inner ? [...path, "task"] : path;
    return {
      path: ownPath,
      kind,
      id: String(own.id ?? ""),
      type: String(own.type ?? ""),
      line: lineOf(path),
      lists: kind === "task" ? listsIn(own, ownPath, "") : [],
    };
  };
  const listsIn = (value: Map_, path: readonly Segment[], prefix: string): List[] =>
    Object.entries(value).flatMap(([name, each]) => {
      if (Array.isArray(each)) return isTasks(each) ? [listOf(prefix + name, [...path, name], "task", each)] : [];
      return isMap(each) && prefix === "" ? listsIn(each, [...path, name], `${name}: `) : [];
    });
  return {
    data,
    lists: SECTIONS.flatMap(([name, kind]) => (Array.isArray(data[name]) ? [listOf(name, [name], kind, data[name])] : [])),
  };
}

const isTasks = (items: readonly unknown[]): boolean =>
  items.length > 0 &&
  items.every((each) => isMap(each) && ((typeof each.type === "string" && each.type.includes(".")) || isMap(each.task)));

/** All items of an outline, each before those inside of it. */
export function* itemsOf(lists: readonly List[]): Generator<Item> {
  for (const list of lists)
    for (const item of list.items) {
      yield item;
      yield* itemsOf(item.lists);
    }
}

/** The `type` of each map on the way to a path, by the length of its path: what a schema is asked with. */
export function typesOn(data: unknown, path: readonly Segment[]): Map<number, string> {
  const found = new Map<number, string>();
  let here: unknown = data;
  for (let depth = 0; depth <= path.length; depth += 1) {
    if (isMap(here) && typeof here.type === "string") found.set(depth, here.type);
    const segment = path[depth];
    here = segment === undefined ? undefined : (here as Record<Segment, unknown> | undefined)?.[segment];
    if (here === null) break;
  }
  return found;
}

export type Widget = "flag" | "word" | "number" | "text" | "words" | "tasks" | "yaml";

/** How a property is shown. */
export function widgetOf(schemas: Schemas, property: Property): Widget {
  const { kind } = property;
  if (/^(?:list of )?(?:task|trigger|condition)\b/.test(kind)) return "tasks";
  const kinds = new Set(schemas.alternatives(property.schema).flatMap((each) => (each.items ? ["list"] : [each.type ?? []].flat())));
  kinds.delete("null");
  const words = schemas.valuesOf([property.schema]);
  if (kinds.size === 1 && kinds.has("boolean")) return "flag";
  if (words.length > 0 && !kinds.has("object") && !kinds.has("list") && !kinds.has("boolean")) return "word";
  if (kinds.size > 0 && [...kinds].every((each) => each === "integer" || each === "number")) return "number";
  if (kinds.size === 1 && kinds.has("string")) return "text";
  if (kind === "list of text") return "words";
  return "yaml";
}

/** A value as a field of its widget holds it. */
export function shownValue(widget: Widget, value: unknown): string {
  if (value === undefined) return "";
  if (widget === "yaml") return typeof value === "string" ? value : stringify(value, { lineWidth: 0 }).trimEnd();
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** What was typed as a value: undefined takes the property away; an error says why it is none. */
export function typedValue(widget: Widget, typed: string): { value?: unknown; error?: string } {
  if (typed === "") return { value: undefined };
  if (widget === "flag" && (typed === "true" || typed === "false")) return { value: typed === "true" };
  if (widget === "number")
    return { value: /^-?\d+(?:\.\d+)?$/.test(typed) && Number.isSafeInteger(Math.trunc(Number(typed))) ? Number(typed) : typed };
  if (widget !== "yaml") return { value: typed };
  // A template is text, and no map in braces.
  if (/^\s*\{[{%]/.test(typed)) return { value: typed };
  try {
    return { value: parse(typed) ?? undefined };
  } catch (thrown) {
    return { error: thrown instanceof Error ? (thrown.message.split("\n")[0] ?? "") : String(thrown) };
  }
}

/** The properties in the order of a form: what names it, what is needed, its own, and apart those that every one has. */
export function arranged(properties: readonly Property[], values: Map_): { own: Property[]; common: Property[] } {
  const order = (each: Property) => (each.name === "id" ? 0 : each.required ? 1 : 2);
  const shown = properties.filter(
    (each) => each.name !== "type" && (each.name in values || !each.description.startsWith("Another name of")),
  );
  const common = (each: Property) => each.name !== "id" && /^#\/\$defs\/(?:task|trigger)\./.test(each.schema.$ref ?? "");
  return {
    own: shown.filter((each) => !common(each)).sort((one, other) => order(one) - order(other)),
    common: shown.filter(common),
  };
}

/** What a new one begins with. */
export function newItem(kind: Kind, type: string, taken: ReadonlySet<string>, free: (id: string, taken: ReadonlySet<string>) => string) {
  const stem = kind === "input" ? "input" : (type.split(".").at(-1) ?? kind).replace(/(?<=[a-z0-9])(?=[A-Z])/g, "_").toLowerCase();
  return { id: free(stem, taken), type };
}
