/** What a chart of a dashboard's YAML is drawn from: its definition, read from the text, and its rows, as series and bars. Pure. */
import { parse } from "yaml";
import type { components } from "@/api/schema";
import { type Span, stepsOf } from "@/pages/dashboard/numbers";
import { colourOf, numberText, type Series } from "@/parts/chart/series";
import { durationText, parseDuration } from "@/parts/time";

export type DashboardShape = components["schemas"]["DashboardShape"];
/** A row of a chart, by the names of its columns. */
export type Row = Record<string, unknown>;

/** A column as the YAML has it. */
export interface ColumnOf {
  name: string;
  title: string;
  field: string;
  /** COUNT, SUM …; empty: what rows are counted by. */
  agg: string;
  lines: boolean;
}

/** A chart, as the page needs it. */
export interface ChartOf {
  id: string;
  /** TimeSeries, Bar, Pie, Table, KPI, Markdown. */
  type: string;
  title: string;
  about: string;
  /** Of twelve. */
  width: number;
  columns: ColumnOf[];
  /** The column that stands along the chart, and the one that gives colours. */
  along: string;
  colours: string;
  percent: boolean;
  /** It counts lines: in fewer steps of time. */
  logs: boolean;
  content: string;
}

const record = (given: unknown): Row => (typeof given === "object" && given !== null && !Array.isArray(given) ? (given as Row) : {});
const text = (given: unknown): string => (typeof given === "string" ? given : "");

/** The charts of a dashboard. The API says each chart's options; its columns are in the text only. */
export function chartsOf(dashboard: DashboardShape): ChartOf[] {
  let source: unknown;
  try {
    source = parse(dashboard.sourceCode);
  } catch {
    source = null; // the server read it, so this does not happen; the charts are then without titles of columns
  }
  const written = record(source).charts;
  const by = new Map((Array.isArray(written) ? written : []).map((each) => [text(record(each).id), record(each)]));
  return dashboard.charts.map((chart) => {
    const options = record(chart.chartOptions);
    const columns = columnsOf(record(record(by.get(chart.id)).data).columns);
    const dimensions = columns.filter((each) => each.agg === "");
    const along = text(options.column) || (dimensions[0]?.name ?? "");
    return {
      id: chart.id,
      type: chart.type,
      title: text(options.displayName) || chart.id,
      about: text(options.description),
      width: Math.min(12, Math.max(1, Math.round(Number(options.width ?? 6)) || 6)),
      columns,
      along,
      colours: text(options.colorByColumn) || (dimensions.find((each) => each.name !== along)?.name ?? ""),
      logs: text(record(record(by.get(chart.id)).data).type).includes("Logs"),
      percent: text(options.numberType).toUpperCase() === "PERCENTAGE",
      content: text(chart.content),
    };
  });
}

function columnsOf(given: unknown): ColumnOf[] {
  return Object.entries(record(given))
    .filter(([, column]) => typeof column === "object" && column !== null)
    .map(([name, column]) => {
      const said = record(column);
      return {
        name,
        title: text(said.displayName) || name,
        field: text(said.field).toUpperCase(),
        agg: text(said.agg).toUpperCase(),
        lines: text(said.graphStyle).toUpperCase() === "LINES",
      };
    });
}

const measures = (chart: ChartOf): ColumnOf[] => chart.columns.filter((each) => each.agg !== "");
const number = (given: unknown): number | null => (typeof given === "number" && Number.isFinite(given) ? given : null);

/** How values of a column are written; those of durations are seconds. */
export function formatOf(column: ColumnOf | undefined): (value: number) => string {
  return column?.field === "DURATION" ? (value) => durationText(value * 1000) : numberText;
}

/** A time chart: bars of its first measure by colour; each measure that is drawn as a line on its own. */
export interface TimeView {
  times: number[];
  /** How long each is, in ms; 0: unknown. */
  step: number;
  bars: { column: ColumnOf; series: Series[] } | null;
  lines: { column: ColumnOf; series: Series }[];
}

/** Steps of time in which lines are counted. */
const MOST_LOG_STEPS = 62;

