/** Show a drawing: laid out, moved and zoomed by pointer and keys, with its states. */
import { ReactFlow, ReactFlowProvider, useReactFlow, ViewportPortal } from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import { type KeyboardEvent, useCallback, useEffect, useMemo, useRef, useState } from "react";
import css from "@/graph/Canvas.module.css";
import { Graph, type GraphContext, type TaskState } from "@/graph/context";
import type { Drawing, Item } from "@/graph/drawing";
import { Lines } from "@/graph/Lines";
import { type Direction, isSeen, nearest, type Placed } from "@/graph/layout";
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
  /** By item. */
  runs: ReadonlyMap<string, TaskState>;
  /** The chosen item. */
  selected: string | null;
  /** null: items cannot be chosen. */
  choose: ((item: string) => void) | null;
  /** Triggers can be chosen, too. */
  triggers?: boolean;
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
const AFTER_FIT = 50;
const ARROWS: Record<string, Direction> = { ArrowUp: "up", ArrowDown: "down", ArrowLeft: "left", ArrowRight: "right" };
const reachable = (item: Item, triggers: boolean) => item.kind === "task" || item.kind === "flow" || (triggers && item.kind === "trigger");

function Surface({ label, runs, selected, choose, triggers = false, layout }: CanvasProps & { layout: Layout }) {
  const { placed } = layout;
  const frame = useRef<HTMLDivElement>(null);
  const nodes = useMemo(() => nodesOf(placed), [placed]);
  const { touched, fit } = useFit(frame, placed);
  const [last, setLast] = useState<string | null>(null);
  const flow = useReactFlow();
  const places = useMemo(() => placed.places.filter((place) => reachable(place.item, triggers)), [placed, triggers]);
  const there = (item: string | null) => places.some((place) => place.item.id === item);
  const reached = [last, selected].find(there) ?? places[0]?.item.id ?? null;

  const see = useCallback(
    (item: string) => {
      const place = places.find((each) => each.item.id === item);
      const room = frame.current;
      if (!place || !room || isSeen(place, flow.getViewport(), room.clientWidth, room.clientHeight)) return;
      touched();
      void flow.setCenter(place.x + place.width / 2, place.y + SIZE.graphNode / 2, { zoom: flow.getZoom() });
    },
    [flow, places, touched],
  );
  const reach = useCallback(
    (item: string) => {
      setLast(item);
      see(item);
    },
    [see],
  );
  // What another view chose is brought into sight, after the first fit.
  useEffect(() => {
    const timer = selected === null ? undefined : setTimeout(() => see(selected), AFTER_FIT);
    return () => clearTimeout(timer);
  }, [selected, see]);
  const context = useMemo<GraphContext>(
    () => ({ runs, selected, reached, choose, triggers, reach }),
    [runs, selected, reached, choose, triggers, reach],
  );

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
