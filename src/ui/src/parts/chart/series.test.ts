import { describe, expect, it } from "vitest";
import { colourOf, numberText, stack, summaryOf } from "@/parts/chart/series";

describe("layers", () => {
  it("stand on those below them; what is unknown adds nothing", () => {
    expect(
      stack([
        [1, null, 3],
        [2, 5, null],
      ]),
    ).toEqual([
      [1, 0, 3],
      [3, 5, 3],
    ]);
  });
});

describe("numbers", () => {
  it.each([
    [0, "0"],
    [0.256, "0.26"],
    [12.34, "12.3"],
    [1234, "1,234"],
    [12_345, "12.3k"],
    [2_500_000, "2.5M"],
    [Number.NaN, "–"],
  ])("%d is %s", (value, text) => expect(numberText(value)).toBe(text));
});

describe("a chart in words", () => {
  it("says what was highest, and when there was nothing", () => {
    expect(summaryOf("Rates", [{ label: "Failed", values: [1, 4, null] }], "per minute")).toBe("Rates: Failed at most 4 per minute.");
    expect(summaryOf("Rates", [{ label: "Failed", values: [0] }], "")).toBe("Rates: nothing in this time.");
  });
});

describe("a colour", () => {
  it("is a state's for states and levels, else a tone", () => {
    expect(colourOf("FAILED", 2)).toEqual({ family: "failed" });
    expect(colourOf("warn", 0)).toEqual({ family: "warning" });
    expect(colourOf("shop", 1)).toEqual({ accent: 1 });
    expect(colourOf("shop", 9)).toEqual({ accent: 3 });
  });
});
