import { type RefObject, useEffect, useRef, useState } from "react";
import { moved, type Span, zoomed } from "@/gantt/time";

const WHEEL = 0.002;
const LINE = 16;

/** What part of an execution's time is in sight. track: the element whose width is that part; the wheel is heard on all of the Gantt around it. */
export function useZoom(all: Span, track: RefObject<HTMLElement | null>) {
  const [chosen, setChosen] = useState<Span | null>(null);
  const span = chosen ?? all;
  const latest = useRef({ span, all });
  useEffect(() => {
    latest.current = { span, all };
  });

  useEffect(() => {
    const element = track.current?.parentElement?.parentElement;
    if (!element) return;
    const wheel = (event: WheelEvent) => {
      const { span: shown, all: most } = latest.current;
      const sideways = event.shiftKey ? event.deltaY || event.deltaX : Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : 0;
      if (!event.ctrlKey && sideways === 0) return;
      event.preventDefault();
      const box = track.current?.getBoundingClientRect();
      if (!box) return;
      const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE : 1;
      const about = shown.from + ((event.clientX - box.left) / box.width) * (shown.to - shown.from);
      const next = event.ctrlKey
        ? zoomed(shown, Math.exp(event.deltaY * unit * WHEEL), about, most)
        : moved(shown, (sideways * unit) / box.width, most);
      setChosen(next === most ? null : next);
    };
    element.addEventListener("wheel", wheel, { passive: false });
    return () => element.removeEventListener("wheel", wheel);
  }, [track]);

  return {
    span,
    fits: chosen === null,
    fit: () => setChosen(null),
    by: (factor: number) => {
      const next = zoomed(span, factor, (span.from + span.to) / 2, all);
      setChosen(next === all || next.to - next.from >= all.to - all.from ? null : next);
    },
  };
}
