import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useMemo } from "react";
import { api } from "@/api/client";
import type { StateName } from "@/api/types";
import { together } from "@/gantt/layout";
import type { Run } from "@/gantt/runs";
import type { Head } from "@/pages/execution/known";
import { Failed, Loading } from "@/parts/Shown";

const Topology = lazy(() => import("@/graph/Topology").then((module) => ({ default: module.Topology })));

interface TopologyViewProps {
  head: Head;
  runs: ReadonlyMap<string, Run>;
  chosen: Run | null;
  onSelect: (run: string) => void;
}

/** The flow as a graph, each task with the state of its runs as it is now. A task leads to the run of it that tells most. */
export function TopologyView({ head, runs, chosen, onSelect }: TopologyViewProps) {
  const { data, error, refetch } = useQuery({
    queryKey: ["execution-graph", head.id, head.flowRevision],
    queryFn: () => api.get("/executions/{id}/graph", { params: { path: { id: head.id } } }),
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: undefined,
  });
  const tasks = useMemo(() => byTask(runs), [runs]);
  const states = useMemo(() => {
    const made = new Map<string, { state: StateName; count: number }>();
    for (const [task, its] of tasks) made.set(task, { state: together(its), count: its.length });
    return made;
  }, [tasks]);
  if (error) return <Failed error={error} again={() => void refetch()} />;
  if (!data) return <Loading rows={5} label="Loading the graph" />;
  const choose = (task: string) => {
    const its = tasks.get(task) ?? [];
    const state = together(its);
    const run = its.find((each) => each.state === state) ?? its.at(-1);
    if (run) onSelect(run.id);
  };
  return (
    <Suspense fallback={<Loading rows={5} label="Loading the graph" />}>
      <Topology graph={data} runs={states} selected={chosen?.task} onSelect={choose} />
    </Suspense>
  );
}

function byTask(runs: ReadonlyMap<string, Run>): ReadonlyMap<string, readonly Run[]> {
  const tasks = new Map<string, Run[]>();
  for (const run of runs.values()) {
    const before = tasks.get(run.task);
    if (before) before.push(run);
    else tasks.set(run.task, [run]);
  }
  return tasks;
}
