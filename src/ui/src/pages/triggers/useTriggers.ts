import { useQuery } from "@tanstack/react-query";
import { api } from "@/api/client";
import { useFresh } from "@/parts/useFresh";

export const TRIGGERS_KEY = ["triggers"] as const;
const ANYWAY_EACH = 10_000;

/** Every trigger, asked again at most once a second while executions come and change, and every ten seconds anyway. */
export function useTriggers() {
  useFresh(TRIGGERS_KEY);
  return useQuery({ queryKey: TRIGGERS_KEY, queryFn: () => api.get("/triggers/search"), refetchInterval: ANYWAY_EACH });
}
