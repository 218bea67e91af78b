/** What the address of the events page holds. */
import { one, oneOf } from "@/parts/address";

export const EVENT_TABS = ["tail", "publish", "dead", "explain"] as const;
export type EventTab = (typeof EVENT_TABS)[number];

export interface EventsSearch {
  /** tail when it is not said. */
  tab?: EventTab;
  topic?: string;
  /** Tail: where it begins: `now`, `earliest`, or after this position. */
  from?: string;
  /** Tail: words that an event must have. */
  q?: string;
  /** Tail: the position of the event that is open. Explain and publish: the event's key, `TOPIC/ID`. */
  event?: string;
  /** Dead: the id of the dead event that is open. */
  dead?: string;
}

export const eventsSearch = (given: Record<string, unknown>): EventsSearch => ({
  tab: oneOf(given.tab, EVENT_TABS),
  topic: one(given.topic),
  from: one(given.from),
  q: one(given.q),
  event: one(given.event),
  dead: one(given.dead),
});
