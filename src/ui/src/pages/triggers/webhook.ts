/** How a webhook is called. */

/** An expression such as `{{ secret('HOOK') }}`, or a masked one: the key itself is not shown. */
export const hiddenKey = (key: string): boolean => key.includes("{{") || /^\*+$/.test(key);

/** The address that starts the flow. */
export function addressOf(origin: string, namespace: string, flow: string, key: string): string {
  const last = hiddenKey(key) ? "KEY" : encodeURIComponent(key);
  return `${origin}/api/v1/main/executions/webhook/${encodeURIComponent(namespace)}/${encodeURIComponent(flow)}/${last}`;
}

/** An example of a call, in one line for a shell or a program. methods: those that start it, as the trigger says. */
export function callOf(way: "curl" | "python", address: string, methods: unknown): string {
  const allowed = Array.isArray(methods) && methods.length > 0 ? methods.map(String) : ["POST"];
  const method = allowed.includes("POST") ? "POST" : (allowed[0] ?? "POST");
  if (way === "python") return `import requests; requests.request("${method}", "${address}", json={"name": "Ada"}).raise_for_status()`;
  const body = method === "GET" || method === "DELETE" ? "" : ` -H 'Content-Type: application/json' -d '{"name": "Ada"}'`;
  return `curl -X ${method}${body} -H "Idempotency-Key: $(uuidgen)" '${address}'`;
}
