/** What is known of the states, in one place: their words, colour families and icons' names. */
import type { StateName } from "@/api/types";

/** Families share a colour; each state has an icon of its own, so that nobody needs the colour. */
export type Family = "success" | "failed" | "warning" | "running" | "paused" | "waiting" | "stopped";

export const FAMILY: Record<StateName, Family> = {
  CREATED: "waiting",
  QUEUED: "waiting",
  SUBMITTED: "waiting",
  RUNNING: "running",
  RESTARTED: "running",
  RETRYING: "running",
  PAUSED: "paused",
  BREAKPOINT: "paused",
  KILLING: "stopped",
  KILLED: "stopped",
  CANCELLED: "stopped",
  SUCCESS: "success",
  WARNING: "warning",
  FAILED: "failed",
  RETRIED: "stopped",
  SKIPPED: "waiting",
};

export const STATES = Object.keys(FAMILY) as StateName[];
const ENDED = new Set<StateName>(["SUCCESS", "WARNING", "FAILED", "KILLED", "CANCELLED", "RETRIED", "SKIPPED"]);

/** Nothing goes on by itself from here. */
export const ended = (state: StateName): boolean => ENDED.has(state);

/** RUNNING as `Running`. */
export const stateWord = (state: StateName): string => state.charAt(0) + state.slice(1).toLowerCase();
