/** The lines of an execution, or of one of its task runs: by pages what is there, by the stream what comes. */
import { useEffect, useRef, useState } from "react";
import { rawJson } from "@/api/client";
import { asProblem, type Problem } from "@/api/problem";
import type { LogLine } from "@/api/types";
import { follow } from "@/live/client";
import { entryOf, joined, type LogEntry } from "@/parts/logs";

const PAGE = 5_000;
const TOGETHER = 100;
/** More are not kept in a browser; the download has them. */
export const MOST_LINES = 200_000;

export interface Logs {
  lines: readonly LogEntry[];
  /** The pages are not all there yet. */
  loading: boolean;
  /** There are more than are kept. */
  cut: boolean;
  problem: Problem | null;
  again: () => void;
}

/** run undefined: of all task runs. ended: nothing more comes; when that changes what is known is kept, and gone on from. */
export function useLogs(id: string, run: string | undefined, ended: boolean): Logs {
  const [lines, setLines] = useState<readonly LogEntry[]>([]);
  const [loading, setLoading] = useState(true);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [round, setRound] = useState(0);
  const place = useRef({ of: "", seq: 0, count: 0 });

  // biome-ignore lint/correctness/useExhaustiveDependencies: a round more asks again
  useEffect(() => {
    const of = `${id} ${run ?? ""}`;
    if (place.current.of !== of) {
      place.current = { of, seq: 0, count: 0 };
      setLines([]);
      setLoading(true);
    }
    setProblem(null);
    let wanted = true;
    let stop: (() => void) | null = null;
    let waiting: LogEntry[] = [];
    let timer: ReturnType<typeof setTimeout> | null = null;

    const add = (more: LogEntry[]) => {
      const last = more.at(-1);
      if (!last) return;
      place.current.seq = Math.max(place.current.seq, last.seq);
      place.current.count += more.length;
      setLines((before) => joined(before, more));
    };
    const flush = () => {
      timer = null;
      const more = waiting;
      waiting = [];
      if (place.current.count < MOST_LINES) add(more);
    };
    const pages = async () => {
      while (wanted && place.current.count < MOST_LINES) {
        const query = { after: place.current.seq, size: PAGE, taskRunId: run };
        const page = await rawJson<LogLine[]>(`/logs/${id}`, { query });
        if (!wanted) return;
        add(page.map(entryOf));
        if (page.length < PAGE) break;
      }
      setLoading(false);
      if (ended || !wanted) return;
      const query = new URLSearchParams({ after: String(place.current.seq), ...(run ? { taskRunId: run } : {}) });
      stop = follow(`/logs/${id}/follow?${query}`, ({ name, data }) => {
        if (name !== "progress") return;
        waiting.push(entryOf(data as LogLine));
        timer ??= setTimeout(flush, TOGETHER);
      });
    };
    pages().catch((thrown) => {
      if (!wanted) return;
      setProblem(asProblem(thrown));
      setLoading(false);
    });
    return () => {
      wanted = false;
      stop?.();
      if (timer !== null) {
        clearTimeout(timer);
        flush();
      }
    };
  }, [id, run, ended, round]);

  return { lines, loading, problem, cut: lines.length >= MOST_LINES, again: () => setRound((before) => before + 1) };
}
