/** What the address of this page holds. */
export interface TriggersSearch {
  [name: string]: unknown;
}

export const triggersSearch = (given: Record<string, unknown>): TriggersSearch => given;
