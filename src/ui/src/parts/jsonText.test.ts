import { expect, it } from "vitest";
import { jsonProblem } from "@/parts/jsonText";

it("has nothing against JSON", () => {
  for (const text of ['{"a": [1, null, "x"]}', "7", '"text"', " [] "]) expect(jsonProblem(text)).toBeNull();
});

it.each([
  ['{\n  "a": x\n}', 2, 8],
  ['{"a": 1,}', 1, 9],
  ["{'a': 1}", 1, 2],
  ['{"a": 1} more', 1, 10],
  ['{"a": 1', 1, 8],
  ["", 1, 1],
])("says where %j stops being JSON", (text, line, column) => {
  expect(jsonProblem(text)).toMatchObject({ line, column, severity: "error" });
});

it("says what to do in a sentence", () => {
  expect(jsonProblem("")?.message).toContain("Write JSON");
  expect(jsonProblem('{"a": "b')?.message).toContain("not complete");
  expect(jsonProblem("{'a': 1}")?.message).toContain("double quotes");
});
