/** What the address of this page holds. */
export interface ExecutionsSearch {
  [name: string]: unknown;
}

export const executionsSearch = (given: Record<string, unknown>): ExecutionsSearch => given;
