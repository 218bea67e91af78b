/** Show a drawing: laid out, moved and zoomed by pointer and keys, with its states. */
import { ReactFlow, ReactFlowProvider, useReactFlow, ViewportPortal } from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import { type KeyboardEvent, useCallback, useEffect, useMemo, useRef, useState } from "react";
import css from "@/graph/Canvas.module.css";
import { Graph, type GraphContext, type TaskState } from "@/graph/context";
import type { Drawing, Item } from "@/graph/drawing";
import { Lines } from "@/graph/Lines";
import { type Direction, nearest, type Placed } from "@/graph/layout";
import { type GraphNode, nodeTypes } from "@/graph/Nodes";
import { Outline } from "@/graph/Outline";
import { useFit } from "@/graph/useFit";
import { type Layout, useLayout } from "@/graph/useLayout";
import { ZoomControls } from "@/graph/ZoomControls";
import { SIZE } from "@/theme";

interface CanvasProps {
  drawing: Drawing;
  /** What it is a drawing of. */
  label: string;
  runs: ReadonlyMap<string, TaskState>;
  /** The chosen item. */
  selected: string | null;
  /** null: items cannot be chosen. */
  choose: ((item: string) => void) | null;
}

/** A drawing on a ground that can be moved. It takes the room that it is given. */
export function Canvas(props: CanvasProps) {
  const layout = useLayout(props.drawing);
  return (
    <section className={css.canvas} aria-label={props.label}>
      <Outline drawing={props.drawing} runs={props.runs} label={props.label} />
      {layout ? (
        <ReactFlowProvider>
          <Surface {...props} layout={layout} />
        </ReactFlowProvider>
      ) : (
        <Waiting />
      )}
      {layout?.simple && (
        <p className={css.simple} role="status">
          Drawn simply, because the usual layout failed: {layout.simple}.
        </p>
      )}
    </section>
  );
}

/** Said when the layout takes long enough to be missed. */
function Waiting() {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), PATIENCE);
    return () => clearTimeout(timer);
  }, []);
  return late ? (
    <p className={css.waiting} role="status">
      Drawing the graph …
    </p>
  ) : null;
}

const PATIENCE = 400;
const ARROWS: Record<string, Direction> = { ArrowUp: "up", ArrowDown: "down", ArrowLeft: "left", ArrowRight: "right" };
const reachable = (item: Item) => item.kind === "task" || item.kind === "flow";

function Surface({ label, runs, selected, choose, layout }: CanvasProps & { layout: Layout }) {
  const { placed } = layout;
  const frame = useRef<HTMLDivElement>(null);
  const nodes = useMemo(() => nodesOf(placed), [placed]);
  const { touched, fit } = useFit(frame, placed);
  const [last, setLast] = useState<string | null>(null);
  const flow = useReactFlow();
  const places = useMemo(() => placed.places.filter((place) => reachable(place.item)), [placed]);
  const there = (item: string | null) => places.some((place) => place.item.id === item);
  const reached = [last, selected].find(there) ?? places[0]?.item.id ?? null;

  const reach = useCallback(
    (item: string) => {
      setLast(item);
      const place = places.find((each) => each.item.id === item);
      const room = frame.current?.getBoundingClientRect();
      if (!place || !room) return;
      const { x, y, zoom } = flow.getViewport();
      const [left, top] = [place.x * zoom + x, place.y * zoom + y];
      const seen = left >= 0 && top >= 0 && left + place.width * zoom <= room.width && top + SIZE.graphNode * zoom <= room.height;
      if (!seen) void flow.setCenter(place.x + place.width / 2, place.y, { zoom });
    },
    [flow, places],
  );
  const context = useMemo<GraphContext>(() => ({ runs, selected, reached, choose, reach }), [runs, selected, reached, choose, reach]);

  const press = (event: KeyboardEvent) => {
    const direction = ARROWS[event.key];
    const from = places.find((each) => each.item.id === (event.target as HTMLElement).dataset.item);
    if (!direction || !from) return;
    event.preventDefault();
    event.stopPropagation();
    const to = nearest(places, from, direction);
    if (to) frame.current?.querySelector<HTMLElement>(`[data-item="${CSS.escape(to.item.id)}"]`)?.focus({ preventScroll: true });
  };

  return (
    <Graph value={context}>
      <div className={css.frame} ref={frame} onKeyDownCapture={press}>
        <ReactFlow
          nodes={nodes}
          edges={NONE}
          nodeTypes={nodeTypes}
          nodesDraggable={false}
          nodesConnectable={false}
          nodesFocusable={false}
          elementsSelectable={false}
          disableKeyboardA11y
          panOnScroll
          zoomOnDoubleClick={false}
          minZoom={0.1}
          maxZoom={1.5}
          onMoveStart={(event) => event && touched()}
          aria-label={label}
        >
          <ViewportPortal>
            <Lines placed={placed} />
          </ViewportPortal>
        </ReactFlow>
        <ZoomControls fit={fit} touched={touched} />
      </div>
    </Graph>
  );
}

const NONE: never[] = [];
const TYPE: Record<string, keyof typeof nodeTypes> = { start: "start", mark: "mark" };

function nodesOf(placed: Placed): GraphNode[] {
  return placed.places
    .filter((place) => place.item.kind !== "entry")
    .map(({ item, x, y, width, height, depth }) => ({
      id: item.id,
      type: item.inside ? "construct" : (TYPE[item.kind] ?? "task"),
      position: { x, y },
      width,
      height,
      zIndex: depth,
      data: { item },
      style: { pointerEvents: "none" },
    }));
}
