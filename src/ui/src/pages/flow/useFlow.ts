/** A flow, its graph, its triggers, its revisions: each asked for once and shared by the tabs. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, rawJson } from "@/api/client";
import { asProblem } from "@/api/problem";
import { useMay } from "@/app/useMe";
import { graphBefore } from "@/graph/within";
import type { FlowName } from "@/pages/flows/lines";
import { FLOWS_KEY } from "@/pages/flows/useFlows";
import { notify } from "@/parts/notify";

const FILE_EACH = 10_000;
export const flowKey = ({ namespace, id }: FlowName) => [...FLOWS_KEY, "one", namespace, id] as const;

/** A flow with its text; a file that changes on the server is seen within ten seconds. */
export function useFlow({ namespace, id }: FlowName) {
  return useQuery({
    queryKey: flowKey({ namespace, id }),
    refetchInterval: (query) => (query.state.error && asProblem(query.state.error).missing ? false : FILE_EACH),
    queryFn: () => api.get("/flows/{namespace}/{id}", { params: { path: { namespace, id }, query: { source: true } } }),
  });
}

/** A revision's graph. */
export function useGraph({ namespace, id }: FlowName, revision: number, subflows: string[] = []) {
  const key = ["flow-graph", namespace, id] as const;
  return useQuery({
    queryKey: [...key, revision, subflows],
    staleTime: subflows.length > 0 ? 0 : Number.POSITIVE_INFINITY,
    placeholderData: graphBefore(key),
    queryFn: () => api.get("/flows/{namespace}/{id}/graph", { params: { path: { namespace, id }, query: { revision, subflows } } }),
  });
}

/** All revisions with their texts, the oldest first. */
export function useRevisions({ namespace, id }: FlowName, revision: number) {
  return useQuery({
    queryKey: ["flow-revisions", namespace, id, revision],
    queryFn: () => api.get("/flows/{namespace}/{id}/revisions", { params: { path: { namespace, id } } }),
  });
}

/** Switch a flow on or off: its file says so, too. */
export function useFlowSwitch(name: FlowName) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (on: boolean) =>
      rawJson(`/flows/${on ? "enable" : "disable"}/by-ids`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify([name]),
      }),
    onSuccess: (_, on) => notify.done(`${name.id} is ${on ? "on" : "off: it starts nothing"}.`),
    onError: notify.problem,
    onSettled: () => client.invalidateQueries({ queryKey: FLOWS_KEY }),
  });
}

/** Who saved which revision, as the audit log has it; only admins may read it. */
export function useSaves({ namespace, id }: FlowName, revision: number) {
  const may = useMay("admin");
  return useQuery({
    queryKey: ["flow-saves", namespace, id, revision],
    enabled: may,
    queryFn: () => api.get("/audit", { params: { query: { what: `flow:${namespace}.${id}`, size: 200 } } }),
  });
}
