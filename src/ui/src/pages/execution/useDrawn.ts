/** The graph of an execution, with those of the subflows that are drawn within it, as they run. */
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { api } from "@/api/client";
import { graphBefore } from "@/graph/within";
import type { Link } from "@/pages/execution/chain";
import type { Head } from "@/pages/execution/known";

/** What changes within this time (ms) is asked for together. */
const TOGETHER = 200;
const NONE: string[] = [];

/** links: the executions that belong together with this one; each change of them may be one of what is drawn within. */
export function useDrawn(head: Head, enabled: boolean, links: readonly Link[], within: string[] = NONE) {
  const key = ["execution-graph", head.id, head.flowRevision] as const;
  const query = useQuery({
    queryKey: [...key, within],
    queryFn: () => api.get("/executions/{id}/graph", { params: { path: { id: head.id }, query: { subflows: within } } }),
    enabled,
    staleTime: within.length > 0 ? 0 : Number.POSITIVE_INFINITY,
    placeholderData: graphBefore(key),
  });
  const { refetch } = query;
  const follows = enabled && within.length > 0;
  const waiting = useRef<ReturnType<typeof setTimeout> | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each change of the links is one to ask after
  useEffect(() => {
    if (!follows) return;
    waiting.current ??= setTimeout(() => {
      waiting.current = null;
      void refetch();
    }, TOGETHER);
  }, [follows, links, refetch]);
  useEffect(
    () => () => {
      if (waiting.current !== null) clearTimeout(waiting.current);
      waiting.current = null;
    },
    [],
  );
  return query;
}
