/** The events of a topic as a tail shows them: kept, searched, shortened. */

/** A CloudEvent as the API tells it, with the attributes that we read. */
export interface CloudEvent {
  id: string;
  source: string;
  type: string;
  time: string;
  subject?: string;
  partitionkey?: string;
  correlationid?: string;
  causationid?: string;
  data: unknown;
  [attribute: string]: unknown;
}

export interface TailEvent {
  /** In the topic; grows, with gaps. */
  position: number;
  event: CloudEvent;
  /** Its data in one line. */
  line: string;
  /** What words are looked for in: small letters. */
  text: string;
}

/** How many events are held; older ones give way. */
export const MOST = 20_000;
const LINE = 400;

/** An event as it is kept. */
export function taken(position: number, event: CloudEvent): TailEvent {
  const data = JSON.stringify(event.data) ?? "";
  return {
    position,
    event,
    line: data.slice(0, LINE),
    text: `${event.id} ${event.partitionkey ?? ""} ${event.type} ${data}`.toLowerCase(),
  };
}

/** The events with newer ones behind them, in the order of their positions, each once. */
export function appended(events: readonly TailEvent[], more: readonly TailEvent[], most = MOST): readonly TailEvent[] {
  const last = events.at(-1)?.position ?? Number.NEGATIVE_INFINITY;
  const newer = more.filter((each) => each.position > last);
  if (newer.length === 0) return events;
  return [...events, ...newer].slice(-most);
}

/** Whether an event has all words of a text, and none that has a `-` before it. `data.total=20` asks for a value. */
export function matches({ text, event }: TailEvent, asked: string): boolean {
  return asked
    .toLowerCase()
    .split(/\s+/)
    .filter(Boolean)
    .every((word) => {
      const not = word.startsWith("-") && word.length > 1;
      const wanted = not ? word.slice(1) : word;
      const found = /^([\w.]+)=(.+)$/.exec(wanted);
      const holds = found ? valueAt(event, found[1] ?? "") === found[2] : text.includes(wanted);
      return holds !== not;
    });
}

/** A value inside the event as small letters; the names of its path in any case. */
function valueAt(event: CloudEvent, path: string): string | undefined {
  let value: unknown = event;
  for (const step of path.split(".")) {
    if (typeof value !== "object" || value === null) return undefined;
    const name = Object.keys(value).find((each) => each.toLowerCase() === step);
    value = name === undefined ? undefined : (value as Record<string, unknown>)[name];
  }
  return value === undefined ? undefined : (typeof value === "string" ? value : JSON.stringify(value)).toLowerCase();
}

/** Where a tail begins. `now`, `earliest`, an instant, or a position. */
export type Begin = { after: number } | { from: string };

/** A topic of so many events is shown whole unless told otherwise. */
export const SMALL = 5000;

const HOUR = 3_600_000;

/** What the address says, or else what suits the topic: all of a small one, of a large one what comes. */
export function beginOf(from: string | undefined, records: number | undefined, now: number): Begin {
  if (from === "hour") return { from: new Date(now - HOUR).toISOString() };
  if (from !== undefined && /^\d{1,18}$/.test(from)) return { after: Number(from) };
  if (from === "now" || from === "earliest") return { from };
  return { from: records !== undefined && records <= SMALL ? "earliest" : "now" };
}

/** The stream of a topic from there on. */
export function tailPath(topic: string, begin: Begin): string {
  const query = "after" in begin ? `after=${begin.after}` : `from=${encodeURIComponent(begin.from)}`;
  return `/events/${encodeURIComponent(topic)}/tail?${query}`;
}
