import { expect, it } from "vitest";
import { definitionOf } from "@/pages/triggers/definition";

const SOURCE = `id: clock
namespace: shop
tasks: []
triggers:
  - id: other
    type: core.trigger.Event
    topic: x
  - id: nightly
    # at three
    type: core.trigger.Schedule
    cron: "0 3 * * *"
    inputs:
      day: "{{ trigger.date }}"
outputs: []
`;

it("is the trigger's own lines as they were written", () => {
  expect(definitionOf(SOURCE, "nightly", {})).toEqual({
    text: 'id: nightly\n# at three\ntype: core.trigger.Schedule\ncron: "0 3 * * *"\ninputs:\n  day: "{{ trigger.date }}"\n',
    inFlow: true,
  });
});

it("is made from the settings where it stands alone", () => {
  const found = definitionOf(SOURCE, "alone", {
    id: "alone",
    type: "core.trigger.Event",
    topic: "orders",
    description: null,
    disabled: false,
  });
  expect(found).toEqual({ text: "id: alone\ntype: core.trigger.Event\ntopic: orders\n", inFlow: false });
  expect(definitionOf("", "alone", { id: "alone" }).inFlow).toBe(false);
});
