import { describe, expect, it } from "vitest";
import { histogramOf, quantile } from "@/pages/dashboard/prometheus";

const TEXT = `# HELP took_seconds How long.
# TYPE took_seconds histogram
took_seconds_bucket{flow="a, b",le="0.1"} 5.0
took_seconds_bucket{flow="a, b",le="1.0"} 9.0
took_seconds_bucket{flow="a, b",le="+Inf"} 10.0
took_seconds_bucket{flow="c",le="0.1"} 5.0
took_seconds_bucket{flow="c",le="1.0"} 9.0
took_seconds_bucket{flow="c",le="+Inf"} 10.0
took_seconds_count{flow="c"} 10.0
took_seconds_sum{flow="c"} 3.5
took_seconds_bucket_other{le="0.1"} 99
other_took_seconds_bucket{le="0.1"} 99
broken_bucket{le=
`;

describe("a histogram", () => {
  it("is read with all labels together", () => {
    expect(histogramOf(TEXT, "took_seconds")).toEqual([
      { le: 0.1, count: 10 },
      { le: 1, count: 18 },
      { le: Number.POSITIVE_INFINITY, count: 20 },
    ]);
  });

  it("that is not there, or broken, is empty", () => {
    expect(histogramOf(TEXT, "none")).toEqual([]);
    expect(histogramOf(TEXT, "broken")).toEqual([]);
    expect(quantile([], 0.5)).toBeNull();
    expect(quantile([{ le: 1, count: 0 }], 0.5)).toBeNull();
  });
});

describe("a percentile", () => {
  const histogram = histogramOf(TEXT, "took_seconds");
  it.each([
    [0.5, 0.1],
    [0.25, 0.05],
    [0.7, 0.55],
    [0.9, 1],
    [0.99, 1],
    [0, 0],
  ])("%d of all is below %d", (part, value) => expect(quantile(histogram, part)).toBeCloseTo(value, 10));

  it("is not in an empty bucket", () => {
    const gap = [
      { le: 1, count: 0 },
      { le: 2, count: 0 },
      { le: 4, count: 4 },
      { le: Number.POSITIVE_INFINITY, count: 4 },
    ];
    expect(quantile(gap, 0.5)).toBe(3);
    expect(quantile(gap, 1)).toBe(4);
  });
});
