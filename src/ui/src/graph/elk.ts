/** Ask elk, which lays graphs out, in a worker of its own: this file and the worker come when the first graph is shown. */
import Elk, { type ElkNode } from "elkjs/lib/elk-api.js";
import address from "elkjs/lib/elk-worker.min.js?url";

const PATIENCE = 10_000;

let asked: { elk: InstanceType<typeof Elk>; broken: Promise<never> } | null = null;

function begin() {
  let fail: (why: Error) => void = () => undefined;
  const broken = new Promise<never>((_, reject) => {
    fail = reject;
  });
  broken.catch(() => undefined);
  const elk = new Elk({
    workerFactory: () => {
      const worker = new Worker(address);
      worker.addEventListener("error", (event) => fail(new Error(event.message || "the worker that lays graphs out did not start")));
      return worker;
    },
  });
  return { elk, broken };
}

/** The same graph with places. Fails when elk does, or after ten seconds. */
export async function laidOut(graph: ElkNode): Promise<ElkNode> {
  asked ??= begin();
  const { elk, broken } = asked;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("the layout took longer than ten seconds")), PATIENCE);
  });
  try {
    return await Promise.race([elk.layout(graph), broken, late]);
  } catch (thrown) {
    elk.terminateWorker();
    asked = null;
    throw thrown;
  } finally {
    clearTimeout(timer);
  }
}
