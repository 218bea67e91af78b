import { describe, expect, it } from "vitest";
import { linesOf, placeAt } from "@/editor/path";
import { type Schema, Schemas } from "@/editor/schema";

const task = (name: string, properties: Record<string, Schema>): Schema => ({
  type: "object",
  description: `Does ${name}.`,
  properties: { id: { type: "string" }, type: { type: "string" }, ...properties },
  required: ["id", "type"],
});
const typed = (name: string) => ({
  if: { properties: { type: { enum: [name, `io.kestra.plugin.${name}`] } }, required: ["type"] },
  // biome-ignore lint/suspicious/noThenProperty: it is a keyword of JSON Schema
  then: { $ref: `#/$defs/${name}` },
});
const schemas = new Schemas({
  if: { required: ["pluginDefaults"] },
  else: { $ref: "#/$defs/flow" },
  $defs: {
    flow: {
      type: "object",
      properties: {
        id: { type: "string" },
        tasks: { anyOf: [{ type: "array", items: { $ref: "#/$defs/task" } }, { type: ["string", "null"] }] },
        inputs: { type: "array", items: { oneOf: [{ $ref: "#/$defs/IntInput" }, { $ref: "#/$defs/TextInput" }] } },
        labels: { type: "object", additionalProperties: { type: "string" } },
      },
      required: ["id"],
    },
    task: {
      type: "object",
      properties: { type: { enum: ["log.Log", "io.kestra.plugin.log.Log", "flow.Each", "io.kestra.plugin.flow.Each"] } },
      allOf: [typed("log.Log"), typed("flow.Each")],
    },
    "log.Log": task("logging", {
      level: { default: "INFO", anyOf: [{ anyOf: [{ enum: ["INFO", "WARN"], type: "string" }] }, { $ref: "#/$defs/expression" }] },
      on: { type: "boolean", description: "Whether." },
    }),
    "flow.Each": task("each", { tasks: { type: "array", items: { $ref: "#/$defs/task" } } }),
    IntInput: { type: "object", properties: { type: { const: "INT" }, min: { type: "integer" } } },
    TextInput: { type: "object", properties: { type: { const: "STRING" }, validator: { type: "string" } } },
    expression: { type: "string", pattern: "x" },
  },
});
const at = (text: string) => {
  const lines = linesOf(text);
  return placeAt(lines, lines.count - 1, lines.line(lines.count - 1).length);
};
const names = (text: string) => {
  const place = at(text);
  return schemas.properties(place.path, place.types).map((each) => each.name);
};

describe("what may stand at a path", () => {
  it("is what the root has", () => expect(names("")).toEqual(["id", "tasks", "inputs", "labels"]));
  it("is what the type has that the task is of", () =>
    expect(names("tasks:\n  - type: log.Log\n    ")).toEqual(["type", "id", "level", "on"]));
  it("is the same by the type's long name, and further inside", () =>
    expect(names("tasks:\n  - type: io.kestra.plugin.flow.Each\n    tasks:\n      - type: log.Log\n        ")).toContain("level"));
  it("is only the common part without a type", () => expect(names("tasks:\n  - ")).toEqual(["type"]));
  it("is told apart by the type of an input", () => {
    expect(names("inputs:\n  - type: INT\n    ")).toEqual(["type", "min"]);
    expect(names("inputs:\n  - type: STRING\n    ")).toEqual(["type", "validator"]);
  });
  it("is nothing where nothing is known", () => expect(names("labels:\n  a:\n    ")).toEqual([]));
});

it("offers the words of a value", () => {
  const place = at("tasks:\n  - type: log.Log\n    level: ");
  expect(schemas.values(place.path, place.types)).toEqual(["INFO", "WARN"]);
  expect(schemas.values(["tasks", 0, "on"], new Map([[2, "log.Log"]]))).toEqual(["true", "false"]);
});

it("says what a property is", () => {
  const [level, on] = schemas.properties(["tasks", 0], new Map([[2, "log.Log"]])).slice(2);
  expect(level).toMatchObject({ name: "level", kind: "INFO | WARN", default: "INFO", required: false });
  expect(on).toMatchObject({ kind: "true or false", description: "Whether." });
  expect(schemas.properties([], new Map())[1]).toMatchObject({ name: "tasks", kind: "list of task" });
});

it("lists the types by their short names", () => {
  expect(schemas.types("task")).toEqual([
    { name: "flow.Each", description: "Does each." },
    { name: "log.Log", description: "Does logging." },
  ]);
  expect(schemas.about("io.kestra.plugin.log.Log")).toEqual({ kind: "task", description: "Does logging." });
  expect(schemas.about("no")).toBeNull();
});
