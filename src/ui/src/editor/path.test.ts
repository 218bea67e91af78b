import { describe, expect, it } from "vitest";
import { linesOf, placeAt, rowOfId, taskAround, typeAround } from "@/editor/path";

/** The place of the mark `|` in a text. */
function at(marked: string) {
  const text = marked.replace("¦", "");
  const before = marked.slice(0, marked.indexOf("¦")).split("\n");
  return { lines: linesOf(text), row: before.length - 1, column: before.at(-1)?.length ?? 0 };
}
const place = (marked: string) => {
  const { lines, row, column } = at(marked);
  return placeAt(lines, row, column);
};

describe("where the cursor is", () => {
  it("is the root for a key that stands at the left", () => {
    expect(place("id: a\nna¦")).toMatchObject({ path: [], at: "key", written: "na", from: 0 });
    expect([...place("id: a\nna¦").siblings.keys()]).toEqual(["id"]);
  });

  it("is the value of a key behind its colon", () => {
    expect(place("id: gree¦")).toMatchObject({ path: ["id"], at: "value", written: "gree", from: 4 });
    expect(place("id:¦")).toMatchObject({ path: ["id"], at: "value", written: "" });
  });

  it("counts the entries of a list, however the dashes are indented", () => {
    expect(place("tasks:\n  - id: a\n  - id: b\n    type: ¦").path).toEqual(["tasks", 1, "type"]);
    expect(place("tasks:\n- id: a\n- id: b\n- ty¦").path).toEqual(["tasks", 2]);
    expect(place("tasks:\n- id: a\n  type: x\n  ¦").path).toEqual(["tasks", 0]);
  });

  it("sees the type of each map around it, above or below the cursor", () => {
    const text =
      "tasks:\n  - id: each\n    values: [1]\n    tasks:\n      - id: say\n        mess¦\n        type: core.log.Log\n    type: core.flow.ForEach\n";
    const found = place(text);
    expect(found.path).toEqual(["tasks", 0, "tasks", 0]);
    expect(found.types.get(4)).toBe("core.log.Log");
    expect(found.types.get(2)).toBe("core.flow.ForEach");
    expect(typeAround(found)).toEqual({ type: "core.log.Log", path: ["tasks", 0, "tasks", 0] });
  });

  it("sees the type when the cursor is in a map further inside", () => {
    const found = place("triggers:\n  - id: t\n    type: core.trigger.Webhook\n    auth:\n      ty¦");
    expect(found.path).toEqual(["triggers", 0, "auth"]);
    expect(typeAround(found)).toEqual({ type: "core.trigger.Webhook", path: ["triggers", 0] });
  });

  it("takes a blank line for a key of the map that stands at its column", () => {
    const text = "tasks:\n  - id: a\n    type: core.log.Log\n    ¦\n  - id: b\n";
    expect(place(text)).toMatchObject({ path: ["tasks", 0], at: "key", written: "" });
    expect([...place(text).siblings]).toEqual([
      ["type", "core.log.Log"],
      ["id", "a"],
    ]);
    expect(place("tasks:\n  - id: a\n  ¦").path).toEqual(["tasks"]);
  });

  it("is in the text of a block, whatever is written there", () => {
    const text = "tasks:\n  - id: py\n    type: scripts.python.Script\n    script: |\n      x = {\n        a: 1\n      - foo: ¦\n";
    expect(place(text)).toMatchObject({ path: ["tasks", 0, "script"], at: "text" });
  });

  it("is not misled by a block text above it", () => {
    const text = "tasks:\n  - id: py\n    script: |\n      - id: x\n      tasks:\n      - y\n  - id: b\n    t¦\n";
    expect(place(text).path).toEqual(["tasks", 1]);
  });

  it("knows a comment", () => {
    expect(place("id: a # why¦").at).toBe("text");
    expect(place("id: 'a # b¦'").at).toBe("value");
  });

  it("begins again at another document", () => {
    expect(place("tasks:\n  - id: a\n---\nid¦").path).toEqual([]);
  });

  it("never fails, at any place of a broken text", () => {
    const text = 'id: [a\ntasks:\n - - id: "x\n     type\n\t- y: {\n  inputs:\n  -\n - z: |\n  a\n';
    const lines = linesOf(text);
    for (let row = 0; row < lines.count; row += 1)
      for (let column = 0; column <= lines.line(row).length; column += 1) expect(placeAt(lines, row, column).path).toBeInstanceOf(Array);
  });
});

describe("which task the cursor is in", () => {
  const text =
    "tasks:\n  - id: each\n    type: core.flow.ForEach\n    values: [1]\n    tasks:\n      - type: core.log.Log\n        id: say\n        message:\n          - one\n";
  it("is the innermost one", () => {
    const lines = linesOf(text);
    expect(taskAround(lines, 3, 8)).toBe("each");
    expect(taskAround(lines, 8, 12)).toBe("say");
    expect(taskAround(lines, 5, 10)).toBe("say");
    expect(taskAround(linesOf("id: a\n"), 0, 2)).toBeNull();
  });
  it("is found by its id", () => {
    expect(rowOfId(linesOf(text), "say")).toBe(6);
    expect(rowOfId(linesOf("id: a\ntasks:\n  - id: a\n"), "a")).toBe(2);
    expect(rowOfId(linesOf(text), "no")).toBe(-1);
  });
});

it("is quick in a flow of 2,000 lines", () => {
  const task = (n: number) => `  - id: t${n}\n    type: core.log.Log\n    message: "{{ inputs.x }}"\n    description: d`;
  const lines = linesOf(`id: a\nnamespace: b\ntasks:\n${Array.from({ length: 500 }, (_, n) => task(n)).join("\n")}`);
  const start = performance.now();
  for (let n = 0; n < 20; n += 1) placeAt(lines, lines.count - 1, 10);
  expect((performance.now() - start) / 20).toBeLessThan(16);
  expect(placeAt(lines, lines.count - 1, 30).path).toEqual(["tasks", 499, "description"]);
});
