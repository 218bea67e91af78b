/** The executions that belong together with one, live: all that bear its correlation id. */
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { rawJson } from "@/api/client";
import type { Execution, ExecutionLine } from "@/api/types";
import type { Run } from "@/gantt/runs";
import { useStream } from "@/live/client";
import { causeOf } from "@/pages/execution/cause";
import { chainOf, type Link } from "@/pages/execution/chain";

const MOST = 200;
const ASKED = 20;

export interface Chain {
  links: readonly Link[];
  /** How many there are; more than links when not all are shown. */
  total: number;
  loading: boolean;
}

/** correlation undefined: not known yet. runs: of the execution that is looked at: what they published says whom they started. */
export function useChain(correlation: string | undefined, runs: ReadonlyMap<string, Run>, own: string): Chain {
  const [lines, setLines] = useState<ReadonlyMap<string, ExecutionLine>>(new Map());
  const [total, setTotal] = useState<number | null>(null);
  useStream(
    correlation === undefined ? null : `/executions/follow?correlationId=${encodeURIComponent(correlation)}&size=${MOST}`,
    ({ name, data }) => {
      if (name === "snapshot") {
        const told = data as { results: ExecutionLine[]; total: number };
        setLines(new Map(told.results.map((line) => [line.id, line])));
        setTotal(told.total);
      } else if (name === "changes") {
        const told = data as { changed: ExecutionLine[]; gone: string[] };
        const fresh = told.changed.filter((line) => !lines.has(line.id)).length;
        setTotal((before) => (before ?? 0) + fresh - told.gone.filter((id) => lines.has(id)).length);
        setLines((before) => {
          const next = new Map(before);
          for (const line of told.changed) next.set(line.id, line);
          for (const id of told.gone) next.delete(id);
          return next;
        });
      }
    },
  );

  // A line does not say which event started it; the execution itself does. Only few are asked.
  const unknown = useMemo(
    () => [...lines.values()].filter((line) => !line.parentId && line.trigger && line.id !== line.correlationId).map((line) => line.id),
    [lines],
  );
  const asked = unknown.slice(0, ASKED);
  const { data: events } = useQuery({
    queryKey: ["chain-events", asked],
    queryFn: async () => {
      const found = await Promise.all(asked.map((id) => rawJson<Execution>(`/executions/${id}`).catch(() => null)));
      return found.flatMap((each) => (each ? [{ id: each.id, cause: causeOf(each) }] : []));
    },
    enabled: asked.length > 0,
    staleTime: Number.POSITIVE_INFINITY,
  });

  const links = useMemo(() => {
    const sent = new Map<string, string>();
    for (const run of runs.values()) if (typeof run.outputs.id === "string" && "topic" in run.outputs) sent.set(run.outputs.id, own);
    const from = new Map<string, string>();
    for (const { id, cause } of events ?? []) {
      const source = cause.execution ?? (cause.event ? sent.get(cause.event.id) : undefined);
      if (source) from.set(id, source);
    }
    return chainOf([...lines.values()], from);
  }, [lines, events, runs, own]);
  return { links, total: total ?? 0, loading: total === null };
}
