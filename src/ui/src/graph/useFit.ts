/**
 * Which part of a graph is in sight at first: all of it where it can be read so, else its beginning as wide as the room.
 *
 * It is fitted again when graph or room change, until the user has moved it.
 */
import { useReactFlow } from "@xyflow/react";
import { type RefObject, useCallback, useEffect, useRef } from "react";
import { firstView, type Placed } from "@/graph/layout";

/** fit: show all of it. touched: the user has moved it. */
export function useFit(frame: RefObject<HTMLElement | null>, placed: Placed): { fit: () => void; touched: () => void } {
  const flow = useReactFlow();
  const moved = useRef(false);
  const view = useCallback(
    (whole: boolean) => {
      const room = frame.current;
      if (room && room.clientWidth > 0) void flow.setViewport(firstView(placed, room.clientWidth, room.clientHeight, whole));
    },
    [flow, frame, placed],
  );
  useEffect(() => {
    const room = frame.current;
    if (!room) return;
    const watch = new ResizeObserver(() => {
      if (!moved.current) view(false);
    });
    watch.observe(room);
    return () => watch.disconnect();
  }, [frame, view]);
  const fit = useCallback(() => {
    moved.current = false;
    view(true);
  }, [view]);
  const touched = useCallback(() => {
    moved.current = true;
  }, []);
  return { fit, touched };
}
