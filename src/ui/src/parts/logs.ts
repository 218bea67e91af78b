/** Lines of a log as the views keep them, and what is asked of many of them at once: filter, search. Pure. */
import type { LogLine } from "@/api/types";
import { plain } from "@/parts/ansi";

export const LEVELS = ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"] as const;
export type Level = (typeof LEVELS)[number];

/** One line. `seq` is its place in the log of its execution. */
export interface LogEntry {
  seq: number;
  /** Milliseconds since 1970. */
  at: number;
  level: Level;
  task: string | null;
  run: string | null;
  /** From 0. */
  attempt: number;
  message: string;
}

/** A line as the API tells it, without what is the same in all lines of an execution. */
export function entryOf(line: LogLine): LogEntry {
  return {
    seq: line.seq,
    at: Date.parse(line.timestamp),
    level: line.level as Level,
    task: line.taskId ?? null,
    run: line.taskRunId ?? null,
    attempt: line.attemptNumber ?? 0,
    message: line.message ?? "",
  };
}

/** Those of this level and worse ones; level undefined: all, and the same array. */
export function atLeast(lines: readonly LogEntry[], level: Level | undefined): readonly LogEntry[] {
  if (level === undefined) return lines;
  const wanted = new Set<string>(LEVELS.slice(0, LEVELS.indexOf(level) + 1));
  return lines.filter((line) => wanted.has(line.level));
}

/** The places in `lines` whose text holds what is looked for, whatever its case. */
export function found(lines: readonly LogEntry[], query: string): number[] {
  const wanted = query.toLowerCase();
  if (!wanted) return [];
  const places: number[] = [];
  for (let place = 0; place < lines.length; place += 1) {
    const line = lines[place];
    if (line && (plain(line.message).toLowerCase().includes(wanted) || line.task?.toLowerCase().includes(wanted))) places.push(place);
  }
  return places;
}

/** A text cut where it holds what is looked for: every second piece is a hit. */
export function pieces(text: string, query: string): string[] {
  const wanted = query.toLowerCase();
  if (!wanted) return [text];
  const lower = text.toLowerCase();
  if (lower.length !== text.length) return [text]; // a letter whose small form is longer: places would not fit
  const made: string[] = [];
  let at = 0;
  for (let hit = lower.indexOf(wanted); hit >= 0; hit = lower.indexOf(wanted, at)) {
    made.push(text.slice(at, hit), text.slice(hit, hit + wanted.length));
    at = hit + wanted.length;
  }
  made.push(text.slice(at));
  return made;
}

/** Two runs of lines in order as one: later ones that are known already are left out. */
export function joined(lines: readonly LogEntry[], more: readonly LogEntry[]): readonly LogEntry[] {
  const last = lines.at(-1)?.seq ?? -1;
  const fresh = more.filter((line) => line.seq > last);
  return fresh.length === 0 ? lines : lines.concat(fresh);
}
