/** Lay a drawing out again when its shape changes, and only then; what is shown stays until the next layout is there. */
import { useEffect, useState } from "react";
import { type Drawing, shapeOf } from "@/graph/drawing";
import { elkOf, isPlain, type Placed, placedOf, simplyPlaced } from "@/graph/layout";

export interface Layout {
  placed: Placed;
  /** What was laid out. */
  shape: string;
  /** Why the simple way was taken; null: it was not. */
  simple: string | null;
}

const KEPT = 30;
const kept = new Map<string, Layout>();

function keep(layout: Layout): Layout {
  if (layout.simple === null) kept.set(layout.shape, layout);
  const oldest = kept.size > KEPT ? kept.keys().next().value : undefined;
  if (oldest !== undefined) kept.delete(oldest);
  return layout;
}

/** The layout that is there without waiting: one from before, or that of a plain drawing. */
function atOnce(drawing: Drawing, shape: string): Layout | null {
  return kept.get(shape) ?? (isPlain(drawing) ? keep({ placed: simplyPlaced(drawing), shape, simple: null }) : null);
}

async function layoutOf(drawing: Drawing, shape: string): Promise<Layout> {
  try {
    const { laidOut } = await import("@/graph/elk");
    return { placed: placedOf(drawing, await laidOut(elkOf(drawing))), shape, simple: null };
  } catch (thrown) {
    return { placed: simplyPlaced(drawing), shape, simple: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

/** The layout of a drawing; null until the first one is there. */
export function useLayout(drawing: Drawing): Layout | null {
  const shape = shapeOf(drawing);
  const [layout, setLayout] = useState<Layout | null>(() => atOnce(drawing, shape));
  // biome-ignore lint/correctness/useExhaustiveDependencies: drawings of one shape are laid out the same
  useEffect(() => {
    const known = atOnce(drawing, shape);
    if (known) {
      setLayout(known);
      return;
    }
    let wanted = true;
    void layoutOf(drawing, shape).then((made) => wanted && setLayout(keep(made)));
    return () => {
      wanted = false;
    };
  }, [shape]);
  return layout;
}
