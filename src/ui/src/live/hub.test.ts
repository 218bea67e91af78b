import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Hub, MOST } from "@/live/hub";
import type { FromHub } from "@/live/protocol";

/** A server of streams: each connection is a controller that the test writes frames to. */
class Server {
  readonly urls: string[] = [];
  readonly signals: AbortSignal[] = [];
  private readonly writers: ReadableStreamDefaultController<Uint8Array>[] = [];
  down = false;

  fetch = (async (url: string, init: RequestInit) => {
    if (this.down) throw new TypeError("failed to fetch");
    this.urls.push(url);
    this.signals.push(init.signal as AbortSignal);
    const body = new ReadableStream<Uint8Array>({ start: (writer) => void this.writers.push(writer) });
    return new Response(body, { status: 200 });
  }) as unknown as typeof fetch;

  write(text: string, connection = this.writers.length - 1): void {
    this.writers[connection]?.enqueue(new TextEncoder().encode(text));
  }

  end(): void {
    this.writers.at(-1)?.close();
  }

  streams(): string[] {
    return new URL(this.urls.at(-1) ?? "", "http://x").searchParams.getAll("stream");
  }
}

let server: Server;
let told: FromHub[];
let hub: Hub;
const settle = (ms = 20) => vi.advanceTimersByTimeAsync(ms);
const events = () =>
  told.flatMap((each) => (each.kind === "event" ? [`${each.name}:${each.event.name}:${JSON.stringify(each.event.data)}`] : []));

beforeEach(() => {
  vi.useFakeTimers();
  server = new Server();
  told = [];
  hub = new Hub((message) => told.push(message), server.fetch);
});
afterEach(() => vi.useRealTimers());

describe("Hub", () => {
  it("asks once for all streams that are opened together", async () => {
    hub.open("a", "/executions/follow?size=2");
    hub.open("b", "/logs/X/follow");
    await settle();
    expect(server.urls).toHaveLength(1);
    expect(server.streams()).toEqual(["a~/executions/follow?size=2", "b~/logs/X/follow"]);
    expect(hub.state).toBe("live");
  });

  it("gives each stream its own frames", async () => {
    hub.open("a", "/x/follow");
    hub.open("b", "/y/follow");
    await settle();
    server.write('event: b:line\nid: 4\ndata: {"n":1}\n\nevent: a:change\nid: 9\ndata: 2\n\nevent: c:change\ndata: 3\n\n');
    await settle();
    expect(events()).toEqual(['b:line:{"n":1}', "a:change:2"]);
  });

  it("goes on after the last position when streams change, and closes the old connection only then", async () => {
    hub.open("a", "/x/follow?from=earliest&size=3");
    await settle();
    server.write("event: a:change\nid: 7\ndata: 1\n\n");
    await settle();
    hub.open("b", "/y/follow");
    expect(server.signals[0]?.aborted).toBe(false);
    await settle();
    expect(server.streams()).toEqual(["a~/x/follow?size=3&after=7", "b~/y/follow"]);
    expect(server.signals[0]?.aborted).toBe(true);
    server.write("event: a:change\nid: 8\ndata: 2\n\n", 0);
    await settle();
    expect(events()).toEqual(["a:change:1"]);
  });

  it("begins anew after a reset", async () => {
    hub.open("a", "/x/follow");
    await settle();
    server.write("event: a:change\nid: 7\ndata: 1\n\nevent: a:reset\nid: 9\ndata: {}\n\n");
    await settle();
    hub.open("b", "/y/follow");
    await settle();
    expect(server.streams()[0]).toBe("a~/x/follow");
  });

  it("does not ask again for what has ended or was refused", async () => {
    hub.open("a", "/x/follow");
    hub.open("b", "/y/follow");
    await settle();
    server.write('event: a:closed\ndata: {}\n\nevent: b:refused\ndata: {"status":403}\n\n');
    await settle();
    hub.open("c", "/z/follow");
    await settle();
    expect(server.streams()).toEqual(["c~/z/follow"]);
  });

  it("says that the connection is lost, tries again by itself, and at once when told", async () => {
    hub.open("a", "/x/follow");
    await settle();
    server.down = true;
    server.end();
    await settle();
    expect(hub.state).toBe("lost");
    await settle(10_000);
    server.down = false;
    hub.again();
    await settle();
    expect(hub.state).toBe("live");
    expect(server.urls).toHaveLength(2);
  });

  it("gives the connection back when nobody follows anything", async () => {
    hub.open("a", "/x/follow");
    await settle();
    hub.close("a");
    await settle(1500);
    expect(server.signals[0]?.aborted).toBe(true);
    expect(hub.state).toBe("idle");
  });

  it("refuses more streams than the server carries", async () => {
    for (let n = 0; n <= MOST; n += 1) hub.open(`s${n}`, "/x/follow");
    await settle();
    expect(server.streams()).toHaveLength(MOST);
    expect(events()[0]).toContain("Too many tabs");
  });
});
