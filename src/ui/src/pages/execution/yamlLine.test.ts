import { describe, expect, it } from "vitest";
import { linesAround, placeOfTask } from "@/pages/execution/yamlLine";

const SOURCE = `# a flow
id: push
namespace: a
inputs:
  - id: push
    type: STRING
tasks:
  - id: outer
    type: core.flow.Parallel
    tasks:
      - id: push   # the one
        type: core.execution.Fail
        errorMessage: |
          two
          lines

      - { id: short, type: core.log.Log, message: x }
  - id: choose
    type: core.flow.Switch
    cases:
      yes:
        - type: core.log.Log
          id: deep
          message: "a: b"
errors:
  - id: tell
    type: core.log.Log
    message: gone
`;

describe("the line of a task", () => {
  it("is found at any depth, and not that of an input or flow of the same name", () => {
    expect(placeOfTask(SOURCE, "push")).toEqual({ line: 11, last: 15 });
  });

  it("is found in cases, in errors, in flow style, and where `id` is not the first key", () => {
    expect(placeOfTask(SOURCE, "deep")).toEqual({ line: 22, last: 24 });
    expect(placeOfTask(SOURCE, "tell")).toEqual({ line: 26, last: 28 });
    expect(placeOfTask(SOURCE, "short")).toEqual({ line: 17, last: 17 });
  });

  it("is nothing where there is no such task, or no YAML", () => {
    expect(placeOfTask(SOURCE, "gone")).toBeNull();
    expect(placeOfTask("a: [", "a")).toBeNull();
    expect(placeOfTask("just text", "a")).toBeNull();
    expect(placeOfTask("", "a")).toBeNull();
  });

  it("is shown with a few lines around it", () => {
    const lines = linesAround(SOURCE, { line: 11, last: 15 });
    expect([lines[0]?.number, lines.at(-1)?.number]).toEqual([9, 17]);
    expect(lines.filter((line) => line.own).map((line) => line.number)).toEqual([11, 12, 13, 14, 15]);
    expect(linesAround("a\nb", { line: 1, last: 2 }).map((line) => line.text)).toEqual(["a", "b"]);
  });
});
