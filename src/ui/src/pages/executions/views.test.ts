import { describe, expect, it } from "vitest";
import { readViews, USUAL, viewOf, withView } from "@/pages/executions/views";

describe("saved views", () => {
  it("are read from what is kept, and garbage is left out", () => {
    const kept = [{ name: " mine ", filter: { state: ["FAILED", "X"], evil: 1 } }, null, 7, { name: "" }, { name: "no filter" }];
    expect(readViews(kept)).toEqual([{ name: "mine", filter: { state: ["FAILED"] } }]);
    expect(readViews("x")).toEqual([]);
  });

  it("are there once for each name", () => {
    const one = withView([], { name: "a", filter: { q: "x" } });
    expect(withView(one, { name: "a", filter: { q: "y" } })).toEqual([{ name: "a", filter: { q: "y" } }]);
  });

  it("are known by their filter, in whatever order it was put together", () => {
    expect(viewOf(USUAL, { timeRange: "today", state: ["FAILED"] })?.name).toBe("Failed today");
    expect(viewOf(USUAL, { q: "x" })).toBeUndefined();
  });

  it("that everybody has survive an address", () => {
    for (const view of USUAL) expect(readViews([view])).toEqual([view]);
  });
});
