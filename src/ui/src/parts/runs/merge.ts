/**
 * Merge what happens into a list of executions that somebody looks at. Pure: the hook beside it has the stream.
 *
 * Rules
 * 1. Rows are in the order of creation, the newest first; each id is there once.
 * 2. What changed of a row that is shown is shown at once, where the row stands.
 * 3. While the list is held (the pointer is over it, it is scrolled, something is selected) no row comes, goes or moves: what came waits,
 *    what the filter does not mean any more is marked, until `release`.
 * 4. What came between rows that are shown is put where it belongs; what is older than the last row waits for its page.
 * 5. More came than were told: the list has a hole (`hole`), and must be asked for anew from its top.
 */
import type { ExecutionLine } from "@/api/types";

/** A list as it is shown, and what waits. */
export interface Runs {
  /** Shown, the newest first. */
  rows: readonly ExecutionLine[];
  /** Came while the list was held, the newest first. */
  waiting: readonly ExecutionLine[];
  /** Came too, but too many to be told. */
  more: number;
  /** Rows that are shown though the filter does not mean them any more. */
  gone: ReadonlySet<string>;
  /** How many there are; above the API's limit it means more than that. */
  total: number;
  /** The count may be off: what came may have been counted before. */
  unsure: boolean;
  /** There are no older ones than the last row. */
  complete: boolean;
  /** The rows may lack some in their midst. */
  hole: boolean;
}

/** What a stream tells of a list. */
export interface Changes {
  changed: readonly ExecutionLine[];
  gone: readonly string[];
  more: number;
}

/** Nothing is known yet. */
export const NONE: Runs = { rows: [], waiting: [], more: 0, gone: new Set(), total: 0, unsure: false, complete: false, hole: false };

const newestFirst = (one: ExecutionLine, other: ExecutionLine): number => (one.id < other.id ? 1 : one.id > other.id ? -1 : 0);

/** Two lists as one; of the same id the first one's line. */
function united(fresh: readonly ExecutionLine[], old: readonly ExecutionLine[]): ExecutionLine[] {
  const found = new Map<string, ExecutionLine>();
  for (const each of [...old, ...fresh]) found.set(each.id, each);
  return [...found.values()].sort(newestFirst);
}

/** How many wait to be asked for. */
export const waitingCount = (runs: Runs): number => runs.waiting.length + runs.more;

/** The list as the server has it now: its first page. Rows of later pages stay where they are. */
export function snapshot(runs: Runs, page: readonly ExecutionLine[], total: number, held: boolean): Runs {
  const known = { total, unsure: false };
  const whole = page.length >= total;
  if (!held || runs.rows.length === 0) {
    const end = page.at(-1)?.id;
    // Older pages go on below, unless newer rows may be missing between them and this page.
    const joins = end !== undefined && !whole && runs.rows.some((each) => each.id >= end);
    const older = joins ? runs.rows.filter((each) => each.id < end && !runs.gone.has(each.id)) : [];
    return { ...NONE, ...known, rows: [...page, ...older], complete: whole || (joins && runs.complete) };
  }
  const by = new Map(page.map((each) => [each.id, each]));
  const newest = runs.rows[0]?.id ?? "";
  const end = page.at(-1)?.id;
  const gone = new Set([...runs.gone].filter((id) => !by.has(id)));
  for (const each of runs.rows) if (!by.has(each.id) && (whole || (end !== undefined && each.id >= end))) gone.add(each.id);
  const waiting = page.filter((each) => each.id > newest);
  return {
    ...known,
    rows: runs.rows.map((each) => by.get(each.id) ?? each),
    waiting,
    more: 0,
    gone,
    complete: runs.complete,
    hole: waiting.length === page.length && page.length > 0,
  };
}

/** What became of it since. */
export function changes(runs: Runs, told: Changes, held: boolean): Runs {
  const shown = new Set(runs.rows.map((each) => each.id));
  const wait = new Set(runs.waiting.map((each) => each.id));
  const fresh = new Map(told.changed.map((each) => [each.id, each]));
  const away = new Set(told.gone.filter((id) => !fresh.has(id)));
  const newest = [runs.rows[0]?.id ?? "", runs.waiting[0]?.id ?? ""].sort()[1] ?? "";
  const oldest = runs.rows.at(-1)?.id;
  const came = told.changed.filter((each) => !shown.has(each.id) && !wait.has(each.id));
  const left = [...away].filter((id) => (shown.has(id) && !runs.gone.has(id)) || wait.has(id)).length;
  const next: Runs = {
    rows: runs.rows.map((each) => fresh.get(each.id) ?? each),
    waiting: runs.waiting.filter((each) => !away.has(each.id)).map((each) => fresh.get(each.id) ?? each),
    more: runs.more + told.more,
    gone: new Set([...runs.gone, ...[...away].filter((id) => shown.has(id))].filter((id) => !fresh.has(id))),
    total: Math.max(0, runs.total + came.filter((each) => each.id > newest).length + told.more - left),
    unsure: runs.unsure || told.more > 0 || away.size > 0 || came.some((each) => each.id <= newest),
    complete: runs.complete,
    hole: runs.hole || told.more > 0,
  };
  // What is older than all that is shown comes with its page, unless there is no further page.
  const fitting = came.filter((each) => runs.complete || oldest === undefined || each.id > oldest);
  const waits = { ...next, waiting: united(fitting, next.waiting) };
  return held ? waits : release(waits);
}

/** Show what waited, and let go what is gone. */
export function release(runs: Runs): Runs {
  if (runs.waiting.length === 0 && runs.gone.size === 0 && runs.more === 0) return runs;
  return {
    ...runs,
    rows: united(runs.waiting, runs.rows).filter((each) => !runs.gone.has(each.id)),
    waiting: [],
    more: 0,
    gone: new Set(),
  };
}

/** A page of older ones, asked for by the last row's id. last: it was shorter than a page. */
export function older(runs: Runs, page: readonly ExecutionLine[], last: boolean): Runs {
  return { ...runs, rows: united(runs.rows, page), complete: runs.complete || last };
}

/** Not more rows than so many: who looks at the top of a busy list does not keep all that went by. */
export function trimmed(runs: Runs, most: number): Runs {
  return runs.rows.length > most ? { ...runs, rows: runs.rows.slice(0, most), complete: false } : runs;
}
