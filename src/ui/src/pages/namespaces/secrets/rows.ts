/** A namespace's secrets and those above it in one list. */

export interface SecretRow {
  namespace: string;
  key: string;
  description: string | null;
  updated: string | null;
  inherited: boolean;
  /** Another one of that name is nearer. */
  hidden: boolean;
}

interface Own {
  key: string;
  description?: string | null;
  updateDate?: string | null;
}

/** Its own by name, then those of the namespaces above, the nearest first. Names of secrets differ by more than case. */
export function secretRows(namespace: string, own: readonly Own[], above: Record<string, readonly string[]>): SecretRow[] {
  const seen = new Set(own.map((each) => each.key.toUpperCase()));
  const rows: SecretRow[] = own.map((each) => ({
    namespace,
    key: each.key,
    description: each.description ?? null,
    updated: each.updateDate ?? null,
    inherited: false,
    hidden: false,
  }));
  for (const [name, keys] of Object.entries(above).sort(([a], [b]) => b.length - a.length)) {
    for (const key of [...keys].sort()) {
      rows.push({ namespace: name, key, description: null, updated: null, inherited: true, hidden: seen.has(key.toUpperCase()) });
      seen.add(key.toUpperCase());
    }
  }
  return rows;
}
