import { describe, expect, it } from "vitest";
import { filterKey, filterQuery, isAny, queryText, readFilters, timeText } from "@/parts/filter/values";

/** As the router reads an address. */
function parsed(text: string): Record<string, unknown> {
  const found: Record<string, string | string[]> = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const before = found[name];
    found[name] = before === undefined ? value : Array.isArray(before) ? [...before, value] : [before, value];
  }
  return found;
}

describe("filters in an address", () => {
  it("come back from the address that they make", () => {
    const values = readFilters(
      parsed("q=order+7&namespace=shop.eu&flowId=pay&state=FAILED&state=KILLED&labels=team:blue&labels=a:b:c&timeRange=P1D&triggerId=t"),
    );
    expect(values).toEqual({
      q: "order 7",
      namespace: "shop.eu",
      flowId: "pay",
      triggerId: "t",
      state: ["FAILED", "KILLED"],
      labels: ["team:blue", "a:b:c"],
      timeRange: "P1D",
    });
    expect(readFilters(parsed(queryText({ ...values })))).toEqual(values);
  });

  it("come back with a time of one's own", () => {
    const values = readFilters({ startDate: "2026-11-20T00:00:00Z", endDate: "2026-11-21T00:00:00Z" });
    expect(values).toEqual({ startDate: "2026-11-20T00:00:00.000Z", endDate: "2026-11-21T00:00:00.000Z" });
    expect(readFilters(parsed(queryText({ ...values })))).toEqual(values);
  });

  it.each([
    "state=NONSENSE",
    "state=",
    "labels=noColon&labels=:x&labels=x:",
    "timeRange=P9999D",
    "timeRange=yesterday",
    "startDate=tomorrow",
    "childFilter=UNCLE",
    "page=7&__proto__=x&constructor=y",
    "q=++",
  ])("ask for nothing when they are garbage: %s", (text) => {
    expect(isAny(readFilters(parsed(text)))).toBe(true);
  });

  it("take what is not text as nothing", () => {
    expect(readFilters({ q: 7, state: [null, { x: 1 }], labels: undefined, namespace: ["a", "b"] })).toEqual({ namespace: "b" });
  });

  it("take states in any case, several in one, each once", () => {
    expect(readFilters({ state: ["failed,killed", "FAILED"] }).state).toEqual(["FAILED", "KILLED"]);
  });

  it("leave out an end before the start", () => {
    expect(readFilters({ startDate: "2026-11-21", endDate: "2026-11-20" })).toEqual({ startDate: "2026-11-21T00:00:00.000Z" });
  });

  it("mean the same in any order", () => {
    expect(filterKey({ q: "a", namespace: "b" })).toBe(filterKey({ namespace: "b", q: "a" }));
  });
});

describe("what the API is asked", () => {
  it("has today as its midnight", () => {
    const now = new Date(2026, 10, 21, 22, 30);
    expect(filterQuery({ timeRange: "today", q: "x" }, now)).toEqual({ q: "x", startDate: new Date(2026, 10, 21).toISOString() });
  });

  it("repeats lists and leaves out what is empty", () => {
    expect(queryText({ state: ["FAILED", "KILLED"], q: "", size: 3, namespace: undefined })).toBe("state=FAILED&state=KILLED&size=3");
  });
});

describe("a time in words", () => {
  it("is one that is offered, or its length", () => {
    expect(timeText({ timeRange: "P1D" })).toBe("Last 24 hours");
    expect(timeText({ timeRange: "PT45M" })).toBe("Last 45 minutes");
    expect(timeText({})).toBe("Any time");
  });
});
