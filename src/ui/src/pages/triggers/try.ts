/** What is tried against a trigger: the body of `POST /triggers/try`, and the example that the editor begins with. */
import type { Trigger } from "@/api/types";
import { isOfBus, isWebhook, topicsOf } from "@/pages/triggers/status";

/** What the text in the editor is: an event's data (a webhook's body), or all that `trigger.*` is. */
export type Written = "data" | "variables";

export const writtenFor = (trigger: Trigger): Written => (isOfBus(trigger) || isWebhook(trigger) ? "data" : "variables");

/** What an event of this type looks like, to be changed. */
export function exampleFor(trigger: Trigger): unknown {
  if (writtenFor(trigger) === "data") return { id: 7, total: 120 };
  const topic = topicsOf(trigger)[0] ?? "orders";
  if (trigger.type.startsWith("kafka.")) return { topic, key: null, value: { id: 7, total: 120 }, headers: [], partition: 0, offset: 0 };
  if (trigger.type.startsWith("mqtt.")) return { topic, payload: { celsius: 91.5 } };
  if (trigger.type.startsWith("files.")) return { name: "orders.csv", path: "/srv/orders/orders.csv", size: 120 };
  if (trigger.type.includes("Schedule"))
    return { date: "2026-11-21T07:00:00Z", next: "2026-11-22T07:00:00Z", previous: "2026-11-20T07:00:00Z" };
  return {};
}

/** One of: what was written, an event of a topic, a dead event. */
export type Tried = { text: string } | { key: string } | { dead: string };

/** The body of the question. Throws a SyntaxError when what was written is no JSON. */
export function tryBody(trigger: Trigger, tried: Tried): Record<string, unknown> {
  if (!("text" in tried)) return { name: trigger.name, ...tried };
  const value: unknown = JSON.parse(tried.text);
  const topic = topicsOf(trigger)[0];
  const event = writtenFor(trigger) === "data" ? { data: value } : { variables: value };
  return { name: trigger.name, event: { ...(topic ? { topic } : {}), ...event } };
}

/** What `trigger` was for an event that was written, as far as that is known here. */
export function seenOf(trigger: Trigger, text: string): unknown {
  const value: unknown = JSON.parse(text);
  return writtenFor(trigger) === "data" ? { topic: topicsOf(trigger)[0], data: value, body: value } : value;
}
