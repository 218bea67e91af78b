import { useQuery } from "@tanstack/react-query";
import { rawJson } from "@/api/client";
import type { Head } from "@/pages/execution/known";

/** A flow with its text, in the revision that an execution has. */
export interface FlowOfExecution {
  inputs: readonly Readonly<Record<string, unknown>>[];
  source: string;
  [key: string]: unknown;
}

/** The flow of an execution. A revision never changes: it is asked for once. */
export function useFlow(head: Head | undefined) {
  return useQuery({
    queryKey: ["flow-revision", head?.namespace, head?.flowId, head?.flowRevision],
    queryFn: () =>
      rawJson<FlowOfExecution>(`/flows/${encodeURIComponent(head?.namespace ?? "")}/${encodeURIComponent(head?.flowId ?? "")}`, {
        query: { source: true, revision: head?.flowRevision, allowDeleted: true },
      }),
    enabled: head !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: undefined,
  });
}
