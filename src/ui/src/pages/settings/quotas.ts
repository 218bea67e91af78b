/** How full the quotas of namespaces are, in words and in the order of namespaces. Pure. */

/** As the status of the server has it. `*`: of all namespaces that have no nearer one. */
export interface Quota {
  namespace: string;
  quota: string;
  used: number;
  limit: number;
}

export interface QuotaRow {
  namespace: string;
  /** Said at the first row of a namespace. */
  first: boolean;
  words: string;
  used: number;
  limit: number;
  full: boolean;
}

const WORDS: Record<string, string> = {
  running: "Running at once",
  executions_per_minute: "Starts per minute",
  kv_bytes: "Bytes in KV",
};

export function quotaRows(quotas: readonly Quota[]): QuotaRow[] {
  const order = [...quotas].sort((a, b) => a.namespace.localeCompare(b.namespace) || a.quota.localeCompare(b.quota));
  return order.map(({ namespace, quota, used, limit }, n) => ({
    namespace: namespace === "*" ? "all others" : namespace,
    first: order[n - 1]?.namespace !== namespace,
    words: WORDS[quota] ?? quota.replaceAll("_", " "),
    used,
    limit,
    full: used >= limit,
  }));
}
