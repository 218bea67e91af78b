/** Why an execution is there: what its trigger and its labels say of it. Pure. */
import type { Execution, Label } from "@/api/types";

export interface Cause {
  kind: "event" | "execution" | "subflow" | "replay" | "webhook" | "schedule" | "trigger" | "hand";
  /** In the line under the title: `the event 7f3a on orders`. */
  text: string;
  /** The execution that it comes from. */
  execution?: string;
  /** The event: its topic and its id. */
  event?: { topic: string; id: string };
  /** The trigger's id; it may have a page. */
  trigger?: string;
}

type Facts = Pick<Execution, "labels" | "parentId" | "trigger" | "originalId" | "id">;

const has = (labels: readonly Label[], key: string) => labels.some((label) => label.key === key && label.value === "true");
const textIn = (from: unknown, key: string): string | undefined => {
  const value = typeof from === "object" && from !== null ? (from as Record<string, unknown>)[key] : undefined;
  return typeof value === "string" && value !== "" ? value : undefined;
};

/** What started an execution. */
export function causeOf({ labels, parentId, trigger }: Facts): Cause {
  if (parentId && has(labels, "system.replay")) return { kind: "replay", text: "replay of", execution: parentId };
  if (!trigger) return parentId ? { kind: "subflow", text: "by", execution: parentId } : { kind: "hand", text: "by hand or by the API" };
  const { id, variables } = trigger;
  const type = (trigger.type ?? "").split(".").at(-1) ?? "";
  if (parentId) return { kind: "subflow", text: `by task ${id} of`, execution: parentId };
  const topic = textIn(variables, "topic");
  const event = textIn(variables, "id");
  const source = textIn((variables as Record<string, unknown> | null)?.data, "executionId") ?? textIn(variables, "executionId");
  if (source !== undefined)
    return { kind: "execution", text: "by", execution: source, trigger: id, ...(topic && event ? { event: { topic, id: event } } : {}) };
  if (topic && event) return { kind: "event", text: `by an event on ${topic}`, event: { topic, id: event }, trigger: id };
  if (topic) return { kind: "event", text: `by a message on ${topic}`, trigger: id };
  if (type === "Webhook") return { kind: "webhook", text: "by a webhook", trigger: id };
  if (type.startsWith("Schedule")) return { kind: "schedule", text: "by a schedule", trigger: id };
  return { kind: "trigger", text: "by a trigger", trigger: id };
}
