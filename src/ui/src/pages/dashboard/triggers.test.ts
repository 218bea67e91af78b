import { describe, expect, it } from "vitest";
import type { Trigger } from "@/api/types";
import { byUrgency, nextOf } from "@/pages/dashboard/triggers";

const trigger = (name: string, status: string, lag: number | null, next: string | null = null) =>
  ({
    name,
    type: "core.trigger.Event",
    status,
    lag,
    disabled: false,
    pausedBecause: null,
    state: { nextExecutionDate: next, backfill: null },
  }) as unknown as Trigger;

describe("triggers", () => {
  it("that fail come first, then by what waits, and those that are off last", () => {
    const found = byUrgency([
      trigger("a", "ready", null),
      trigger("b", "ready", 5),
      trigger("c", "disabled", null),
      trigger("d", "failing", 0),
      trigger("e", "ready", 9),
    ]);
    expect(found.map((each) => each.name)).toEqual(["d", "e", "b", "a", "c"]);
  });

  it("fire soonest first", () => {
    const found = nextOf(
      [
        trigger("a", "ready", null, "2026-11-22T07:00:00+01:00"),
        trigger("b", "ready", null),
        trigger("c", "ready", null, "2026-11-22T05:00:00Z"),
        trigger("d", "ready", null, "2026-12-01T00:00:00Z"),
      ],
      2,
    );
    expect(found.map((each) => each.name)).toEqual(["c", "a"]);
  });
});
