import { useEffect, useRef, useState } from "react";
import { asProblem, Problem } from "@/api/problem";
import { useStream } from "@/live/client";
import { appended, type CloudEvent, type TailEvent, taken } from "@/pages/events/tail";

const TOGETHER = 50;

interface Tail {
  events: readonly TailEvent[];
  problem: Problem | null;
}

/** The events of a topic's stream, those of 50 ms at once. path null: what is there stays. name: another one begins anew. */
export function useTail(path: string | null, name: string): Tail & { clear: () => void } {
  const [tail, setTail] = useState<Tail>({ events: [], problem: null });
  const waiting = useRef<TailEvent[]>([]);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another topic or beginning is another tail
  useEffect(() => {
    setTail({ events: [], problem: null });
    return () => {
      if (timer.current !== null) clearTimeout(timer.current);
      timer.current = null;
      waiting.current = [];
    };
  }, [name]);

  useStream(path, ({ name: kind, id, data }) => {
    if (kind === "refused") {
      const { status } = (data ?? {}) as { status?: number };
      setTail(({ events }) => ({ events, problem: asProblem(Problem.of(status ?? 400, data)) }));
      return;
    }
    if (kind !== "event" || id === null) return;
    waiting.current.push(taken(id, data as CloudEvent));
    timer.current ??= setTimeout(() => {
      timer.current = null;
      const more = waiting.current;
      waiting.current = [];
      setTail(({ events }) => ({ events: appended(events, more), problem: null }));
    }, TOGETHER);
  });
  return { ...tail, clear: () => setTail({ events: [], problem: null }) };
}
