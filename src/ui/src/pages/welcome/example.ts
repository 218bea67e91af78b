/** The example that the welcome begins with: a flow that an event starts. */
import type { Trigger } from "@/api/types";
import { isOfBus, topicsOf } from "@/pages/triggers/status";

export const TOPIC = "orders";
const FLOW = "demo.order_received";

/** The trigger that the example's event starts a flow by; null when there is none that listens. */
export function listener(triggers: readonly Trigger[]): Trigger | null {
  const fits = triggers.filter((each) => isOfBus(each) && !each.disabled && each.status !== "failing" && topicsOf(each).includes(TOPIC));
  return fits.find((each) => each.flows.includes(FLOW)) ?? null;
}

/** What is saved where the example is not loaded. */
export const SOURCE = `# Starts for each event on the topic \`orders\`.
id: order_received
namespace: demo
description: An order arrives as an event.

tasks:
  - id: hello
    type: core.log.Log
    message: "order {{ trigger.data.id }} over {{ trigger.data.total }} arrived"

  - id: large
    type: core.flow.If
    condition: "{{ trigger.data.total >= 100 }}"
    then:
      - id: announce
        type: core.event.Publish
        topic: orders.large
        data: "{{ trigger.data }}"

triggers:
  - id: on_order
    type: core.trigger.Event
    topic: orders
`;

/** An order that is large enough to be announced. at: makes it another one each time. */
export const orderOf = (at: number): { id: number; total: number } => ({ id: Math.floor(at / 1000) % 100_000, total: 120 });
