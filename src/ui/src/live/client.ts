/** This tab's side of the hub: open streams, hear of them, know whether the connection stands. */
import { useEffect, useRef, useSyncExternalStore } from "react";
import { Hub } from "@/live/hub";
import type { FromHub, LiveStatus, StreamEvent, StreamPath, ToHub } from "@/live/protocol";

type Hear = (event: StreamEvent) => void;

const hearing = new Map<string, Hear>();
const watchers = new Set<() => void>();
// Not crypto.randomUUID: that is there over https and on localhost only.
const tab = `t${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}`;
let count = 0;
let status: LiveStatus = "idle";
let since = Date.now();
let send: ((message: ToHub) => void) | null = null;

function receive(message: FromHub): void {
  if (message.kind === "event") hearing.get(message.name)?.(message.event);
  else if (message.status !== status) {
    status = message.status;
    since = Date.now();
    for (const each of watchers) each();
  }
}

function hub(): (message: ToHub) => void {
  if (send) return send;
  if (typeof SharedWorker !== "undefined") {
    const { port } = new SharedWorker(new URL("./worker.ts", import.meta.url), { type: "module", name: "onbeat-live" });
    port.onmessage = ({ data }) => receive(data);
    send = (message) => port.postMessage(message);
    holdLock(port);
    window.addEventListener("pagehide", () => port.postMessage({ kind: "bye" }));
    window.addEventListener("pageshow", (event) => event.persisted && location.reload());
  } else {
    const own = new Hub(receive);
    send = (message) => {
      if (message.kind === "open") own.open(message.name, message.path);
      else if (message.kind === "close") own.close(message.name);
      else own.again();
    };
  }
  window.addEventListener("online", () => send?.({ kind: "again" }));
  return send;
}

/** A tab that crashes says no goodbye; its lock is let go all the same. */
function holdLock(port: MessagePort): void {
  if (!("locks" in navigator)) return;
  const lock = `onbeat-${tab}`;
  void navigator.locks.request(lock, () => {
    port.postMessage({ kind: "lock", lock } satisfies ToHub);
    return new Promise<never>(() => undefined);
  });
}

/** Follow a stream; the answer ends it. */
export function follow(path: StreamPath, hear: Hear): () => void {
  count += 1;
  const name = `${tab}-${count}`;
  hearing.set(name, hear);
  hub()({ kind: "open", name, path });
  return () => {
    hearing.delete(name);
    hub()({ kind: "close", name });
  };
}

/** Follow a stream while the component is there. path null: none. hear may change at each render. */
export function useStream(path: StreamPath | null, hear: Hear): void {
  const latest = useRef(hear);
  useEffect(() => {
    latest.current = hear;
  });
  useEffect(() => (path === null ? undefined : follow(path, (event) => latest.current(event))), [path]);
}

const watch = (listener: () => void) => {
  watchers.add(listener);
  return () => watchers.delete(listener);
};

/** Whether what is shown follows the server, and since when (ms since 1970). */
export function useLiveStatus(): { status: LiveStatus; since: number } {
  return { status: useSyncExternalStore(watch, () => status), since };
}
