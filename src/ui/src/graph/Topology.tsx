/** A flow or an execution as a graph: `<Topology graph={graph} runs={runs} selected={task} onSelect={choose} />`. */
import { useMemo } from "react";
import type { FlowGraph, StateName } from "@/api/types";
import { Canvas } from "@/graph/Canvas";
import type { TaskState } from "@/graph/context";
import { drawingOf, type Item, innerFlows, walk } from "@/graph/drawing";

interface TopologyProps {
  /** From GET /flows/{ns}/{id}/graph, POST /flows/graph or GET /executions/{id}/graph. */
  graph: FlowGraph;
  /** By task id: the state to show of the flow's own tasks. Without it, and of tasks within, that of the task runs which the graph of an execution has. */
  runs?: ReadonlyMap<string, TaskState>;
  /** The chosen task's id. */
  selected?: string;
  /** With it tasks can be chosen. */
  onSelect?: (taskId: string) => void;
  /** A task of a flow that is drawn within was chosen. uid: of its node. */
  onInner?: (flow: { namespace: string; id: string }, taskId: string, uid: string) => void;
  /** With it triggers can be chosen, too. */
  onTrigger?: (triggerId: string) => void;
}

/** A new graph is laid out; new states of the same graph only change icons, and leave the viewport as it is. */
export function Topology({ graph, runs, selected, onSelect, onInner, onTrigger }: TopologyProps) {
  const drawing = useMemo(() => drawingOf(graph), [graph]);
  const items = useMemo(() => new Map([...walk(drawing)].map(({ item }) => [item.id, item])), [drawing]);
  const inner = useMemo(() => innerFlows(drawing), [drawing]);
  const states = useMemo(() => statesOf(graph, items.values(), inner, runs), [graph, items, inner, runs]);
  const own = useMemo(
    () => [...items.values()].find((item) => item.kind === "task" && item.name === selected && !inner.has(item.id))?.id ?? null,
    [items, inner, selected],
  );
  const choose = useMemo(() => {
    if (!onSelect) return null;
    return (id: string) => {
      const item = items.get(id);
      const flow = inner.get(id);
      if (item?.kind === "task" && flow) onInner?.(flow, item.name, item.id);
      else if (item?.kind === "task") onSelect(item.name);
      else if (item?.kind === "trigger") onTrigger?.(item.name);
    };
  }, [onSelect, onInner, onTrigger, items, inner]);
  const triggers = onTrigger !== undefined;
  return <Canvas drawing={drawing} label="Topology" runs={states} selected={own} choose={choose} triggers={triggers} />;
}

/** By item: the state that is shown of it. */
function statesOf(
  graph: FlowGraph,
  items: Iterable<Item>,
  inner: ReadonlyMap<string, unknown>,
  runs: ReadonlyMap<string, TaskState> | undefined,
): ReadonlyMap<string, TaskState> {
  const found = new Map<string, TaskState>();
  for (const { uid, taskRun } of graph.nodes) {
    const state = (taskRun?.state as { current?: StateName } | undefined)?.current;
    if (state) found.set(uid, { state, count: 1 });
  }
  if (!runs) return found;
  for (const { id, kind, name } of items) {
    if (kind !== "task" || inner.has(id)) continue;
    const state = runs.get(name);
    if (state) found.set(id, state);
    else found.delete(id);
  }
  return found;
}
