import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { exampleText } from "@/docs/example";

const task = { id: "a", type: "core.log.Log", message: "{{ inputs.x }}: yes" };

describe("exampleText", () => {
  it("is YAML that reads back as it was", () => {
    expect(parse(exampleText(task))).toEqual([task]);
    expect(exampleText("id: a\n")).toBe("id: a");
  });
});
