import { describe, expect, it } from "vitest";
import { moved, placeOf, spaced, ticks, tickText, whole, zoomed } from "@/gantt/time";

const all = { from: 1000, to: 11_000 };

describe("time axis", () => {
  it("shows all of what has ended, also where it took no time", () => {
    expect(whole(0, 500, 9e9)).toEqual({ from: 0, to: 500 });
    const { from, to } = whole(5, 5, 0);
    expect(to).toBeGreaterThan(from);
  });

  it("keeps free space ahead of now while it runs, and moves seldom", () => {
    const ends = new Set<number>();
    for (let now = 0; now < 60_000; now += 1000) {
      const { to } = whole(0, null, now);
      expect(to).toBeGreaterThan(now);
      ends.add(to);
    }
    expect(ends.size).toBeLessThan(14);
  });

  it("zooms about an instant that keeps its place", () => {
    const near = zoomed(all, 0.5, 3500, all);
    expect(placeOf(3500, near)).toBeCloseTo(placeOf(3500, all));
    expect(near.to - near.from).toBeCloseTo(5000);
  });

  it("never leaves what there is, nor gets shorter than can be told apart", () => {
    expect(zoomed({ from: 2000, to: 3000 }, 100, 2500, all)).toEqual(all);
    expect(moved({ from: 1000, to: 2000 }, -3, all)).toEqual({ from: 1000, to: 2000 });
    expect(moved({ from: 9000, to: 10_500 }, 2, all)).toEqual({ from: 9500, to: 11_000 });
    let span = all;
    for (let n = 0; n < 100; n += 1) span = zoomed(span, 0.5, 5000, all);
    expect(span.to - span.from).toBeCloseTo(0.02);
  });

  it("has ticks at round distances from the start", () => {
    expect(ticks({ from: 0, to: 2061 }, 0, 8).map((each) => each.label)).toEqual(["0", "500 ms", "1 s", "1.5 s", "2 s"]);
    expect(ticks({ from: 1000, to: 1000.9 }, 1000, 5).map((each) => each.label)).toEqual(["0", "200 µs", "400 µs", "600 µs", "800 µs"]);
    expect(ticks({ from: 0, to: 3 * 3_600_000 }, 0, 4).map((each) => each.label)).toEqual(["0", "1 h", "2 h", "3 h"]);
    expect(ticks({ from: 5200, to: 5400 }, 5000, 4).map((each) => each.label)).toEqual(["200 ms", "250 ms", "300 ms", "350 ms", "400 ms"]);
  });

  it("never has too many ticks, of any length of time", () => {
    for (let length = 0.02; length < 1e11; length *= 3.7) expect(ticks({ from: 0, to: length }, 0, 8).length).toBeLessThan(11);
  });

  it("leaves out a label that would run into the next one", () => {
    const at = (...places: number[]) => places.map((each) => ({ at: each, label: `${each}` }));
    const all = at(0, 50, 55, 85, 95, 99);
    expect(spaced(all, { from: 0, to: 100 }, 0.1).map((tick) => tick.at)).toEqual([0, 55, 99]);
    expect(spaced([], { from: 0, to: 1 }, 0.1)).toEqual([]);
  });

  it("says distances in two units at most", () => {
    expect([0, 1500, 60_000, 90_000, 5_400_000, 86_400_000].map(tickText)).toEqual(["0", "1.5 s", "1 m", "1 m 30 s", "1 h 30 m", "1 d"]);
  });
});
