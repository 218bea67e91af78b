/** Names of namespaces: what is above what. */

/** `shop.orders.eu` as `shop.orders` and `eu`. */
export function splitName(name: string): { above: string | null; last: string } {
  const cut = name.lastIndexOf(".");
  return cut < 0 ? { above: null, last: name } : { above: name.slice(0, cut), last: name.slice(cut + 1) };
}

/** The names from the outermost to the one itself. */
export function lineage(name: string): string[] {
  const parts = name.split(".");
  return parts.map((_, index) => parts.slice(0, index + 1).join("."));
}

/** How deep each stands below those that are in the list, which need not begin at the top. */
export function depths(names: readonly string[]): Map<string, number> {
  const known = new Set(names);
  const found = new Map<string, number>();
  for (const name of names) found.set(name, lineage(name).filter((above) => above !== name && known.has(above)).length);
  return found;
}

const NAME = /^[a-z0-9][.a-z0-9_-]*$/;

/** What is wrong with a name, in a sentence; null: nothing. The server decides. */
export function wrongName(name: string): string | null {
  if (!name) return "A namespace has a name.";
  if (name.length > 150) return "At most 150 characters.";
  if (!NAME.test(name) || name.endsWith(".") || name.includes(".."))
    return "Small letters, digits, `-` and `_`, with dots between the parts: company.team";
  return null;
}
