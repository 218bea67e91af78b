/** What the address of this page holds. */
export interface FlowsSearch {
  [name: string]: unknown;
}

export const flowsSearch = (given: Record<string, unknown>): FlowsSearch => given;
