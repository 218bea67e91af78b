/** All that a flow can name: types of tasks, triggers, conditions and inputs, and the words of expressions; found by text. */
import type { Kind } from "@/pages/plugins/search";

export interface Item {
  kind: Kind;
  /** As a flow writes it. */
  name: string;
  /** What it stands below in the list. */
  group: string;
  description: string;
}

interface Element {
  cls: string;
  description?: string | null;
}

export interface Plugin {
  tasks: readonly Element[];
  triggers: readonly Element[];
  conditions: readonly Element[];
}

/** `io.kestra.plugin.core.log.Log` as `core.log.Log`. */
export const shortName = (cls: string): string => cls.replace(/^io\.(kestra\.plugin|onbeat)\./, "");

const WORDS = ["function", "filter", "test"] as const;
const GROUPS: Record<(typeof WORDS)[number] | "input", string> = {
  input: "Inputs",
  function: "Functions of expressions",
  filter: "Filters of expressions",
  test: "Tests of expressions",
};

/** The types by group and name, conditions after the others. */
export function typesOf(plugins: readonly Plugin[], inputs: readonly string[]): Item[] {
  const found = new Map<string, Item>();
  const add = (kind: Kind, elements: readonly Element[]) => {
    for (const { cls, description } of elements) {
      const name = shortName(cls);
      found.set(`${kind} ${name}`, {
        kind,
        name,
        group: name.slice(0, name.lastIndexOf(".")),
        description: (description ?? "").replaceAll("`", ""),
      });
    }
  };
  for (const plugin of plugins) {
    add("task", plugin.tasks);
    add("trigger", plugin.triggers);
    add("condition", plugin.conditions);
  }
  const types = [...found.values()].sort(
    (a, b) =>
      Number(a.kind === "condition") - Number(b.kind === "condition") || a.group.localeCompare(b.group) || a.name.localeCompare(b.name),
  );
  return [...types, ...inputs.map((name) => ({ kind: "input" as const, name, group: GROUPS.input, description: "" }))];
}

/** The words of expressions. Those that begin with a space are of the language itself. */
export function wordsOf(words: Record<(typeof WORDS)[number], readonly string[]>): Item[] {
  return WORDS.flatMap((kind) =>
    words[kind].filter((name) => /^\w/.test(name)).map((name) => ({ kind, name, group: GROUPS[kind], description: howOf(kind, name) })),
  );
}

/** How a word stands in an expression. */
export function howOf(kind: Kind, name: string): string {
  if (kind === "function") return `{{ ${name}() }}`;
  return kind === "filter" ? `{{ value | ${name} }}` : `{{ value is ${name} }}`;
}

/** Those that have every word of the text, in the name before those that have one in the description only. */
export function find(items: readonly Item[], text: string, kind?: Kind): Item[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const rank = (item: Item): number => {
    const name = item.name.toLowerCase();
    const last = name.slice(name.lastIndexOf(".") + 1);
    if (words.every((word) => last.startsWith(word))) return 0;
    if (words.every((word) => name.includes(word))) return 1;
    return words.every((word) => `${name} ${item.kind} ${item.description}`.toLowerCase().includes(word)) ? 2 : 3;
  };
  const ranked = items.filter((item) => kind === undefined || item.kind === kind).map((item, index) => ({ item, index, rank: rank(item) }));
  return ranked
    .filter((each) => each.rank < 3)
    .sort((a, b) => (words.length > 0 ? a.rank - b.rank : 0) || a.index - b.index)
    .map((each) => each.item);
}

/** Neighbours of one group together, in the order they have. */
export function grouped(items: readonly Item[]): { group: string; items: Item[] }[] {
  const found = new Map<string, Item[]>();
  for (const item of items) {
    const group = item.kind === "condition" ? "Conditions" : item.group;
    found.set(group, [...(found.get(group) ?? []), item]);
  }
  return [...found].map(([group, inside]) => ({ group, items: inside }));
}
