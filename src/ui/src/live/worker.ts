/** The SharedWorker: one hub for all tabs of this browser. */
import { Hub } from "@/live/hub";
import type { FromHub, ToHub } from "@/live/protocol";

const scope = self as unknown as { onconnect: ((event: MessageEvent) => void) | null; addEventListener: typeof addEventListener };
const ports = new Map<MessagePort, Set<string>>();

const hub = new Hub((message: FromHub) => {
  for (const [port, names] of ports) if (message.kind === "status" || names.has(message.name)) port.postMessage(message);
});

scope.onconnect = (event) => {
  const port = event.ports[0];
  if (!port) return;
  const names = new Set<string>();
  ports.set(port, names);
  port.onmessage = ({ data }: MessageEvent<ToHub>) => {
    if (data.kind === "open") {
      names.add(data.name);
      hub.open(data.name, data.path);
    } else if (data.kind === "close") {
      names.delete(data.name);
      hub.close(data.name);
    } else if (data.kind === "again") hub.again();
    else {
      for (const name of names) hub.close(name);
      ports.delete(port);
    }
  };
  port.postMessage({ kind: "status", status: hub.state });
};
scope.addEventListener("online", () => hub.again());
