/** What a dashboard says of executions: layers of a chart, rates, shares. Pure. */
import type { components } from "@/api/schema";
import type { StateName } from "@/api/types";
import type { Series } from "@/parts/chart/series";
import type { FilterValues } from "@/parts/filter/values";
import { ended, FAMILY, type Family, STATES } from "@/parts/states";

/** How many executions were created in a step of time, by the state that they are in now. */
export type Daily = components["schemas"]["Daily"];

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** How long a step of the API's is. */
const STEP: Record<string, number> = { minute: MINUTE, hour: HOUR, day: DAY, week: 7 * DAY, month: 30 * DAY };

/** The times that are offered. */
export const TIMES = [
  { value: "PT1H", label: "1 h" },
  { value: "PT6H", label: "6 h" },
  { value: "P1D", label: "24 h" },
  { value: "P7D", label: "7 d" },
  { value: "P30D", label: "30 d" },
] as const;

/** What is shown where the address says no time. */
export const USUAL_TIME = "P1D";

/** A time as two instants, in ms. */
export interface Span {
  from: number;
  until: number;
}

/** From when until when. */
export function spanOf(time: Pick<FilterValues, "timeRange" | "startDate" | "endDate">, now: number): Span {
  const until = time.endDate ? Date.parse(time.endDate) : now;
  if (time.startDate) return { from: Date.parse(time.startDate), until };
  const range = time.endDate && !time.timeRange ? "P1D" : (time.timeRange ?? USUAL_TIME);
  if (range === "today") return { from: new Date(new Date(now).setHours(0, 0, 0, 0)).getTime(), until };
  const found = /^PT?(\d+)([DHM])$/.exec(range);
  const unit = { D: DAY, H: HOUR, M: MINUTE }[found?.[2] ?? "D"] ?? DAY;
  return { from: until - Number(found?.[1] ?? 1) * unit, until };
}

/** From the ground up: what is well is below, what failed on top, where it is seen. */
const LAYERS: readonly { family: Family; label: string }[] = [
  { family: "success", label: "Success" },
  { family: "running", label: "Running" },
  { family: "paused", label: "Paused" },
  { family: "waiting", label: "Waiting" },
  { family: "stopped", label: "Stopped" },
  { family: "warning", label: "Warning" },
  { family: "failed", label: "Failed" },
];

/** The layers of a chart; those that nothing is in are left out. */
export function layersOf(steps: readonly Daily[]): { times: number[]; series: Series[]; step: number; unit: string } {
  const times = steps.map((each) => Date.parse(each.startDate));
  const by = steps[0]?.groupBy ?? "hour";
  const series = LAYERS.map(({ family, label }) => ({
    label,
    family,
    values: steps.map((each) => sum(STATES.filter((state) => FAMILY[state] === family).map((state) => each.executionCounts[state] ?? 0))),
  })).filter((each) => each.values.some((value) => value > 0));
  return { times, series, step: STEP[by] ?? HOUR, unit: `per ${by}` };
}

/** All executions of a time, counted. */
export interface Totals {
  all: number;
  failed: number;
  ended: number;
  /** Of those that ended: how many succeeded, with or without a warning; null: none ended. */
  ratio: number | null;
  /** On average. */
  perMinute: number;
}

/** How many, how many of them well, and how often. */
export function totalsOf(steps: readonly Daily[], span: Span): Totals {
  const of = (states: readonly StateName[]) => sum(steps.flatMap((each) => states.map((state) => each.executionCounts[state] ?? 0)));
  const all = of(STATES);
  const over = of(STATES.filter((state) => ended(state) && state !== "SKIPPED" && state !== "RETRIED"));
  return {
    all,
    failed: of(["FAILED"]),
    ended: over,
    ratio: over === 0 ? null : of(["SUCCESS", "WARNING"]) / over,
    perMinute: all / Math.max(1, (span.until - span.from) / MINUTE),
  };
}

/** A share in per cent; never 100 while one failed, nor 0 while one succeeded. */
export function percentText(ratio: number | null): string {
  if (ratio === null) return "–";
  if (ratio === 1 || ratio === 0) return `${ratio * 100} %`;
  return `${Math.min(99.9, Math.max(0.1, Math.round(ratio * 1000) / 10)).toFixed(1)} %`;
}

/** On which page of one row each the value is, of so many that go down, so that `part` of all are not longer. */
export function pageOfPart(count: number, part: number): number {
  return Math.max(1, count - Math.ceil(part * count) + 1);
}

/** The steps of a chart by time that the API counts in: those that it found, and between and around them those with nothing. */
export function stepsOf(found: readonly number[], span: Span, most = Number.POSITIVE_INFINITY): { times: number[]; step: number } {
  const length = span.until - span.from;
  const fitting = length > 365 * DAY ? 4 : length > 180 * DAY ? 3 : length > DAY ? 2 : length > 6 * HOUR ? 1 : 0;
  const lengths = [MINUTE, HOUR, DAY, 7 * DAY, 30 * DAY];
  const at = length / (lengths[fitting] ?? DAY) > most ? Math.min(fitting + 1, 4) : fitting;
  const step = lengths[at] ?? DAY;
  const anchor = found[0];
  if (anchor === undefined || at === 4) return { times: [...found], step };
  const times = new Set(found);
  for (let time = anchor - step; time > span.from - step; time -= step) times.add(time);
  for (let time = anchor + step; time < span.until; time += step) times.add(time);
  return { times: [...times].sort((one, other) => one - other).slice(-MOST_STEPS), step };
}

const MOST_STEPS = 2_000;

/** Executions of one flow that failed: the newest of them, and how many. */
export interface FailedFlow<Line> {
  newest: Line;
  count: number;
}

/** The newest failure of each flow, in the order in which they came. */
export function byFlow<Line extends { namespace: string; flowId: string }>(lines: readonly Line[]): FailedFlow<Line>[] {
  const found = new Map<string, FailedFlow<Line>>();
  for (const line of lines) {
    const name = `${line.namespace}/${line.flowId}`;
    const known = found.get(name);
    if (known) known.count += 1;
    else found.set(name, { newest: line, count: 1 });
  }
  return [...found.values()];
}

const sum = (values: readonly number[]): number => values.reduce((all, each) => all + each, 0);
