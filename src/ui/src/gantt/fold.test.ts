import { describe, expect, it } from "vitest";
import type { StateName } from "@/api/types";
import { foldedTicks, foldOf } from "@/gantt/fold";

const run = (...states: [StateName, number][]) => ({
  history: states.map(([state, at]) => ({ state, at })),
  end: states.at(-1)?.[1] ?? null,
});
const NIGHT = 8 * 3_600_000;
const restarted = [
  run(["RUNNING", 0], ["SUCCESS", 2000]),
  run(["RUNNING", 2000], ["FAILED", 4000], ["RUNNING", NIGHT], ["SUCCESS", NIGHT + 1000]),
];

describe("folding", () => {
  it("makes a night between a failure and its restart short", () => {
    const fold = foldOf(restarted, 0, NIGHT + 1000);
    expect(fold?.pieces.map((piece) => [piece.from, piece.to, piece.at])).toEqual([
      [0, 4000, 0],
      [NIGHT, NIGHT + 1000, 4300],
    ]);
    expect([0, 3000, 4000, NIGHT, NIGHT + 500].map((at) => fold?.place(at))).toEqual([0, 3000, 4000, 4300, 4800]);
    expect(fold?.place((4000 + NIGHT) / 2)).toBeCloseTo(4150);
  });

  it("keeps the order of instants", () => {
    const fold = foldOf(restarted, 0, NIGHT + 1000);
    let before = -1;
    for (let at = 0; at <= NIGHT + 2000; at += 99_991) {
      const place = fold?.place(at) ?? 0;
      expect(place).toBeGreaterThan(before);
      before = place;
    }
  });

  it("leaves alone what has no long gap: a retry's wait, a pause, what goes on", () => {
    expect(foldOf([run(["RUNNING", 0], ["RETRYING", 10], ["RUNNING", NIGHT], ["SUCCESS", NIGHT + 10])], 0, NIGHT + 10)).toBeNull();
    expect(foldOf([run(["RUNNING", 0], ["FAILED", 4000]), run(["RUNNING", 4500], ["SUCCESS", 9000])], 0, 9000)).toBeNull();
    expect(foldOf([{ history: [{ state: "RUNNING", at: 0 }], end: null }], 0, NIGHT)).toBeNull();
    expect(foldOf([], 0, 10)).toBeNull();
  });

  it("says on the axis how much later it went on", () => {
    const fold = foldOf(restarted, 0, NIGHT + 1000);
    expect(fold && foldedTicks(fold, { from: 0, to: 5300 }, 6).map((tick) => [tick.at, tick.label])).toEqual([
      [0, "0"],
      [1000, "1 s"],
      [2000, "2 s"],
      [3000, "3 s"],
      [4000, "4 s"],
      [4300, "+8 h"],
      [5300, "1 s"],
    ]);
  });
});
