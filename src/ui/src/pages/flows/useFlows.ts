/** The flows of a list, and what their runs say; both follow the server. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef } from "react";
import { api } from "@/api/client";
import type { ExecutionLine, Flow } from "@/api/types";
import { useStream } from "@/live/client";
import type { StreamEvent } from "@/live/protocol";
import { type FlowName, keyOf, type Tallies } from "@/pages/flows/lines";
import { type FlowsSearch, flowsQuery } from "@/pages/flows/search";

/** Everything that is a list of flows. */
export const FLOWS_KEY = ["flows"] as const;
const RUNS_KEY = "flow-runs";
const RATIO_KEY = "flow-ratios";
const BARS = 14;
const TOLD_EACH = 500;
const SETTLE = 20;
const FILES_EACH = 10_000;
const RATIO_EACH = 30_000;
const WEEK = 7 * 24 * 60 * 60 * 1000;

/** The flows that a filter means; files that change on the server are seen within ten seconds. */
export function useFlows(search: FlowsSearch, enabled = true) {
  const query = flowsQuery(search);
  return useQuery({
    queryKey: [...FLOWS_KEY, "list", query],
    enabled,
    refetchInterval: FILES_EACH,
    queryFn: () => api.get("/flows/search", { params: { query } }),
  });
}

/** Where a text is in the texts of flows. */
export function useFound(search: FlowsSearch, enabled: boolean) {
  const { q = "", namespace, labels } = search;
  return useQuery({
    queryKey: [...FLOWS_KEY, "source", q, namespace, labels],
    enabled: enabled && q.length > 1,
    queryFn: () => api.get("/flows/source", { params: { query: { q, namespace, labels, size: 100 } as never } }),
  });
}

/** A flow's last runs, the newest first; asked for when its row is in sight. */
export function useLastRuns({ namespace, id }: FlowName) {
  return useQuery({
    queryKey: [RUNS_KEY, keyOf({ namespace, id })],
    queryFn: () => api.get("/executions", { params: { query: { namespace, flowId: id, size: BARS } } }),
    select: (page) => page.results as ExecutionLine[],
  });
}

/** How many of each flow's executions of the last seven days are in which state. */
export function useRatios(flows: readonly Flow[]) {
  const names = useMemo(() => flows.map(({ namespace, id }) => ({ namespace, id })), [flows]);
  return useQuery({
    queryKey: [RATIO_KEY, names.map(keyOf)],
    enabled: names.length > 0,
    refetchInterval: RATIO_EACH,
    queryFn: async () =>
      (await api.post("/stats/executions/daily/group-by-flow", {
        body: { flows: names, startDate: new Date(Date.now() - WEEK).toISOString() } as never,
      })) as Tallies,
  });
}

/** Ask again for the last runs of flows of which something began or ended: at once, then at most twice a second. */
export function useFollowedRuns(): void {
  const client = useQueryClient();
  const waiting = useRef(new Set<string>());
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const told = useRef(0);
  const hear = useCallback(
    ({ name, data }: StreamEvent) => {
      if (name !== "changes") return;
      const changed = (data as { changed?: readonly ExecutionLine[] } | null)?.changed ?? [];
      for (const line of changed) waiting.current.add(keyOf({ namespace: line.namespace, id: line.flowId }));
      timer.current ??= setTimeout(
        () => {
          timer.current = null;
          told.current = Date.now();
          for (const key of waiting.current) void client.invalidateQueries({ queryKey: [RUNS_KEY, key] });
          waiting.current.clear();
        },
        Math.max(SETTLE, told.current + TOLD_EACH - Date.now()),
      );
    },
    [client],
  );
  useEffect(
    () => () => {
      if (timer.current !== null) clearTimeout(timer.current);
    },
    [],
  );
  useStream("/executions/follow?size=100", hear);
}
