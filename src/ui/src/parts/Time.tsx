import { Tooltip } from "@mantine/core";
import { useSyncExternalStore } from "react";
import { durationText, elapsedText, exactText, parseDuration, relativeText } from "@/parts/time";

const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | null = null;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (timer === null) now = Date.now();
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, 1000);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0 && timer !== null) {
      clearInterval(timer);
      timer = null;
    }
  };
}

/** Milliseconds since 1970, new each second; all that show time share one timer. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}

/** How long ago, or until; exactly on hover. */
export function TimeAgo({ at }: { at: string | number | null | undefined }) {
  const current = useNow();
  if (at === null || at === undefined) return <span>–</span>;
  const ms = typeof at === "number" ? at : Date.parse(at);
  return (
    <Tooltip label={exactText(ms)}>
      <time dateTime={new Date(ms).toISOString()}>{relativeText(ms, Math.max(current, Date.now()))}</time>
    </Tooltip>
  );
}

/** A duration of the API (ISO 8601), or since `from` while there is none yet. */
export function Duration({ of, from, to }: { of?: string | null; from?: string | null; to?: string | null }) {
  const running = !of && !to && !!from;
  return running ? (
    <Elapsed from={from} />
  ) : (
    <span>{durationText(of ? parseDuration(of) : from && to ? Date.parse(to) - Date.parse(from) : Number.NaN)}</span>
  );
}

function Elapsed({ from }: { from: string }) {
  const current = useNow();
  return <span>{elapsedText(current - Date.parse(from))}</span>;
}
