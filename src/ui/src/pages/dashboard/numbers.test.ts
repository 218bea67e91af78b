import { describe, expect, it } from "vitest";
import { byFlow, type Daily, layersOf, pageOfPart, percentText, spanOf, stepsOf, totalsOf } from "@/pages/dashboard/numbers";

const step = (startDate: string, executionCounts: Record<string, number>): Daily => ({
  startDate,
  executionCounts,
  groupBy: "minute",
  duration: { min: "PT0S", avg: "PT0S", max: "PT0S", sum: "PT0S", count: 0 },
});
const STEPS = [
  step("2026-11-21T12:00:00Z", { SUCCESS: 8, FAILED: 1 }),
  step("2026-11-21T12:01:00Z", { SUCCESS: 1, WARNING: 1, RUNNING: 2, SKIPPED: 4 }),
];

describe("executions by time", () => {
  it("are layers by what their states mean, without those that are empty", () => {
    const { series, times, unit, step: width } = layersOf(STEPS);
    expect(series.map((each) => [each.label, each.values])).toEqual([
      ["Success", [8, 1]],
      ["Running", [0, 2]],
      ["Waiting", [0, 4]],
      ["Warning", [0, 1]],
      ["Failed", [1, 0]],
    ]);
    expect([times.length, unit, width]).toEqual([2, "per minute", 60_000]);
    expect(layersOf([]).series).toEqual([]);
  });

  it("are counted: the share is of those that ended", () => {
    expect(totalsOf(STEPS, { from: 0, until: 120_000 })).toEqual({ all: 17, failed: 1, ended: 11, ratio: 10 / 11, perMinute: 8.5 });
    expect(totalsOf([], { from: 0, until: 0 }).ratio).toBeNull();
  });
});

describe("a share", () => {
  it.each([
    [1, "100 %"],
    [0.9999, "99.9 %"],
    [0.5, "50.0 %"],
    [0.0001, "0.1 %"],
    [0, "0 %"],
    [null, "–"],
  ])("%s is %s", (ratio, text) => expect(percentText(ratio)).toBe(text));
});

describe("a time", () => {
  const now = Date.parse("2026-11-21T12:00:00Z");
  it("ends now, or is the one that was drawn", () => {
    expect(spanOf({}, now)).toEqual({ from: now - 86_400_000, until: now });
    expect(spanOf({ timeRange: "PT15M" }, now).from).toBe(now - 900_000);
    const drawn = { startDate: "2026-11-21T10:00:00.000Z", endDate: "2026-11-21T11:00:00.000Z" };
    expect(spanOf(drawn, now)).toEqual({ from: now - 7_200_000, until: now - 3_600_000 });
  });
});

describe("the place of a percentile", () => {
  it("is counted from the longest", () => {
    expect(pageOfPart(100, 0.99)).toBe(2);
    expect(pageOfPart(100, 0.5)).toBe(51);
    expect(pageOfPart(1, 0.99)).toBe(1);
    expect(pageOfPart(3, 0.5)).toBe(2);
  });
});

describe("steps of time", () => {
  it("are there though nothing was in them", () => {
    const hour = 3_600_000;
    const { times, step } = stepsOf([10 * hour], { from: 7.5 * hour, until: 7.5 * hour + 7 * hour });
    expect(step).toBe(hour);
    expect(times).toEqual([7, 8, 9, 10, 11, 12, 13, 14].map((each) => each * hour));
  });

  it("are longer where there may not be so many", () => {
    expect(stepsOf([0], { from: 0, until: 6 * 3_600_000 }, 62).step).toBe(3_600_000);
  });

  it("of nothing are none", () => {
    expect(stepsOf([], { from: 0, until: 1000 }).times).toEqual([]);
  });
});

describe("failures", () => {
  it("are shown once for each flow, the newest first", () => {
    const line = (id: string, flowId: string) => ({ id, namespace: "n", flowId });
    expect(byFlow([line("3", "a"), line("2", "b"), line("1", "a")]).map((each) => [each.newest.id, each.count])).toEqual([
      ["3", 2],
      ["2", 1],
    ]);
  });
});
