import { describe, expect, it } from "vitest";
import { find, grouped, howOf, shortName, typesOf, wordsOf } from "@/pages/plugins/catalogue";
import { pluginsSearch } from "@/pages/plugins/search";

const items = typesOf(
  [
    {
      tasks: [
        { cls: "io.kestra.plugin.core.log.Log", description: "Writes a line." },
        { cls: "io.kestra.plugin.core.flow.ForEach", description: "Runs tasks for each value, and logs nothing." },
        { cls: "core.event.Publish", description: "Publishes an event." },
      ],
      triggers: [{ cls: "io.onbeat.core.trigger.Event", description: "Starts for each event." }],
      conditions: [{ cls: "io.kestra.plugin.core.condition.DayWeek", description: "" }],
    },
  ],
  ["INT"],
);
const names = (text: string, kind?: Parameters<typeof find>[2]) => find(items, text, kind).map((item) => item.name);

describe("the catalogue", () => {
  it("has short names, groups, conditions after the rest, inputs last", () => {
    expect(shortName("io.kestra.plugin.core.log.Log")).toBe("core.log.Log");
    expect(items.map((item) => item.name)).toEqual([
      "core.event.Publish",
      "core.flow.ForEach",
      "core.log.Log",
      "core.trigger.Event",
      "core.condition.DayWeek",
      "INT",
    ]);
  });

  it("is found by name first, then by description, by all words", () => {
    expect(names("log")).toEqual(["core.log.Log", "core.flow.ForEach"]);
    expect(names("EVENT")).toEqual(["core.trigger.Event", "core.event.Publish"]);
    expect(names("each value")).toEqual(["core.flow.ForEach"]);
    expect(names("nothing like it")).toEqual([]);
    expect(names("trigger")).toEqual(["core.trigger.Event"]);
    expect(names("", "input")).toEqual(["INT"]);
  });

  it("is grouped without losing order", () => {
    expect(grouped(items).map(({ group, items }) => [group, items.length])).toEqual([
      ["core.event", 1],
      ["core.flow", 1],
      ["core.log", 1],
      ["core.trigger", 1],
      ["Conditions", 1],
      ["Inputs", 1],
    ]);
  });

  it("has the words of expressions, without those of the language itself", () => {
    const words = wordsOf({ function: ["now"], filter: [" charge", "upper"], test: ["defined"] });
    expect(words.map((word) => word.description)).toEqual(["{{ now() }}", "{{ value | upper }}", "{{ value is defined }}"]);
    expect(howOf("filter", "x")).toBe("{{ value | x }}");
  });

  it("is in the address", () => {
    expect(pluginsSearch({ kind: "task", q: "log", property: "uri", x: 1 })).toEqual({ kind: "task", q: "log", property: "uri" });
    expect(pluginsSearch({ kind: "nothing" }).kind).toBeUndefined();
  });
});
