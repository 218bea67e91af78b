/** What can be done to many executions at once: its words, and the request that it is. Pure. */
import type { StateName } from "@/api/types";
import { type FilterValues, filterQuery, isAny, queryText } from "@/parts/filter/values";
import { ended } from "@/parts/states";

export type BulkName = "restart" | "replay" | "resume" | "pause" | "kill" | "force-run" | "labels" | "change-status" | "delete";

/** Which executions: those that were chosen, or all that the filter means. */
export type Target = { kind: "ids"; ids: readonly string[] } | { kind: "query"; filter: FilterValues; total: number };

/** What some of the actions are told beside which executions. */
export interface Choices {
  labels: readonly string[];
  state: StateName;
  latestRevision: boolean;
  /** Delete what has not ended, too: it is killed before. */
  running: boolean;
}

export const NO_CHOICES: Choices = { labels: [], state: "SUCCESS", latestRevision: false, running: false };

interface Words {
  name: BulkName;
  /** On the button: `Restart`. */
  verb: string;
  /** Between the verb and how many: `Add labels to 5 executions`. */
  join?: "to" | "of";
  /** What happens, before one agrees. */
  what: string;
  /** What was done: `restarted`. */
  done: string;
  /** In which states it can be done; in any, unless told otherwise. */
  fits?: (state: StateName) => boolean;
  danger?: boolean;
}

/** All there are, in the order in which they are offered. */
export const BULK: readonly Words[] = [
  {
    name: "restart",
    verb: "Restart",
    done: "restarted",
    fits: ended,
    what: "Each goes on from its failed tasks. What succeeded is not run again.",
  },
  {
    name: "replay",
    verb: "Replay",
    done: "replayed",
    what: "Each is run once more from its start, as a new execution with the same inputs.",
  },
  {
    name: "resume",
    verb: "Resume",
    done: "resumed",
    fits: (state) => state === "PAUSED",
    what: "Each goes on after its pause, without answers to what it asks.",
  },
  {
    name: "pause",
    verb: "Pause",
    done: "paused",
    fits: (state) => state === "RUNNING",
    what: "What runs in each of them ends; nothing new is started until they are resumed.",
  },
  {
    name: "force-run",
    verb: "Run now",
    done: "let go on",
    fits: (state) => state === "PAUSED" || state === "QUEUED",
    what: "Those that are queued start before their turn; those that are paused go on.",
  },
  { name: "labels", verb: "Add labels", join: "to", done: "labelled", what: "Each gets these labels beside those that it has." },
  {
    name: "change-status",
    verb: "Change state",
    join: "of",
    done: "changed",
    fits: ended,
    what: "You say how each of them ended. Nothing is run.",
  },
  {
    name: "kill",
    verb: "Kill",
    done: "killed",
    fits: (state) => !ended(state),
    what: "Their running tasks are stopped at once, and those of their subflows.",
    danger: true,
  },
  {
    name: "delete",
    verb: "Delete",
    done: "deleted",
    fits: ended,
    what: "They go for good, with their logs, measurements and files.",
    danger: true,
  },
];

export const wordsOf = (name: BulkName): Words => BULK.find((each) => each.name === name) ?? (BULK[0] as Words);

/** What is done most to executions in these states: at most three. */
export function firstOf(states: readonly StateName[]): Words[] {
  const fits = (words: Words) => states.length === 0 || states.some((state) => words.fits?.(state) ?? true);
  const wanted: BulkName[] = states.includes("PAUSED") ? ["resume", "restart", "kill", "replay"] : ["restart", "replay", "kill", "pause"];
  return wanted.map(wordsOf).filter(fits).slice(0, 3);
}

/** Those of the chosen that take the change, by the states in which they were seen last; unknown ones are left to the server. */
export function takers(name: BulkName, ids: readonly string[], states: ReadonlyMap<string, StateName>, choices: Choices): string[] {
  const fits = wordsOf(name).fits;
  if (!fits || (name === "delete" && choices.running)) return [...ids];
  return ids.filter((id) => {
    const state = states.get(id);
    return state === undefined || fits(state);
  });
}

/** A request of the API. */
export interface Call {
  method: "POST" | "DELETE";
  /** Below /api/v1/main, with its query. */
  path: string;
  body: unknown;
}

/** The request that does it. dryRun: that only counts. */
export function bulkCall(name: BulkName, target: Target, choices: Choices, dryRun: boolean, now: Date = new Date()): Call {
  const query: Record<string, unknown> = {
    ...(target.kind === "query" ? { ...filterQuery(target.filter, now), ...(isAny(target.filter) ? { all: true } : {}) } : {}),
    ...(name === "replay" && choices.latestRevision ? { latestRevision: true } : {}),
    ...(name === "change-status" ? { newStatus: choices.state } : {}),
    ...(name === "delete" && choices.running ? { includeNonTerminated: true } : {}),
    ...(dryRun ? { dryRun: true } : {}),
  };
  const text = queryText(query);
  const end = target.kind === "ids" ? "by-ids" : "by-query";
  const path = `/executions/${name === "delete" ? "" : `${name}/`}${end}${text ? `?${text}` : ""}`;
  const method = name === "kill" || name === "delete" ? "DELETE" : "POST";
  const labels = choices.labels.map((each) => ({ key: each.slice(0, each.indexOf(":")), value: each.slice(each.indexOf(":") + 1) }));
  if (target.kind === "query") return { method, path, body: name === "labels" ? labels : undefined };
  return { method, path, body: name === "labels" ? { executionsId: target.ids, executionLabels: labels } : target.ids };
}

/** The same by the command line, where it can be said there: one line for each execution. */
export function bulkCommands(name: BulkName, target: Target, choices: Choices): string | undefined {
  if (target.kind === "query" || target.ids.length > 100) return undefined;
  const line: Partial<Record<BulkName, (id: string) => string>> = {
    restart: (id) => `onbeat executions restart ${id}`,
    replay: (id) => `onbeat executions replay ${id}`,
    resume: (id) => `onbeat executions resume ${id}`,
    pause: (id) => `onbeat executions pause ${id}`,
    kill: (id) => `onbeat executions kill ${id}`,
    "change-status": (id) => `onbeat executions set-state ${id} ${choices.state}`,
  };
  const of = line[name];
  return of && target.ids.map(of).join("\n");
}

/** `Kill 5 executions`, `Add labels to 1 execution`. */
export const titleOf = ({ verb, join }: Words, what: string): string => `${verb} ${join ? `${join} ` : ""}${what}`;

/** `1 execution`, `12 executions`. */
export const countText = (count: number): string => `${count.toLocaleString("en")} execution${count === 1 ? "" : "s"}`;
