import { expect, it } from "vitest";
import { Schemas } from "@/editor/schema";
import { arranged, itemsOf, newItem, outlineOf, shownValue, typedValue, typesOn, widgetOf } from "@/forms/outline";
import { freeId } from "@/forms/values";

const FLOW = `id: a
inputs:
  - id: total
    type: INT
tasks:
  - id: choose
    type: core.flow.Switch
    value: x
    cases:
      one:
        - id: first
          type: core.log.Log
    defaults:
      - id: other
        type: core.log.Log
  - id: dag
    type: core.flow.Dag
    tasks:
      - task:
          id: inner
          type: core.log.Log
        dependsOn: [x]
triggers:
  - id: t
    type: core.trigger.Schedule
    inputs: [1]
`;

it("finds everything that can be edited, wherever it is nested", () => {
  const outline = outlineOf(FLOW);
  expect(outline?.lists.map((list) => list.name)).toEqual(["inputs", "tasks", "triggers"]);
  const items = [...itemsOf(outline?.lists ?? [])];
  expect(items.map((item) => item.id)).toEqual(["total", "choose", "first", "other", "dag", "inner", "t"]);
  expect(items.map((item) => item.line)).toEqual([3, 6, 11, 14, 16, 19, 24]);
  expect(items[2]?.path).toEqual(["tasks", 0, "cases", "one", 0]);
  expect(items[5]?.path).toEqual(["tasks", 1, "tasks", 0, "task"]);
  expect(items[1]?.lists.map((list) => list.name)).toEqual(["cases: one", "defaults"]);
});

it("has nothing while the text is broken", () => {
  expect(outlineOf("a: [")).toBeNull();
  expect(outlineOf("just text")).toBeNull();
  expect(outlineOf("")?.lists).toEqual([]);
});

it("knows the types on the way", () => {
  expect([...typesOn(outlineOf(FLOW)?.data, ["tasks", 0, "cases", "one", 0])]).toEqual([
    [2, "core.flow.Switch"],
    [5, "core.log.Log"],
  ]);
});

it("shows a property by its kind", () => {
  const schemas = new Schemas({ $defs: {} });
  const widget = (schema: object) =>
    widgetOf(schemas, { name: "x", description: "", kind: schemas.kindOf(schema), required: false, default: null, schema });
  expect(widget({ type: "boolean" })).toBe("flag");
  expect(widget({ anyOf: [{ enum: ["A", "B"], type: "string" }, { $ref: "#/$defs/expression" }] })).toBe("word");
  expect(widget({ anyOf: [{ type: "integer" }, { type: "null" }] })).toBe("number");
  expect(widget({ type: "string" })).toBe("text");
  expect(widget({ type: "array", items: { type: "string" } })).toBe("words");
  expect(widget({ type: "object" })).toBe("yaml");
  expect(widget({})).toBe("yaml");
});

it("reads what was typed", () => {
  expect(typedValue("flag", "true").value).toBe(true);
  expect(typedValue("flag", "{{ inputs.x }}").value).toBe("{{ inputs.x }}");
  expect(typedValue("number", "12").value).toBe(12);
  expect(typedValue("number", "99999999999999999999").value).toBe("99999999999999999999");
  expect(typedValue("text", "12").value).toBe("12");
  expect(typedValue("yaml", "a: 1").value).toEqual({ a: 1 });
  expect(typedValue("yaml", "{{ x }}").value).toBe("{{ x }}");
  expect(typedValue("yaml", "[1").error).toBeTruthy();
  expect(typedValue("text", "").value).toBeUndefined();
  expect(shownValue("yaml", { a: [1] })).toBe("a:\n  - 1");
  expect(shownValue("number", 5)).toBe("5");
});

it("puts first what is needed, and apart what all have", () => {
  const property = (name: string, more: object = {}) => ({
    name,
    description: "",
    kind: "",
    required: false,
    default: null,
    schema: {},
    ...more,
  });
  const { own, common } = arranged(
    [
      property("level"),
      property("message", { required: true }),
      property("id", { schema: { $ref: "#/$defs/task.id" } }),
      property("when", { schema: { $ref: "#/$defs/task.when" } }),
      property("old", { description: "Another name of `level`." }),
      property("type"),
    ],
    {},
  );
  expect(own.map((each) => each.name)).toEqual(["id", "message", "level"]);
  expect(common.map((each) => each.name)).toEqual(["when"]);
});

it("names a new task after its type", () => {
  expect(newItem("task", "core.flow.ForEachItem", new Set(["for_each_item"]), freeId)).toEqual({
    id: "for_each_item_2",
    type: "core.flow.ForEachItem",
  });
});
