/** How a trigger is, in a word: what the lists sort and filter by. */
import {
  IconAlertOctagon,
  IconBan,
  IconBroadcast,
  IconClock,
  IconHistory,
  IconLoader2,
  IconPlayerPause,
  type TablerIcon,
} from "@tabler/icons-react";
import type { Trigger } from "@/api/types";
import type { Family } from "@/parts/states";

/** Worst first: in this order they are listed. */
export const STATUSES = ["failing", "paused", "starting", "backfill", "listening", "off"] as const;
export type Status = (typeof STATUSES)[number];

interface Look {
  word: string;
  family: Family;
  icon: TablerIcon;
  /** What the word means. */
  means: string;
}

export const LOOK: Record<Status, Look> = {
  failing: { word: "Failing", family: "failed", icon: IconAlertOctagon, means: "It cannot listen. It is tried again by itself." },
  paused: { word: "Paused", family: "paused", icon: IconPlayerPause, means: "It waits until there is room. Nothing is lost." },
  starting: { word: "Starting", family: "waiting", icon: IconLoader2, means: "It is connecting." },
  backfill: { word: "Backfilling", family: "running", icon: IconHistory, means: "It runs times that are past." },
  listening: { word: "Listening", family: "success", icon: IconBroadcast, means: "An event starts the flow at once." },
  off: { word: "Off", family: "stopped", icon: IconBan, means: "It starts nothing. What comes meanwhile is skipped." },
};

/** The server reports what holds a source up; these sentences mean that it only waits for room. */
const WAITS = /\bwait(s|ing)?\b/;

export function statusOf(trigger: Trigger): Status {
  if (trigger.disabled || trigger.status === "disabled") return "off";
  if (trigger.status === "failing") return WAITS.test(trigger.pausedBecause ?? "") ? "paused" : "failing";
  if (trigger.status === "starting") return "starting";
  const backfill = trigger.state.backfill;
  return backfill && !backfill.paused ? "backfill" : "listening";
}

/** A schedule does not listen: it has a next time. */
export const isSchedule = (trigger: Trigger): boolean => /\.Schedule(OnDates)?$/.test(trigger.type);
export const isWebhook = (trigger: Trigger): boolean => trigger.type.endsWith(".Webhook");
/** All of them are served together: what the server counts is not one trigger's. */
export const isShared = (trigger: Trigger): boolean => isSchedule(trigger) || isWebhook(trigger);
/** It hears topics of the bus, whose events can be shown and explained. */
export const isOfBus = (trigger: Trigger): boolean => /\.trigger\.Event$|\.EventTrigger$/.test(trigger.type);

/** How it looks: as its status, a schedule that is well as a clock. */
export function lookOf(trigger: Trigger): Look {
  const status = statusOf(trigger);
  return status === "listening" && isSchedule(trigger)
    ? { word: "Scheduled", family: "success", icon: IconClock, means: "It starts the flow at its next time." }
    : LOOK[status];
}

/** Why it is not well: the sentence of the server. */
export const troubleOf = (trigger: Trigger): string | null => trigger.pausedBecause ?? null;

/** How soon it must be seen; 0: first. */
export const rank = (trigger: Trigger) => STATUSES.indexOf(statusOf(trigger));

/** Failing and paused first, then by name. */
export function ordered(triggers: readonly Trigger[]): Trigger[] {
  return [...triggers].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}

export interface TriggerFilter {
  q?: string;
  namespace?: string;
  status?: readonly string[];
  type?: readonly string[];
}

/** Those that a filter means. q: words that are all in the name, type, flows or trouble. */
export function chosen(triggers: readonly Trigger[], { q, namespace, status, type }: TriggerFilter): Trigger[] {
  const words = (q ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  return triggers.filter((each) => {
    const text = `${each.name} ${each.type} ${each.flows.join(" ")} ${each.pausedBecause ?? ""}`.toLowerCase();
    return (
      words.every((word) => text.includes(word)) &&
      (!namespace || namespacesOf(each).some((own) => own === namespace || own.startsWith(`${namespace}.`))) &&
      (!status?.length || status.includes(statusOf(each))) &&
      (!type?.length || type.includes(each.type))
    );
  });
}

/** The namespaces in which it starts something, or the one it is in. */
export function namespacesOf(trigger: Trigger): string[] {
  const all = trigger.flows.map((flow) => flow.slice(0, flow.lastIndexOf(".")));
  return all.length > 0 ? [...new Set(all)] : [trigger.namespace ?? ""];
}

/** How many there are of each status, in their order, without those of which there are none. */
export function counts(triggers: readonly Trigger[]): [Status, number][] {
  const found = new Map<Status, number>();
  for (const each of triggers) found.set(statusOf(each), (found.get(statusOf(each)) ?? 0) + 1);
  return STATUSES.filter((status) => found.has(status)).map((status) => [status, found.get(status) ?? 0]);
}

/** `core.trigger.Event` as `Event`, `kafka.RealtimeTrigger` as `kafka.RealtimeTrigger`: the shortest that still says which. */
export const shortType = (type: string): string => type.replace(/^core\.trigger\./, "");

/** A flow's `namespace.id` in its two parts. */
export function flowParts(flow: string): { namespace: string; flow: string } {
  const cut = flow.lastIndexOf(".");
  return { namespace: flow.slice(0, cut), flow: flow.slice(cut + 1) };
}

/** The topics that a trigger of the bus hears, as its settings say them. */
export function topicsOf(trigger: Trigger): string[] {
  const { topic, topics, correlate } = trigger.trigger as { topic?: unknown; topics?: unknown; correlate?: { all?: unknown } };
  const terms = Array.isArray(correlate?.all) ? correlate.all.map((each: { topic?: unknown }) => each?.topic) : [];
  return [topic, topics, terms].flat().filter((each): each is string => typeof each === "string");
}
