import { describe, expect, it } from "vitest";
import { defaultText, propertiesOf, schemasOf, tidy } from "@/docs/properties";
import type { Schema } from "@/editor/schema";

const SCALAR: Schema = { type: ["string", "number", "boolean", "null"] };
const EXPRESSION: Schema = { $ref: "#/$defs/expression" };
const taken = (schema: Schema): Schema => ({ anyOf: [{ anyOf: [schema, SCALAR] }, EXPRESSION] });

const root: Schema = {
  type: "object",
  required: ["uri", "id", "type"],
  properties: {
    id: { $ref: "#/$defs/task.id" },
    type: { type: "string" },
    method: taken({ anyOf: [{ pattern: "^[A-Z]+$", type: "string" }, SCALAR], default: "GET", description: "How: any method." }),
    uri: taken({ description: "Where to.", type: "string" }),
    body: { description: "What is sent.", default: null },
    options: { anyOf: [{ $ref: "#/$defs/Options" }, { type: "null" }] },
    level: { enum: ["INFO", "WARN"], default: "INFO" },
    tasks: { type: "array", items: { $ref: "#/$defs/task" } },
    many: { type: "array", items: { $ref: "#/$defs/Options" } },
    values: {
      anyOf: [
        { type: "boolean" },
        { type: "integer" },
        { type: "number" },
        { type: "string" },
        { items: {}, type: "array" },
        { type: "object" },
      ],
    },
    retry: { $ref: "#/$defs/task.retry" },
  },
};
const schemas = schemasOf({
  properties: root,
  definitions: {
    expression: { type: "string", pattern: "\\{\\{|\\{%", description: "An expression" },
    Options: {
      description: "How to connect.",
      type: "object",
      properties: { proxy: { $ref: "#/$defs/Options" }, size: { type: "integer", minimum: 1, default: 10 } },
    },
    task: { type: "object", properties: { type: { enum: ["core.log.Log"], type: "string" } } },
    "task.id": { type: "string", description: "Its name.", maxLength: 256 } as Schema,
    "task.retry": { anyOf: [{ $ref: "#/$defs/Options" }, { type: "null" }] },
  },
});
const rows = propertiesOf(schemas, [root]);
const row = (name: string) => rows.find((each) => each.name === name);

describe("the properties of a type", () => {
  it("are in the order in which they are needed, what every type has last", () => {
    expect(rows[0]?.name).toBe("uri");
    expect(rows.filter((each) => each.shared).map((each) => each.name)).toEqual(["id", "type", "retry"]);
    expect(rows.at(-1)?.shared).toBe(true);
  });

  it("say what they are, however deep the schema says it", () => {
    expect(row("uri")).toMatchObject({ kind: "text", required: true, description: "Where to.", default: null });
    expect(row("method")).toMatchObject({
      kind: "text",
      required: false,
      default: "GET",
      description: "How: any method.",
      limits: ["as ^[A-Z]+$"],
    });
    expect(row("id")).toMatchObject({ description: "Its name.", limits: ["at most 256 characters"] });
    expect(row("options")).toMatchObject({ kind: "map", description: "How to connect." });
    expect(row("values")?.kind).toBe("anything");
    expect(row("body")?.kind).toBe("anything");
  });

  it("name the words that they may be", () => {
    expect(row("level")).toMatchObject({ kind: "one of", values: ["INFO", "WARN"], default: "INFO" });
  });

  it("open into what is in them, but not into whole tasks", () => {
    expect(row("tasks")).toMatchObject({ kind: "list of task", inside: [] });
    expect(row("many")?.inside).toHaveLength(1);
    const inside = propertiesOf(schemas, row("options")?.inside ?? []);
    expect(inside.map((each) => each.name)).toEqual(["proxy", "size"]);
    expect(inside[1]).toMatchObject({ kind: "whole number", default: "10", limits: ["at least 1"] });
    expect(inside[0]?.inside).toHaveLength(1);
  });

  it("leave out what every schema says", () => {
    expect(tidy(taken({ type: "integer" }))).toEqual({ type: "integer" });
    expect([null, undefined, "", [], {}].map(defaultText)).toEqual([null, null, null, null, null]);
    expect(defaultText(false)).toBe("false");
    expect(defaultText({ a: 1 })).toBe('{"a":1}');
  });
});
