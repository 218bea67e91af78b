/**
 * The rows of a Gantt that are in sight.
 *
 * A row that leaves at one end is used for one that comes at the other: a page of rows is then another text and another place in the same
 * elements, not a thousand new ones. While it is scrolled the elements keep their order, too; when it rests they stand in that of the rows,
 * for those who are read to.
 */
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, type Ref, useCallback, useImperativeHandle } from "react";
import css from "@/gantt/Gantt.module.css";
import { GanttRow } from "@/gantt/GanttRow";
import type { Row } from "@/gantt/layout";
import type { Span } from "@/gantt/time";
import { SIZE } from "@/theme";

/** The axis stays at the top of what is scrolled; in px. */
const HEAD = 24;
/** Rows that are there beyond what is seen, at each end. */
const BEYOND = 6;
const NONE: readonly number[] = [];
const heightOf = () => SIZE.row;

export interface RowsHandle {
  /** Scroll so that the row at this place can be seen. */
  show: (place: number) => void;
}

interface GanttRowsProps {
  handle: Ref<RowsHandle>;
  scroller: HTMLElement | null;
  rows: readonly Row[];
  span: Span;
  /** Where an instant is drawn, where time is folded. */
  place: ((at: number) => number) | null;
  now: number;
  /** The chosen row's key. */
  selected: string | undefined;
  /** The place of the row where the keys are. */
  active: number;
  /** When values of each loop failed, by its row's key. */
  marks: ReadonlyMap<string, readonly number[]>;
}

export const GanttRows = memo(function GanttRows({ handle, scroller, rows, span, place, now, selected, active, marks }: GanttRowsProps) {
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: useCallback(() => scroller, [scroller]),
    estimateSize: heightOf,
    overscan: BEYOND,
    scrollMargin: HEAD,
    scrollPaddingStart: HEAD,
    getItemKey: useCallback((at: number) => rows[at]?.key ?? at, [rows]),
  });
  useImperativeHandle(handle, () => ({ show: (at) => virtual.scrollToIndex(at) }), [virtual]);
  const items = virtual.getVirtualItems();
  // As many as can ever be shown at once: a row at either end may be seen in part.
  const slots = Math.max(items.length, Math.ceil((virtual.scrollRect?.height ?? 0) / SIZE.row) + 1 + 2 * BEYOND);
  const slotOf = (index: number) => index % slots;
  const shown = virtual.isScrolling ? items.toSorted((one, other) => slotOf(one.index) - slotOf(other.index)) : items;
  return (
    <div className={css.all} role="none" style={{ height: virtual.getTotalSize() }}>
      {shown.map((item) => {
        const row = rows[item.index];
        return row ? (
          <GanttRow
            key={slotOf(item.index)}
            id={`run-${row.key}`}
            row={row}
            top={item.start - HEAD}
            span={span}
            place={place}
            now={row.end === null ? now : 0}
            chosen={row.key === selected}
            active={item.index === active}
            marks={row.tally && !row.opened ? (marks.get(row.key) ?? NONE) : NONE}
          />
        ) : null;
      })}
    </div>
  );
});