/** What a TimeSeries shows. span: of which time; its steps without anything are there, too. */
export function timeView(chart: ChartOf, rows: readonly Row[], span?: Span): TimeView {
  const at = (row: Row) => Date.parse(text(row[chart.along]));
  const found = [...new Set(rows.map(at))].filter((each) => !Number.isNaN(each)).sort((one, other) => one - other);
  const { times, step } = span ? stepsOf(found, span, chart.logs ? MOST_LOG_STEPS : undefined) : { times: found, step: 0 };
  const place = new Map(times.map((each, index) => [each, index]));
  const all = measures(chart);
  const bar = all.find((each) => !each.lines) ?? all[0];
  const values = (of: readonly Row[], column: ColumnOf, add: boolean) => {
    const found: (number | null)[] = times.map(() => null);
    for (const row of of) {
      const [index, value] = [place.get(at(row)), number(row[column.name])];
      if (index !== undefined && value !== null) found[index] = (add ? (found[index] ?? 0) : 0) + value;
    }
    return found;
  };
  return {
    times,
    step,
    bars: bar
      ? {
          column: bar,
          series: groups(chart, rows).map(([label, of], index) => ({
            label: label || bar.title,
            ...colourOf(label, index),
            values: values(of, bar, true),
          })),
        }
      : null,
    lines: all
      .filter((each) => each.lines && each !== bar)
      .map((column) => ({ column, series: { label: column.title, accent: 0, values: values(rows, column, true) } })),
  };
}

/** The order in which colours are stacked: what is well below, what failed on top. */
const ORDER = [
  "SUCCESS",
  "RUNNING",
  "PAUSED",
  "QUEUED",
  "CREATED",
  "WARNING",
  "KILLED",
  "CANCELLED",
  "FAILED",
  "TRACE",
  "DEBUG",
  "INFO",
  "WARN",
  "ERROR",
];

function groups(chart: ChartOf, rows: readonly Row[]): [string, Row[]][] {
  const found = new Map<string, Row[]>();
  for (const row of rows) {
    const name = chart.colours ? String(row[chart.colours] ?? "") : "";
    found.set(name, [...(found.get(name) ?? []), row]);
  }
  const rank = (name: string) => ORDER.indexOf(name);
  return [...found].sort(([one], [other]) => rank(one) - rank(other) || one.localeCompare(other));
}

/** A bar: a name, its parts, their sum. */
export interface BarOf {
  name: string;
  parts: { label: string; value: number; colour: Pick<Series, "family" | "accent"> }[];
  total: number;
}

/** What a Bar or a Pie shows, the largest first. */
export function barView(chart: ChartOf, rows: readonly Row[]): { column: ColumnOf | undefined; bars: BarOf[] } {
  const column = measures(chart)[0];
  const along = chart.along;
  const names = [...new Set(rows.map((row) => String(row[along] ?? "–")))];
  const colours = chart.colours === along ? "" : chart.colours;
  const of = groups({ ...chart, colours }, rows);
  const bars = names.map((name) => {
    const parts = of.flatMap(([label, group], index) => {
      const value = group
        .filter((row) => String(row[along] ?? "–") === name)
        .reduce((sum, row) => sum + (number(row[column?.name ?? ""]) ?? 0), 0);
      return value > 0 ? [{ label: label || name, value, colour: label ? colourOf(label, index) : colourOf(name, 0) }] : [];
    });
    return { name, parts, total: parts.reduce((sum, part) => sum + part.value, 0) };
  });
  return { column, bars: bars.sort((one, other) => other.total - one.total || one.name.localeCompare(other.name)) };
}

/** A cell of a table in words. */
export function cellText(column: ColumnOf, value: unknown): string {
  if (value === null || value === undefined) return "–";
  if (column.field === "DURATION") return durationText(typeof value === "number" ? value * 1000 : parseDuration(String(value)));
  if (typeof value === "number") return numberText(value);
  if (typeof value === "object")
    return Object.entries(value)
      .map(([key, each]) => `${key}: ${String(each)}`)
      .join(", ");
  return String(value);
}

/** The one number of a KPI in words. */
export function kpiText(chart: ChartOf, rows: readonly Row[], duration: boolean): string {
  const value = number(rows[0]?.value);
  if (value === null) return "–";
  if (chart.percent) return `${value.toLocaleString("en", { maximumFractionDigits: 1 })} %`;
  return duration ? durationText(value * 1000) : numberText(value);
}
