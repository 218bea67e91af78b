/**
 * What a list of executions is filtered by: read from an address, written into one, and asked of the API.
 *
 * The names are the API's own, so that an address reads as the query that it makes: `?state=FAILED&labels=team:blue&timeRange=P1D`.
 * What an address holds was typed by anybody: what has no meaning is left out, never thrown.
 */
import type { StateName } from "@/api/types";
import { STATES } from "@/parts/states";

/** All that can be asked; absent means any. */
export interface FilterValues {
  q?: string;
  namespace?: string;
  flowId?: string;
  state?: StateName[];
  /** Each as `key:value`. */
  labels?: string[];
  /** A duration until now (`P1D`, `PT15M`), or `today`. */
  timeRange?: string;
  /** ISO 8601, both or one; not with timeRange. */
  startDate?: string;
  endDate?: string;
  triggerId?: string;
  parentId?: string;
  correlationId?: string;
  childFilter?: "CHILD" | "MAIN";
}

/** What the API is asked: the same, with `today` as an instant. */
export type FilterQuery = Omit<FilterValues, "timeRange"> & { timeRange?: string };

const TEXTS = ["q", "namespace", "flowId", "triggerId", "parentId", "correlationId"] as const;
const KNOWN: ReadonlySet<string> = new Set(STATES);
const RANGE = /^(P[0-9]{1,3}D|PT[0-9]{1,3}[HM])$/;
const LONGEST = 500;

const all = (given: unknown): string[] =>
  (Array.isArray(given) ? given : [given]).filter((each): each is string => typeof each === "string" && each !== "");
const last = (given: unknown): string | undefined => all(given).at(-1)?.slice(0, LONGEST).trim() || undefined;
const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];

function instant(given: unknown): string | undefined {
  const at = Date.parse(last(given) ?? "");
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}

/** What an address asks for; garbage in it asks for nothing. */
export function readFilters(given: Record<string, unknown>): FilterValues {
  const found: FilterValues = {};
  for (const name of TEXTS) {
    const text = last(given[name]);
    if (text !== undefined) found[name] = text;
  }
  const states = unique(
    all(given.state)
      .flatMap((each) => each.split(","))
      .map((each) => each.trim().toUpperCase()),
  ).filter((each): each is StateName => KNOWN.has(each));
  if (states.length > 0) found.state = states;
  const labels = unique(all(given.labels).map((each) => each.trim())).filter(isLabel);
  if (labels.length > 0) found.labels = labels.slice(0, 20);
  const child = last(given.childFilter)?.toUpperCase();
  if (child === "CHILD" || child === "MAIN") found.childFilter = child;
  const range = last(given.timeRange);
  if (range === "today" || (range !== undefined && RANGE.test(range))) found.timeRange = range;
  else {
    const [start, end] = [instant(given.startDate), instant(given.endDate)];
    if (start !== undefined) found.startDate = start;
    if (end !== undefined && (start === undefined || end > start)) found.endDate = end;
  }
  return found;
}

/** Whether a text is a label to filter by: `key:value`, none of them empty. */
export function isLabel(text: string): boolean {
  const cut = text.indexOf(":");
  return cut > 0 && cut < text.length - 1 && text.length <= LONGEST;
}

/** Whether nothing is asked. */
export const isAny = (values: FilterValues): boolean => Object.keys(values).length === 0;

/** The same question, whatever the order in which it was put together. */
export function filterKey(values: FilterValues): string {
  return JSON.stringify(values, Object.keys(values).sort());
}

/** What the API is asked. now: `today` begins at its midnight, in the user's time zone. */
export function filterQuery(values: FilterValues, now: Date = new Date()): FilterQuery {
  if (values.timeRange !== "today") return values;
  const { timeRange: _, ...rest } = values;
  return { ...rest, startDate: new Date(now.getFullYear(), now.getMonth(), now.getDate()).toISOString() };
}

/** A query of an address or of the API as text; lists are repeated. */
export function queryText(query: Record<string, unknown>): string {
  const made = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    for (const each of Array.isArray(value) ? value : [value])
      if (each !== undefined && each !== null && each !== "") made.append(name, String(each));
  return made.toString();
}

/** The times that are offered, with their words. */
export const RANGES = [
  { value: "PT15M", label: "Last 15 minutes" },
  { value: "PT1H", label: "Last hour" },
  { value: "PT6H", label: "Last 6 hours" },
  { value: "today", label: "Today" },
  { value: "P1D", label: "Last 24 hours" },
  { value: "P7D", label: "Last 7 days" },
  { value: "P30D", label: "Last 30 days" },
] as const;

/** A time in words: `Last 24 hours`, `since Nov 21, 12:00`. */
export function timeText(values: Pick<FilterValues, "timeRange" | "startDate" | "endDate">): string {
  const { timeRange, startDate, endDate } = values;
  if (timeRange !== undefined) return RANGES.find((each) => each.value === timeRange)?.label ?? `Last ${lengthText(timeRange)}`;
  if (startDate && endDate) return `${dayText(startDate)} – ${dayText(endDate)}`;
  if (startDate) return `Since ${dayText(startDate)}`;
  return endDate ? `Until ${dayText(endDate)}` : "Any time";
}

function lengthText(range: string): string {
  const found = /^PT?(\d+)([DHM])$/.exec(range);
  const unit = { D: "day", H: "hour", M: "minute" }[found?.[2] ?? ""] ?? "";
  const count = Number(found?.[1] ?? 0);
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

const dayText = (at: string): string =>
  new Date(at).toLocaleString(undefined, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });
