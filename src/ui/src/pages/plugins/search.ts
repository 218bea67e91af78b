/** What the address of this page holds. */
export interface PluginsSearch {
  [name: string]: unknown;
}

export const pluginsSearch = (given: Record<string, unknown>): PluginsSearch => given;
