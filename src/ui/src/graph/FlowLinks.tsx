/** Which flows start which, as a graph: `<FlowLinks graph={dependencies} here={flow} onOpen={open} />`. */
import { useMemo } from "react";
import { Canvas } from "@/graph/Canvas";
import { drawingOfFlows, type FlowTopologyGraph } from "@/graph/flows";

interface FlowLinksProps {
  graph: FlowTopologyGraph;
  /** The flow that is looked at: it is marked. */
  here?: { namespace: string; id: string };
  /** A flow was chosen. */
  onOpen: (flow: { namespace: string; id: string }) => void;
}

const NO_RUNS = new Map<string, never>();

/** Flows and how they start each other. */
export function FlowLinks({ graph, here, onOpen }: FlowLinksProps) {
  const drawing = useMemo(() => drawingOfFlows(graph), [graph]);
  const selected = graph.nodes.find((node) => node.namespace === here?.namespace && node.id === here.id)?.uid ?? null;
  const choose = useMemo(
    () => (item: string) => {
      const node = graph.nodes.find((each) => each.uid === item);
      if (node) onOpen({ namespace: node.namespace, id: node.id });
    },
    [graph, onOpen],
  );
  return <Canvas drawing={drawing} label="Dependencies" runs={NO_RUNS} selected={selected} choose={choose} />;
}
