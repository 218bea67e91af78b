import { describe, expect, it } from "vitest";
import type { ExecutionLine } from "@/api/types";
import type { Run } from "@/gantt/runs";
import type { Link } from "@/pages/execution/chain";
import { childOf } from "@/pages/execution/child";

const link = (id: string, second: number, more: Partial<ExecutionLine> = {}): Link => ({
  depth: 1,
  line: {
    id,
    flowId: "inner",
    parentId: "own",
    trigger: { id: "call" },
    state: { startDate: `2026-11-22T10:00:0${second}.000500Z` },
    ...more,
  } as ExecutionLine,
});
const start = Date.parse("2026-11-22T10:00:03.000Z");
const run = (more: Partial<Run> = {}) => ({ id: "own-1", task: "call", start, end: null, outputs: {}, ...more }) as Run;

describe("the child of a task run", () => {
  it("is the one that its outputs name", () => {
    const links = [link("a", 3), link("b", 4)];
    expect(childOf("own", run({ outputs: { executionId: "b" } }), links)).toEqual({ id: "b", flowId: "inner" });
    expect(childOf("own", run({ outputs: { executionId: "not known" } }), links)).toBeNull();
    const far = "0351ySNwPGeehXMnHdVpUq";
    expect(childOf("own", run({ outputs: { executionId: far } }), links)).toEqual({ id: far, flowId: null });
  });

  it("is the first that the task started since the run began, while nothing names it", () => {
    expect(childOf("own", run(), [link("before", 1), link("later", 5), link("its", 3)])?.id).toBe("its");
    expect(childOf("own", run(), [])).toBeNull();
  });

  it("is none of another task, of another execution, or of after it ended", () => {
    expect(childOf("own", run(), [link("a", 4, { trigger: { id: "other" } } as Partial<ExecutionLine>)])).toBeNull();
    expect(childOf("own", run(), [link("a", 4, { parentId: "another" })])).toBeNull();
    expect(childOf("own", run({ end: start + 500 }), [link("a", 4)])).toBeNull();
  });
});
