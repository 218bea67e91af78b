/** An event that somebody publishes: the request, and the same for a shell. */

export interface Draft {
  topic: string;
  /** JSON. */
  text: string;
  /** Events of one key are in order. Empty: none. */
  key: string;
  /** Idempotency-Key: the same one again starts nothing. Empty: the server makes one. */
  id: string;
}

/** What the server answers. executions and duplicate are known on the embedded bus only. */
export interface Published {
  id: string;
  executions?: string[];
  duplicate?: boolean;
}

/** What is wrong with a topic's name; null when nothing is. */
export function topicProblem(topic: string): string | null {
  if (topic.trim() === "") return "Say on which topic.";
  if (topic === "dead" || topic === "explain") return `${topic} cannot be a topic’s name.`;
  if (topic.length > 249) return "A topic’s name has 249 characters at most.";
  return null;
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
const bare = (text: string) => (/^[\w.:/-]+$/.test(text) ? text : quoted(text));

/** The path and query below /api/v1/main. */
export function publishPath({ topic, key }: Draft): string {
  return `/events/${encodeURIComponent(topic)}${key ? `?key=${encodeURIComponent(key)}` : ""}`;
}

/** JSON without the spaces that were typed; the text itself while it is none. */
function compact(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}

export function curlOfEvent(origin: string, draft: Draft): string {
  const id = draft.id ? ` -H ${quoted(`Idempotency-Key: ${draft.id}`)}` : "";
  return `curl -H "Authorization: Bearer $ONBEAT_TOKEN" -H 'Content-Type: application/json'${id} -d ${quoted(compact(draft.text))} ${quoted(`${origin}/api/v1/main${publishPath(draft)}`)}`;
}

export function commandOfEvent({ topic, text, key, id }: Draft): string {
  return [
    `onbeat publish ${bare(topic)} ${quoted(compact(text))}`,
    ...(key ? [`--key ${bare(key)}`] : []),
    ...(id ? [`--id ${bare(id)}`] : []),
    "--follow",
  ].join(" ");
}

/** What became of it, in a sentence. */
export function publishedText({ executions, duplicate }: Published): string {
  if (duplicate) return "An event with this id was published before: nothing new was started. This is what it started then:";
  if (executions === undefined) return "It is on the broker. What it starts is seen under Executions.";
  if (executions.length === 0) return "It started nothing.";
  return executions.length === 1 ? "It started an execution:" : `It started ${executions.length} executions:`;
}
