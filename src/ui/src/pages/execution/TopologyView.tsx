import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useMemo } from "react";
import type { StateName } from "@/api/types";
import { together } from "@/gantt/layout";
import type { Run } from "@/gantt/runs";
import type { useDrawn } from "@/pages/execution/useDrawn";
import type { FlowName } from "@/pages/flows/lines";
import { Failed, Loading } from "@/parts/Shown";

const Topology = lazy(() => import("@/graph/Topology").then((module) => ({ default: module.Topology })));

interface TopologyViewProps {
  drawn: ReturnType<typeof useDrawn>;
  runs: ReadonlyMap<string, Run>;
  chosen: Run | null;
  onSelect: (run: string) => void;
}

/**
 * The flow as a graph, each task with the state of its runs as it is now. A task leads to the run of it that tells most; one of a subflow
 * that is drawn within, to its run in the execution that was started, or where it has not run to its flow.
 */
export function TopologyView({ drawn: { data, error, refetch }, runs, chosen, onSelect }: TopologyViewProps) {
  const navigate = useNavigate();
  const tasks = useMemo(() => byTask(runs), [runs]);
  const states = useMemo(() => {
    const made = new Map<string, { state: StateName; count: number }>();
    for (const [task, its] of tasks) made.set(task, { state: together(its), count: its.length });
    return made;
  }, [tasks]);
  const openInner = useCallback(
    ({ namespace, id: flow }: FlowName, task: string, uid: string) => {
      const run = data?.nodes.find((node) => node.uid === uid)?.taskRun;
      if (typeof run?.executionId === "string" && typeof run.id === "string")
        void navigate({ to: "/executions/$id", params: { id: run.executionId }, search: { view: "topology", run: run.id } });
      else void navigate({ to: "/flows/$namespace/$flow", params: { namespace, flow }, search: { task } });
    },
    [navigate, data],
  );
  if (error && !data) return <Failed error={error} again={() => void refetch()} />;
  if (!data) return <Loading rows={5} label="Loading the graph" />;
  const choose = (task: string) => {
    const its = tasks.get(task) ?? [];
    const state = together(its);
    const run = its.find((each) => each.state === state) ?? its.at(-1);
    if (run) onSelect(run.id);
  };
  return (
    <Suspense fallback={<Loading rows={5} label="Loading the graph" />}>
      <Topology graph={data} runs={states} selected={chosen?.task} onSelect={choose} onInner={openInner} />
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
