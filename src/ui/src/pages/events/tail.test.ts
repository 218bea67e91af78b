import { describe, expect, it } from "vitest";
import { appended, beginOf, type CloudEvent, matches, tailPath, taken } from "@/pages/events/tail";

const event = (position: number, data: unknown = {}, more: Partial<CloudEvent> = {}) =>
  taken(position, { id: `e${position}`, source: "onbeat", type: "io.onbeat.event", time: "2026-11-21T12:00:00Z", data, ...more });

describe("events that are kept", () => {
  it("are in order, each once", () => {
    const before = [event(1), event(3)];
    expect(appended(before, [event(3), event(4)]).map(({ position }) => position)).toEqual([1, 3, 4]);
    expect(appended(before, [event(2)])).toBe(before);
  });

  it("give way to newer ones", () => {
    expect(appended([event(1), event(2)], [event(3), event(4)], 3).map(({ position }) => position)).toEqual([2, 3, 4]);
  });

  it("are shown in a line of bounded length", () => {
    expect(event(1, { text: "x".repeat(10_000) }).line.length).toBe(400);
    expect(event(1, null).line).toBe("null");
  });
});

describe("a filter of events", () => {
  const paid = event(1, { total: 20, country: "DE", note: "Paid at once" }, { partitionkey: "k7" });

  it.each([
    ["", true],
    ["paid", true],
    ["PAID once", true],
    ["paid never", false],
    ["-paid", false],
    ["-refund", true],
    ["k7", true],
    ["data.total=20", true],
    ["data.total=2", false],
    ["data.country=de", true],
    ["-data.country=fr", true],
    ["data.missing=1", false],
    ["-", false],
  ])("%j: %s", (asked, holds) => {
    expect(matches(paid, asked)).toBe(holds);
  });
});

describe("where a tail begins", () => {
  it("is as the address says", () => {
    expect(beginOf("now", 10, 0)).toEqual({ from: "now" });
    expect(beginOf("earliest", 10, 0)).toEqual({ from: "earliest" });
    expect(beginOf("42", 10, 0)).toEqual({ after: 42 });
    expect(beginOf("hour", 10, 3_600_000)).toEqual({ from: "1970-01-01T00:00:00.000Z" });
  });

  it("is all of a small topic, and now of a large or unknown one", () => {
    expect(beginOf(undefined, 0, 0)).toEqual({ from: "earliest" });
    expect(beginOf("nonsense", 5001, 0)).toEqual({ from: "now" });
    expect(beginOf(undefined, undefined, 0)).toEqual({ from: "now" });
  });

  it("is written for a topic of any name", () => {
    expect(tailPath("a b/c", { after: 3 })).toBe("/events/a%20b%2Fc/tail?after=3");
    expect(tailPath("orders", { from: "2026-11-21T12:00:00+01:00" })).toBe("/events/orders/tail?from=2026-11-21T12%3A00%3A00%2B01%3A00");
  });
});
