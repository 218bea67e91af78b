/** What the address of this page holds. */
export interface NamespacesSearch {
  [name: string]: unknown;
}

export const namespacesSearch = (given: Record<string, unknown>): NamespacesSearch => given;
