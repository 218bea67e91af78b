/**
 * Carry any number of the API's event streams over one connection.
 *
 * A browser has six connections for a server: a dozen tabs with a stream each would lock each other out. So one SharedWorker holds one
 * connection, `GET /live`, for all tabs; where there is no SharedWorker each tab has a hub of its own.
 *
 * Rules
 * 1. When what is asked for changes, one new connection with all streams replaces the old one, which is closed only then.
 * 2. Each stream goes on after its last position; a frame that was seen is not told twice.
 * 3. More than the server carries is refused, with what to do.
 * 4. A broken connection is tried again after 0.25 s, doubling to 5 s, and at once when the browser says that it is online again.
 */
import { createParser } from "eventsource-parser";
import type { FromHub, LiveStatus, StreamEvent, StreamPath } from "@/live/protocol";

interface Stream {
  path: StreamPath;
  position: number | null;
  /** The server has ended or refused it: not asked for again. */
  done: boolean;
}

const URL_OF_LIVE = "/api/v1/main/live";
const SETTLE = 8;
const FIRST_WAIT = 250;
const LONGEST_WAIT = 5000;
/** Streams that the server carries on one connection. */
export const MOST = 100;

export class Hub {
  private readonly streams = new Map<string, Stream>();
  private connection: AbortController | null = null;
  private settling: ReturnType<typeof setTimeout> | null = null;
  private wait = FIRST_WAIT;
  private status: LiveStatus = "idle";

  constructor(
    private readonly tell: (message: FromHub) => void,
    private readonly fetcher: typeof fetch = (...given) => fetch(...given),
  ) {}

  get state(): LiveStatus {
    return this.status;
  }

  open(name: string, path: StreamPath): void {
    if (this.wanted().length >= MOST) {
      const detail = `${MOST} streams are followed by this browser: close other tabs of onbeat, then load this one again`;
      this.tell({ kind: "event", name, event: { name: "refused", id: null, data: { status: 429, title: "Too many tabs", detail } } });
      return;
    }
    this.streams.set(name, { path, position: null, done: false });
    if (this.status === "idle") this.set("connecting");
    this.changed(SETTLE);
  }

  close(name: string): void {
    const stream = this.streams.get(name);
    this.streams.delete(name);
    // One stream less is no hurry: the server's frames for it are ignored until the next change.
    if (stream && !stream.done && this.wanted().length === 0) this.changed(1000);
  }

  /** Try now instead of later. */
  again(): void {
    this.wait = FIRST_WAIT;
    if (this.status === "lost") this.changed(0);
  }

  private wanted(): [string, Stream][] {
    return [...this.streams].filter(([, stream]) => !stream.done);
  }

  private changed(after: number): void {
    if (this.settling !== null) clearTimeout(this.settling);
    this.settling = setTimeout(() => {
      this.settling = null;
      void this.connect();
    }, after);
  }

  private set(status: LiveStatus): void {
    if (this.status === status) return;
    this.status = status;
    this.tell({ kind: "status", status });
  }

  private async connect(): Promise<void> {
    const old = this.connection;
    const streams = this.wanted();
    if (streams.length === 0) {
      this.connection = null;
      old?.abort();
      this.set("idle");
      return;
    }
    const mine = new AbortController();
    this.connection = mine;
    const query = new URLSearchParams();
    for (const [name, stream] of streams) query.append("stream", `${name}~${resumed(stream)}`);
    try {
      const response = await this.fetcher(`${URL_OF_LIVE}?${query}`, { signal: mine.signal, headers: { accept: "text/event-stream" } });
      if (!response.ok || !response.body) throw new Error(`status ${response.status}`);
      old?.abort();
      if (this.connection !== mine) {
        mine.abort();
        return;
      }
      this.wait = FIRST_WAIT;
      this.set("live");
      await this.read(response.body, mine);
      throw new Error("the stream ended");
    } catch {
      old?.abort();
      if (this.connection !== mine) return;
      this.connection = null;
      if (this.wanted().length === 0) {
        this.set("idle");
        return;
      }
      this.set("lost");
      const wait = this.wait;
      this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
      this.changed(wait);
    }
  }

  private async read(body: ReadableStream<Uint8Array>, mine: AbortController): Promise<void> {
    const parser = createParser({
      onEvent: (frame) => {
        if (this.connection === mine) this.frame(frame.event ?? "", frame.id ?? null, frame.data);
      },
    });
    const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      parser.feed(value);
    }
  }

  private frame(called: string, idText: string | null, text: string): void {
    const cut = called.indexOf(":");
    const name = called.slice(0, cut);
    const stream = this.streams.get(name);
    if (!stream || cut < 0) return;
    const event: StreamEvent = {
      name: called.slice(cut + 1),
      id: idText === null ? null : Number(idText),
      data: text ? JSON.parse(text) : null,
    };
    if (event.name === "closed" || event.name === "refused") stream.done = true;
    if (event.name === "reset") stream.position = null;
    else if (event.id !== null) stream.position = event.id;
    this.tell({ kind: "event", name, event });
  }
}

function resumed(stream: Stream): string {
  if (stream.position === null) return stream.path;
  const [path, query] = stream.path.split("?") as [string, string | undefined];
  const parameters = new URLSearchParams(query);
  parameters.delete("from");
  parameters.set("after", String(stream.position));
  return `${path}?${parameters}`;
}
