/** Plain values: what a path means in them, and the ids that they hold. */
import type { Segment } from "@/editor/path";

type Path = readonly Segment[];

/** An id that is not taken: `load` becomes `load_2`. */
export function freeId(id: string, taken: ReadonlySet<string>): string {
  if (!taken.has(id)) return id;
  const stem = id.replace(/_\d+$/, "");
  for (let number = 2; ; number += 1) if (!taken.has(`${stem}_${number}`)) return `${stem}_${number}`;
}

/** All ids in a value. */
export function idsIn(value: unknown): Set<string> {
  return new Set([...idPaths(value, [])].map(([, id]) => id));
}

/** Where the ids of tasks, triggers and inputs are in a value. */
export function* idPaths(value: unknown, path: Path): Generator<[Path, string]> {
  if (Array.isArray(value)) for (const [index, each] of value.entries()) yield* idPaths(each, [...path, index]);
  else if (typeof value === "object" && value !== null) {
    const { id, type } = value as Record<string, unknown>;
    if (typeof id === "string" && typeof type === "string") yield [[...path, "id"], id];
    for (const [name, each] of Object.entries(value)) yield* idPaths(each, [...path, name]);
  }
}

/** A value in the maps and lists of a path. */
export function nested(path: Path, value: unknown): unknown {
  return [...path].reverse().reduce<unknown>((inner, segment) => (typeof segment === "number" ? [inner] : { [segment]: inner }), value);
}

/** A value with another one at a path. */
export function withIn(holder: unknown, path: Path, value: unknown): unknown {
  const [segment, ...rest] = path;
  if (segment === undefined) return value;
  if (Array.isArray(holder) && typeof segment === "number") {
    const copy = [...holder];
    copy[Math.min(segment, copy.length)] = withIn(holder[segment], rest, value);
    return copy;
  }
  const map = typeof holder === "object" && holder !== null ? (holder as Record<string, unknown>) : {};
  return { ...map, [segment]: withIn(map[segment], rest, value) };
}

/** A value without what is at a path. */
export function withoutIn(holder: unknown, path: Path): unknown {
  const [segment, ...rest] = path;
  if (segment === undefined) return undefined;
  if (Array.isArray(holder)) {
    if (rest.length === 0) return holder.filter((_, index) => index !== segment);
    return holder.map((each, index) => (index === segment ? withoutIn(each, rest) : each));
  }
  const { [segment]: inner, ...others } = holder as Record<string, unknown>;
  return rest.length === 0 ? others : { ...(holder as object), [segment]: withoutIn(inner, rest) };
}
