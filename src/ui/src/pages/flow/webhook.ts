/** Where a webhook is called. */

/** The address of a flow's webhook; null where the key is an expression, and only the server knows it. */
export function webhookOf(
  { namespace, id }: { namespace: string; id: string },
  trigger: Readonly<Record<string, unknown>>,
  origin: string = location.origin,
): string | null {
  const key = trigger.key;
  if (typeof key !== "string" || key === "" || key.includes("{{") || /^\*+$/.test(key)) return null;
  return `${origin}/api/v1/main/executions/webhook/${[namespace, id, key].map(encodeURIComponent).join("/")}`;
}
