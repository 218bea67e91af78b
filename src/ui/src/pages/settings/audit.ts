/** Rows of the audit log in words: what was done, and what is another than it was. */

export interface Difference {
  /** `grants[0].role`; "" for the whole. */
  path: string;
  kind: "added" | "removed" | "changed";
  before: string;
  after: string;
}

const MOST = 200;
const isMap = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
const text = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value, null, 2));
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Each value that came, went or changed, with its path; what stayed is left out. */
export function differences(before: unknown, after: unknown, path = ""): Difference[] {
  if (same(before, after)) return [];
  const gone = before === null || before === undefined;
  const made = after === null || after === undefined;
  if (gone && made) return [];
  if (isMap(gone ? {} : before) && isMap(made ? {} : after) && !(gone && path) && !(made && path)) {
    const one = (before ?? {}) as Record<string, unknown>;
    const other = (after ?? {}) as Record<string, unknown>;
    const keys = [...new Set([...Object.keys(one), ...Object.keys(other)])];
    return keys.flatMap((key) => differences(one[key], other[key], path ? `${path}.${key}` : key)).slice(0, MOST);
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, index) => differences(before[index], after[index], `${path}[${index}]`))
      .flat()
      .slice(0, MOST);
  }
  if (gone) return [{ path, kind: "added", before: "", after: text(after) }];
  if (made) return [{ path, kind: "removed", before: text(before), after: "" }];
  return [{ path, kind: "changed", before: text(before), after: text(after) }];
}

/** A difference that is read line by line: of flows and other long texts. */
export const isLong = (difference: Difference): boolean =>
  difference.kind === "changed" && (difference.before.includes("\n") || difference.after.includes("\n"));

const DONE: Record<string, string> = { POST: "posted", PUT: "put", PATCH: "changed", DELETE: "deleted" };

/** Requests that are often made, in words: method and path, what was done, and to what (the path's parts by their number). */
const REQUESTS: readonly (readonly [RegExp, string, string])[] = [
  [/^POST \/executions\/(\w{22})\/(pause|resume|restart|replay|state|labels|force-run|unqueue|change-status)$/, "execution $2", "$1"],
  [/^POST \/executions\/(?:trigger\/)?([^/]+)\/(?!by-(?:ids|query)$)([^/]+)$/, "execution start", "$1.$2"],
  [/^\w+ \/executions\/([^/]+)\/actions\/([^/]+)$/, "execution $2", "$1"],
  [/^DELETE \/executions\/([^/]+)\/(kill)$/, "execution $2", "$1"],
  [/^DELETE \/executions\/([^/]+)$/, "execution delete", "$1"],
  [/^POST \/events\/dead\/([^/]+)\/replay$/, "event replay", "$1"],
  [/^POST \/events\/(.+)$/, "event publish", "$1"],
  [/^PUT \/namespaces\/([^/]+)\/kv\/(.+)$/, "value set", "$1: $2"],
  [/^DELETE \/namespaces\/([^/]+)\/kv\/(.+)$/, "value delete", "$1: $2"],
  [/^PUT \/namespaces\/([^/]+)\/secrets(?:\/(.+))?$/, "secret set", "$1: $2"],
  [/^DELETE \/namespaces\/([^/]+)\/secrets\/(.+)$/, "secret delete", "$1: $2"],
  [/^POST \/namespaces\/([^/]+)\/files$/, "file save", "$1"],
  [/^DELETE \/namespaces\/([^/]+)\/files$/, "file delete", "$1"],
];

/** `user.change` on `user:bob` as `user change`, `bob`; a request in words, or as its method and path. */
export function rowText(action: string, what: string): { did: string; on: string } {
  if (action in DONE) {
    const request = `${action} ${what}`;
    const known = REQUESTS.find(([pattern]) => pattern.test(request));
    if (!known) return { did: DONE[action] ?? action, on: decoded(what) };
    const [pattern, did, on] = known;
    return { did: request.replace(pattern, did), on: decoded(request.replace(pattern, on)).replace(/: $/, "") };
  }
  const cut = what.indexOf(":");
  const kind = what.slice(0, cut);
  return { did: action.replace(".", " "), on: cut > 0 && action.startsWith(kind) ? what.slice(cut + 1) : what };
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** How many values came, went, changed, in a few words; "" for none. */
export function countText(before: unknown, after: unknown): string {
  const found = differences(before, after);
  const [first] = found;
  if (!first) return "";
  if (found.length > 3) return `${found.length} values`;
  return found.map((each) => each.path || each.kind).join(", ");
}
