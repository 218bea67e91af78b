/** What the address of this page holds. */
export interface ExecutionSearch {
  [name: string]: unknown;
}

export const executionSearch = (given: Record<string, unknown>): ExecutionSearch => given;
