import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useLiveStatus, useStream } from "@/live/client";

/** Not more often than so many ms; and so many times as long as the asking took. */
const LEAST = 1000;
const REST = 4;

/**
 * Ask again what a dashboard shows when something happened to an execution: many changes are one asking, a slow server is asked less often,
 * and a page that nobody looks at asks when it is looked at.
 */
export function useFresh(key: string): void {
  const client = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const next = useRef(0);
  const { status } = useLiveStatus();
  const ask = useRef<() => void>(() => undefined);
  useEffect(() => {
    ask.current = () => {
      if (timer.current !== null || document.hidden) return;
      timer.current = setTimeout(
        async () => {
          const began = Date.now();
          await client.invalidateQueries({ queryKey: [key] });
          timer.current = null;
          next.current = Date.now() + Math.max(LEAST, REST * (Date.now() - began));
        },
        Math.max(0, next.current - Date.now()),
      );
    };
    return () => {
      if (timer.current !== null) clearTimeout(timer.current);
      timer.current = null;
    };
  }, [client, key]);
  useStream("/executions/follow?size=1", (event) => {
    if (event.name === "changes" || event.name === "reset") ask.current();
  });
  useEffect(() => {
    if (status === "live") ask.current();
  }, [status]);
}
