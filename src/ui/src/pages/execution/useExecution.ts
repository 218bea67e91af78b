/** Follow one execution: all of it, then what changes; and again when it begins anew after its end (restart, change of state). */
import { useEffect, useRef, useState } from "react";
import { Problem } from "@/api/problem";
import type { ExecutionLine } from "@/api/types";
import { follow } from "@/live/client";
import type { StreamEvent } from "@/live/protocol";
import { type Frame, type Known, withFrames } from "@/pages/execution/known";

/**
 * Changes that come within this time (ms) are shown together: an execution may tell of thousands in a second. What is shown anew then costs
 * in proportion to all task runs, so of many it is seldom: twice a second of 10,000.
 */
const TOGETHER = 80;
const PER_RUN = 0.04;

export interface Followed {
  known: Known | null;
  problem: Problem | null;
  /** Ask again from the beginning. */
  again: () => void;
}

/** What is known of an execution while the component is there. */
export function useExecution(id: string): Followed {
  const [known, setKnown] = useState<Known | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [round, setRound] = useState(0);
  /** How it ended, as the stream told it last; null while it goes on. */
  const ended = useRef<string | null>(null);
  const size = useRef(0);
  const again = () => setRound((before) => before + 1);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another id begins with nothing
  useEffect(() => setKnown(null), [id]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a round more asks again
  useEffect(() => {
    let waiting: Frame[] = [];
    let timer: ReturnType<typeof setTimeout> | null = null;
    ended.current = null;
    setProblem(null);
    const take = () => {
      timer = null;
      const frames = waiting;
      waiting = [];
      setKnown((before) => withFrames(before?.head.id === id ? before : null, frames));
    };
    const hear = ({ name, id: seq, data }: StreamEvent) => {
      if (name === "refused") setProblem(Problem.of(Number((data as { status?: number })?.status ?? 0), data));
      else if (name === "progress" || name === "change" || name === "end") {
        const told = data as Frame["data"];
        ended.current = name === "end" ? signOf(told) : null;
        waiting.push({ name, seq: seq ?? 0, data: told });
        timer ??= setTimeout(take, name === "change" ? TOGETHER + size.current * PER_RUN : 0);
      }
    };
    const stop = follow(`/executions/${id}/follow?delta=true`, hear);
    return () => {
      stop();
      if (timer !== null) clearTimeout(timer);
    };
  }, [id, round]);

  // The stream ends with the execution; the list of the one execution does not, and tells what happens to it afterwards.
  useEffect(() => {
    const hear = ({ name, data }: StreamEvent) => {
      if (name !== "changes" || ended.current === null) return;
      const { changed } = data as { changed: ExecutionLine[] };
      if (changed.some((line) => line.id === id && signOf(line) !== ended.current)) setRound((before) => before + 1);
    };
    return follow(`/executions/follow?executionId=${id}&size=1`, hear);
  }, [id]);

  useEffect(() => {
    size.current = known?.runs.size ?? 0;
  }, [known]);
  return { known, problem, again };
}

/** What must be the same for nothing to have happened since. */
function signOf({ state, labels }: Pick<ExecutionLine, "state" | "labels">): string {
  return JSON.stringify([state.current, state.endDate, [...labels].sort((a, b) => a.key.localeCompare(b.key))]);
}
