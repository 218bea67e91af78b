import { describe, expect, it } from "vitest";
import type { Trigger } from "@/api/types";
import { exampleFor, seenOf, tryBody } from "@/pages/triggers/try";

const trigger = (type: string, settings: object = {}) => ({ name: "a.b.c", type, trigger: settings }) as unknown as Trigger;

describe("an event that is tried", () => {
  it("is data on the topic of a trigger of the bus", () => {
    expect(tryBody(trigger("core.trigger.Event", { topic: "orders" }), { text: '{"id": 1}' })).toEqual({
      name: "a.b.c",
      event: { topic: "orders", data: { id: 1 } },
    });
  });

  it("is a body for a webhook, and all variables for the others", () => {
    expect(tryBody(trigger("core.trigger.Webhook"), { text: "[1]" })).toEqual({ name: "a.b.c", event: { data: [1] } });
    expect(tryBody(trigger("kafka.RealtimeTrigger", { topic: "t" }), { text: '{"value": 1}' })).toEqual({
      name: "a.b.c",
      event: { topic: "t", variables: { value: 1 } },
    });
  });

  it("is one of a topic, or a dead one", () => {
    expect(tryBody(trigger("x.y"), { key: "orders/1" })).toEqual({ name: "a.b.c", key: "orders/1" });
    expect(tryBody(trigger("x.y"), { dead: "d1" })).toEqual({ name: "a.b.c", dead: "d1" });
  });

  it("is what the condition saw", () => {
    expect(seenOf(trigger("core.trigger.Event", { topic: "orders" }), '{"id": 1}')).toMatchObject({ topic: "orders", data: { id: 1 } });
    expect(seenOf(trigger("mqtt.RealtimeTrigger"), '{"payload": 1}')).toEqual({ payload: 1 });
  });

  it("begins with an example that fits the type", () => {
    expect(exampleFor(trigger("kafka.RealtimeTrigger", { topic: "eu" }))).toMatchObject({ topic: "eu", value: {} });
    expect(exampleFor(trigger("mqtt.RealtimeTrigger"))).toHaveProperty("payload");
    expect(exampleFor(trigger("core.trigger.Schedule"))).toHaveProperty("date");
  });
});
