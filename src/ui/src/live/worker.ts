/** The SharedWorker: one hub for all tabs of this browser. */
import { Hub } from "@/live/hub";
import type { FromHub, ToHub } from "@/live/protocol";

const scope = self as unknown as { onconnect: ((event: MessageEvent) => void) | null; addEventListener: typeof addEventListener };
const ports = new Map<MessagePort, Set<string>>();

const hub = new Hub((message: FromHub) => {
  for (const [port, names] of ports) if (message.kind === "status" || names.has(message.name)) port.postMessage(message);
});

function leave(port: MessagePort): void {
  for (const name of ports.get(port) ?? []) hub.close(name);
  ports.delete(port);
}

function hear(port: MessagePort, names: Set<string>, message: ToHub): void {
  switch (message.kind) {
    case "open":
      names.add(message.name);
      hub.open(message.name, message.path);
      break;
    case "close":
      names.delete(message.name);
      hub.close(message.name);
      break;
    case "lock":
      // Given to us when the tab that holds it is gone.
      void navigator.locks.request(message.lock, () => leave(port));
      break;
    case "again":
      hub.again();
      break;
    case "bye":
      leave(port);
  }
}

scope.onconnect = (event) => {
  const port = event.ports[0];
  if (!port) return;
  const names = new Set<string>();
  ports.set(port, names);
  port.onmessage = ({ data }: MessageEvent<ToHub>) => hear(port, names, data);
  port.postMessage({ kind: "status", status: hub.state } satisfies FromHub);
};
scope.addEventListener("online", () => hub.again());
