import { describe, expect, it } from "vitest";
import type { Execution, StateName, TaskRun } from "@/api/types";
import { type Frame, failedRun, withFrames } from "@/pages/execution/known";

const AT = "2026-11-21T21:58:36.073637Z";
const state = (current: StateName) => ({ current, histories: [{ state: current, date: AT }], startDate: AT });
const run = (n: number, current: StateName = "RUNNING", more: Partial<TaskRun> = {}) =>
  ({ id: `e-${n}`, taskId: `t${n}`, state: state(current), outputs: {}, ...more }) as TaskRun;
const frame = (name: string, seq: number, runs: TaskRun[], more: object = {}): Frame => ({
  name,
  seq,
  data: { id: "e", state: state("RUNNING"), taskRunList: runs, ...more } as unknown as Execution,
});

describe("what is known of an execution", () => {
  it("begins with all of it", () => {
    const known = withFrames(null, [frame("progress", 1, [run(1), run(2)])]);
    expect([...(known?.runs.keys() ?? [])]).toEqual(["e-1", "e-2"]);
    expect(known?.head).not.toHaveProperty("taskRunList");
  });

  it("takes over what changed, adds what is new, lets go what is gone, and keeps the others as they are", () => {
    const before = withFrames(null, [frame("progress", 1, [run(1), run(2)])]);
    const known = withFrames(before, [
      frame("change", 2, [run(2, "SUCCESS"), run(3)], { goneTaskRuns: ["e-1"], state: state("PAUSED") }),
      frame("change", 3, [run(3, "FAILED")], { goneTaskRuns: [], state: state("FAILED") }),
    ]);
    expect([...(known?.runs.values() ?? [])].map((each) => [each.id, each.state])).toEqual([
      ["e-2", "SUCCESS"],
      ["e-3", "FAILED"],
    ]);
    expect(known?.head.state.current).toBe("FAILED");
    expect(before?.runs.get("e-2")?.state).toBe("RUNNING");
    expect(withFrames(before, [frame("change", 2, [run(2, "SUCCESS")], { goneTaskRuns: [] })])?.runs.get("e-1")).toBe(
      before?.runs.get("e-1"),
    );
  });

  it("is the same object when a stream begins again and nothing is new", () => {
    const known = withFrames(null, [frame("progress", 7, [run(1)])]);
    expect(withFrames(known, [frame("progress", 7, [run(1)])])).toBe(known);
    expect(withFrames(known, [frame("change", 5, [], { goneTaskRuns: ["e-1"] })])).toBe(known);
    expect(withFrames(known, [])).toBe(known);
  });

  it("believes a stream that begins again, whichever place it names: it has read the execution anew", () => {
    const known = withFrames(null, [frame("change", 9, []), frame("progress", 7, [run(1)])]);
    const later = { ...run(1), state: { ...run(1).state, histories: [...run(1).state.histories, ...run(1).state.histories] } };
    expect(withFrames(known, [frame("end", 7, [later])])?.runs.get("e-1")?.history).toHaveLength(2 * run(1).state.histories.length);
    expect([...(withFrames(known, [frame("end", 3, [run(1), run(2)])])?.runs.keys() ?? [])]).toEqual(["e-1", "e-2"]);
  });

  it("is replaced as a whole when the stream begins anew later on", () => {
    const known = withFrames(null, [frame("progress", 1, [run(1), run(2)])]);
    expect([...(withFrames(known, [frame("progress", 9, [run(2)])])?.runs.keys() ?? [])]).toEqual(["e-2"]);
  });

  it("waits for the whole when a change comes first", () => {
    expect(withFrames(null, [frame("change", 2, [run(1)], { goneTaskRuns: [] })])).toBeNull();
  });

  it("names the run that says why it failed: the deepest, the one that the execution names", () => {
    const nested = withFrames(null, [frame("end", 1, [run(1, "FAILED"), run(2, "FAILED", { parentTaskRunId: "e-1" }), run(3, "SUCCESS")])]);
    expect(nested && failedRun(nested)?.id).toBe("e-2");
    const error = { message: "x", taskId: "t3" };
    const named = withFrames(null, [frame("end", 1, [run(1, "FAILED"), run(3, "FAILED")], { error })]);
    expect(named && failedRun(named)?.id).toBe("e-3");
    const none = withFrames(null, [frame("progress", 1, [run(1, "SUCCESS"), run(2)])]);
    expect(none && failedRun(none)).toBeNull();
  });
});
