/** What the address of the list of triggers, and of one trigger, holds. */
import { one, oneOf, several } from "@/parts/address";

export const TRIGGER_TABS = ["overview", "runs", "try", "backfill", "definition"] as const;
export type TriggerTab = (typeof TRIGGER_TABS)[number];

export interface TriggersSearch {
  /** List: part of a name. */
  q?: string;
  namespace?: string;
  /** List: how it is: failing, starting, ready, backfill, disabled. */
  status?: string[];
  /** List: types, as `core.trigger.Event`. */
  type?: string[];
  /** One trigger: overview when it is not said. */
  tab?: TriggerTab;
  /** One trigger: the event that is tried or explained, `TOPIC/ID`. */
  event?: string;
  /** One trigger: the dead event that is tried. */
  dead?: string;
}

export const triggersSearch = (given: Record<string, unknown>): TriggersSearch => ({
  q: one(given.q),
  namespace: one(given.namespace),
  status: several(given.status),
  type: several(given.type),
  tab: oneOf(given.tab, TRIGGER_TABS),
  event: one(given.event),
  dead: one(given.dead),
});
