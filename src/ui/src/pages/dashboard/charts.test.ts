import { describe, expect, it } from "vitest";
import { barView, cellText, chartsOf, type DashboardShape, formatOf, kpiText, timeView } from "@/pages/dashboard/charts";

const SOURCE = `
title: T
charts:
  - id: time
    data:
      columns:
        date: {field: START_DATE}
        state: {field: STATE}
        total: {displayName: Executions, agg: COUNT}
        took: {field: DURATION, displayName: Took, agg: SUM, graphStyle: LINES}
  - id: bar
    data: {columns: {namespace: {field: NAMESPACE}, state: {field: STATE}, total: {agg: COUNT}}}
`;
const chart = (id: string, type: string, chartOptions: Record<string, unknown> = {}) => ({ id, type, chartOptions, content: null });
const dashboard = (sourceCode: string) =>
  ({
    sourceCode,
    charts: [
      chart("time", "TimeSeries", { displayName: "Runs", column: "date", colorByColumn: "state", width: 12 }),
      chart("bar", "Bar", { width: 99 }),
      chart("kpi", "KPI", { numberType: "PERCENTAGE" }),
    ],
  }) as unknown as DashboardShape;
const [time, bar, kpi] = chartsOf(dashboard(SOURCE));

describe("a dashboard's charts", () => {
  it("have their options from the API and their columns from the text", () => {
    expect(time).toMatchObject({ title: "Runs", along: "date", colours: "state", width: 12, percent: false });
    expect(time?.columns.map((each) => [each.title, each.agg, each.lines])).toEqual([
      ["date", "", false],
      ["state", "", false],
      ["Executions", "COUNT", false],
      ["Took", "SUM", true],
    ]);
    expect(bar).toMatchObject({ title: "bar", along: "namespace", colours: "state", width: 12 });
  });

  it("are there though the text cannot be read", () => {
    expect(chartsOf(dashboard("a: [")).map((each) => each.columns)).toEqual([[], [], []]);
  });
});

describe("a chart by time", () => {
  it("has bars by colour in one order, and lines on their own", () => {
    if (!time) throw new Error("no chart");
    const view = timeView(time, [
      { date: "2026-11-21T13:00:00Z", state: "FAILED", total: 1, took: 4 },
      { date: "2026-11-21T12:00:00Z", state: "SUCCESS", total: 5, took: 2 },
      { date: "2026-11-21T13:00:00Z", state: "SUCCESS", total: 7, took: null },
      { date: "garbage", state: "SUCCESS", total: 9, took: 1 },
    ]);
    expect(view.times).toEqual([Date.parse("2026-11-21T12:00:00Z"), Date.parse("2026-11-21T13:00:00Z")]);
    expect(view.bars?.series).toEqual([
      { label: "SUCCESS", family: "success", values: [5, 7] },
      { label: "FAILED", family: "failed", values: [null, 1] },
    ]);
    expect(view.lines.map((each) => each.series.values)).toEqual([[2, 4]]);
    expect(formatOf(view.lines[0]?.column)(2)).toBe("2.00 s");
  });
});

describe("bars", () => {
  it("are the largest first, with their parts", () => {
    if (!bar) throw new Error("no chart");
    const { bars } = barView(bar, [
      { namespace: "a", state: "SUCCESS", total: 1 },
      { namespace: "b", state: "FAILED", total: 2 },
      { namespace: "b", state: "SUCCESS", total: 3 },
    ]);
    expect(bars.map((each) => [each.name, each.total, each.parts.map((part) => part.label)])).toEqual([
      ["b", 5, ["SUCCESS", "FAILED"]],
      ["a", 1, ["SUCCESS"]],
    ]);
  });
});

describe("words", () => {
  it("of a KPI and of cells", () => {
    if (!kpi || !time) throw new Error("no chart");
    expect(kpiText(kpi, [{ value: 89.24 }], false)).toBe("89.2 %");
    expect(kpiText(kpi, [], false)).toBe("–");
    expect(kpiText({ ...kpi, percent: false }, [{ value: 2 }], true)).toBe("2.00 s");
    const of = { name: "x", title: "x", field: "LABELS", agg: "", lines: false };
    expect(cellText(of, { team: "blue" })).toBe("team: blue");
    expect(cellText({ ...of, field: "DURATION" }, "PT0.5S")).toBe("500 ms");
    expect(cellText(of, null)).toBe("–");
  });
});
