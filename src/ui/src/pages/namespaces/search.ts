/** What the address of these pages holds. */

export const NAMESPACE_TABS = ["overview", "flows", "executions", "files", "kv", "secrets", "dependencies"] as const;
export type NamespaceTab = (typeof NAMESPACE_TABS)[number];

export interface NamespacesSearch {
  /** Text that is looked for: in names of namespaces, files, keys. */
  q?: string;
  tab?: NamespaceTab;
  /** The file that is open: its path, as `queries/daily.sql`. */
  file?: string;
  /** The key that is open, in the tab of values. */
  key?: string;
  /** Dependencies: as a list instead of a graph. */
  view?: "list";
}

const text = (value: unknown): string | undefined => (typeof value === "string" && value ? value : undefined);

/** Reads the address; what means nothing is left out. */
export function namespacesSearch(given: Record<string, unknown>): NamespacesSearch {
  return {
    q: text(given.q),
    tab: NAMESPACE_TABS.find((tab) => tab === given.tab),
    file: text(given.file),
    key: text(given.key),
    view: given.view === "list" ? "list" : undefined,
  };
}
