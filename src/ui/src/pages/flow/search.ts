/** What the address of this page holds. */
export interface FlowSearch {
  [name: string]: unknown;
}

export const flowSearch = (given: Record<string, unknown>): FlowSearch => given;
