/** What a tree of JSON needs to know of its values: what they are, how they are addressed. Pure. */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type Kind = "object" | "list" | "text" | "number" | "boolean" | "null";

/** What a value is. */
export function kindOf(value: unknown): Kind {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return "list";
  if (typeof value === "object") return "object";
  return typeof value === "number" || typeof value === "bigint" ? "number" : typeof value === "boolean" ? "boolean" : "text";
}

/** How many values an object or a list holds; 0 for all else. */
export function sizeOf(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  return typeof value === "object" && value !== null ? Object.keys(value).length : 0;
}

/** Some of the values in an object or a list, each with its key. */
export function childrenOf(value: unknown, from: number, to: number): [string | number, unknown][] {
  if (Array.isArray(value)) return value.slice(from, to).map((each, place) => [from + place, each]);
  if (typeof value !== "object" || value === null) return [];
  return Object.keys(value)
    .slice(from, to)
    .map((key) => [key, (value as Record<string, unknown>)[key]]);
}

/** The address of a value in one that has an address, as an expression writes it: `outputs.a.b[0]['x y']`. */
export function addressOf(outer: string, key: string | number): string {
  if (typeof key === "number") return `${outer}[${key}]`;
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(key)) return outer ? `${outer}.${key}` : key;
  return `${outer}['${key.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}']`;
}

/** `3 keys`, `1 value`. */
export function countText(value: unknown): string {
  const count = sizeOf(value);
  const word = Array.isArray(value) ? "value" : "key";
  return `${count.toLocaleString()} ${word}${count === 1 ? "" : "s"}`;
}

/** What is copied: text as it is, all else as JSON. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

/** The beginning of a value in a line, so that a closed branch says something: `{id: 7, total: 120, …}`. */
export function glimpse(value: unknown, most = 60): string {
  const said = (each: unknown): string =>
    Array.isArray(each) ? (each.length ? "[…]" : "[]") : typeof each === "object" && each !== null ? "{…}" : JSON.stringify(each ?? null);
  const list = Array.isArray(value);
  let text = "";
  for (const [key, each] of childrenOf(value, 0, 8)) {
    const next = list ? said(each) : `${key}: ${said(each)}`;
    if (text.length + next.length > most) return `${list ? "[" : "{"}${text}${text ? ", " : ""}…${list ? "]" : "}"}`;
    text += `${text ? ", " : ""}${next}`;
  }
  if (sizeOf(value) > 8) text += ", …";
  return list ? `[${text}]` : `{${text}}`;
}
