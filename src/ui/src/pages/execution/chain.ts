/** Who started whom: the executions that bear one correlation id, as a tree. Pure. */
import type { ExecutionLine } from "@/api/types";

export interface Link {
  line: ExecutionLine;
  depth: number;
}

/**
 * The tree, its rows from top to bottom. from: of those that no parent is known of in their line, what started them (an execution's id).
 * Who came by an event of an unknown sender stands under the first one, which began it all.
 */
export function chainOf(lines: readonly ExecutionLine[], from: ReadonlyMap<string, string>): Link[] {
  const known = new Map(lines.map((line) => [line.id, line]));
  const order = [...lines].sort((a, b) => Date.parse(a.state.startDate) - Date.parse(b.state.startDate) || (a.id < b.id ? -1 : 1));
  const first = order.find((line) => line.id === line.correlationId) ?? order[0];
  const above = (line: ExecutionLine): string | null => {
    const named = line.parentId ?? from.get(line.id);
    if (named !== undefined && named !== line.id && known.has(named)) return named;
    return line === first || first === undefined ? null : first.id;
  };
  const below = new Map<string | null, ExecutionLine[]>();
  for (const line of order) {
    const parent = above(line);
    const beside = below.get(parent);
    if (beside) beside.push(line);
    else below.set(parent, [line]);
  }
  const links: Link[] = [];
  const seen = new Set<string>();
  const add = (line: ExecutionLine, depth: number) => {
    if (seen.has(line.id)) return;
    seen.add(line.id);
    links.push({ line, depth });
    for (const each of below.get(line.id) ?? []) add(each, depth + 1);
  };
  for (const line of below.get(null) ?? []) add(line, 0);
  for (const line of order) add(line, 0); // what stands in a circle is not lost
  return links;
}
