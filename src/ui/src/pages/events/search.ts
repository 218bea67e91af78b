/** What the address of this page holds. */
export interface EventsSearch {
  [name: string]: unknown;
}

export const eventsSearch = (given: Record<string, unknown>): EventsSearch => given;
