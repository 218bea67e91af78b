/** Which triggers somebody on call must see first, and when schedules fire next. Pure. */
import type { Trigger } from "@/api/types";
import { rank } from "@/pages/triggers/status";

/** Failing ones first, then those that are paused, then those with most events waiting; those that are off last. */
export function byUrgency(triggers: readonly Trigger[]): Trigger[] {
  return [...triggers].sort(
    (one, other) => rank(one) - rank(other) || (other.lag ?? -1) - (one.lag ?? -1) || one.name.localeCompare(other.name),
  );
}

/** What a trigger fires next. */
export interface Next {
  name: string;
  at: string;
}

/** The schedules by when they fire next, the soonest first. */
export function nextOf(triggers: readonly Trigger[], most: number): Next[] {
  return triggers
    .flatMap((each) => (each.state.nextExecutionDate ? [{ name: each.name, at: each.state.nextExecutionDate }] : []))
    .sort((one, other) => Date.parse(one.at) - Date.parse(other.at))
    .slice(0, most);
}
