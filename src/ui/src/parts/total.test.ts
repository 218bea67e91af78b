import { describe, expect, it } from "vitest";
import { totalText } from "@/parts/total";

describe("totalText", () => {
  it.each([
    [0, {}, "0"],
    [1200, {}, "1,200"],
    [10_000, {}, "10,000"],
    [10_001, {}, "10,000+"],
    [1_000, { q: "order" }, "1,000"],
    [1_001, { q: "order" }, "1,000+"],
    [1_001, { q: "" }, "1,001"],
  ])("%d of %j is %s", (total, filter, text) => {
    expect(totalText(total, filter)).toBe(text);
  });
});
