import { describe, expect, it } from "vitest";
import type { Execution } from "@/api/types";
import type { CloudEvent } from "@/pages/events/tail";
import { beganAfter, instant, ofChain, story } from "@/pages/welcome/story";

const BEGAN = "2026-11-21T12:00:00.000500Z";
const state = (executionId: string, n: number, name: string, micros: string, correlationid = "a"): CloudEvent => ({
  id: `${executionId}/${n}`,
  source: "onbeat",
  type: `io.onbeat.execution.${name.toLowerCase()}`,
  time: `2026-11-21T12:00:00.${micros}Z`,
  correlationid,
  data: { executionId, namespace: "demo", flowId: executionId === "a" ? "order" : "large", state: name, trigger: { id: "on" } },
});
const EVENTS = [
  state("a", 1, "CREATED", "003500"),
  state("a", 2, "RUNNING", "003500"),
  state("b", 1, "CREATED", "008000"),
  state("a", 3, "SUCCESS", "007000"),
];
const RUN = {
  id: "a",
  taskRunList: [
    {
      id: "a-1",
      taskId: "hello",
      state: { current: "SUCCESS", startDate: "2026-11-21T12:00:00.003500Z", endDate: "2026-11-21T12:00:00.005000Z" },
    },
    { id: "a-2", taskId: "wait", state: { current: "RUNNING", startDate: "2026-11-21T12:00:00.006000Z" } },
  ],
} as unknown as Execution;

it("keeps microseconds", () => {
  expect(instant("2026-11-21T12:00:00.000500Z") - instant("2026-11-21T12:00:00Z")).toBeCloseTo(0.5);
});

describe("the story of an event", () => {
  const steps = story(BEGAN, ["a"], EVENTS, [RUN]);

  it("is in order, with its times after the event", () => {
    expect(steps.map(({ kind, after }) => [kind, Math.round(after * 10) / 10])).toEqual([
      ["trigger", 3],
      ["state", 3],
      ["state", 3],
      ["task", 4.5],
      ["task", 5.5],
      ["state", 6.5],
      ["trigger", 7.5],
      ["state", 7.5],
    ]);
  });

  it("tells a next flow from the first", () => {
    expect(steps.filter((each) => each.kind === "trigger").map(({ next, flow }) => [flow, next])).toEqual([
      ["demo.order", false],
      ["demo.large", true],
    ]);
  });

  it("says how long a task took once it has ended", () => {
    const tasks = steps.filter((each) => each.kind === "task");
    expect(tasks[0]?.took).toBeCloseTo(1.5);
    expect(tasks[1]?.took).toBeNull();
  });

  it("says when the flow began", () => {
    expect(beganAfter(steps)).toBeCloseTo(3);
    expect(beganAfter([])).toBeNull();
  });
});

it("takes only what belongs together", () => {
  expect(ofChain(["a"], [...EVENTS, state("z", 1, "CREATED", "009000", "z")]).map(({ id }) => id)).toEqual(["a/1", "a/2", "b/1", "a/3"]);
  expect(ofChain([], EVENTS)).toEqual([]);
});
