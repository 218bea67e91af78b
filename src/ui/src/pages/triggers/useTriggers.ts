import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useRef } from "react";
import { api } from "@/api/client";
import { useStream } from "@/live/client";

export const TRIGGERS_KEY = ["triggers"] as const;
const AT_MOST_EACH = 1000;
const ANYWAY_EACH = 10_000;

/** Every trigger, asked again at most once a second while executions come and change, and every ten seconds anyway. */
export function useTriggers() {
  const client = useQueryClient();
  const due = useRef<ReturnType<typeof setTimeout> | null>(null);
  const heard = useCallback(
    (event: { name: string }) => {
      if (event.name !== "changes" || due.current !== null) return;
      due.current = setTimeout(() => {
        due.current = null;
        void client.invalidateQueries({ queryKey: TRIGGERS_KEY });
      }, AT_MOST_EACH);
    },
    [client],
  );
  useStream("/executions/follow?size=1", heard);
  return useQuery({ queryKey: TRIGGERS_KEY, queryFn: () => api.get("/triggers/search"), refetchInterval: ANYWAY_EACH });
}
