import { IconChevronRight } from "@tabler/icons-react";
import { memo } from "react";
import { type Bar, barsOf } from "@/gantt/bars";
import css from "@/gantt/Gantt.module.css";
import { type Row, tallyText } from "@/gantt/layout";
import { placeOf, type Span } from "@/gantt/time";
import { StateIcon } from "@/parts/StateBadge";
import { durationText } from "@/parts/time";

interface GanttRowProps {
  row: Row;
  top: number;
  span: Span;
  /** Where an instant is drawn, where time is folded. */
  place: ((at: number) => number) | null;
  /** Now, while something goes on: bars without an end reach it. */
  now: number;
  chosen: boolean;
  /** The keys are here. */
  active: boolean;
  /** When values of a closed loop failed. */
  marks: readonly number[];
  id: string;
}

/** One row: what it is, when it waited and ran, how long. */
export const GanttRow = memo(function GanttRow({ row, top, span, place, now, chosen, active, marks, id }: GanttRowProps) {
  const took = durationText((row.end ?? Math.max(now, row.start)) - row.start);
  return (
    <div
      id={id}
      className={css.row}
      style={{ transform: `translateY(${top}px)` }}
      role="treeitem"
      tabIndex={-1}
      aria-level={row.depth + 1}
      aria-selected={chosen}
      aria-expanded={row.opens ? row.opened : undefined}
      data-chosen={chosen || undefined}
      data-active={active || undefined}
      data-key={row.key}
    >
      <span className={css.name} style={{ paddingLeft: `calc(var(--space-4) * ${row.depth})` }}>
        <span className={css.toggle} data-toggle={row.opens || undefined} data-opened={row.opened || undefined}>
          {row.opens && <IconChevronRight className={css.arrow} aria-hidden />}
        </span>
        <StateIcon state={row.state} />
        <span className={css.task} title={row.label}>
          {row.label}
        </span>
        {row.value !== null && (
          <span className={css.value} title={row.value}>
            {row.value}
          </span>
        )}
        {row.tally && <span className={css.note}>{tallyText(row.tally)}</span>}
        {row.run && row.run.attempts.length > 1 && (
          <span className={css.note} title={`${row.run.attempts.length} attempts`}>
            ×{row.run.attempts.length}
          </span>
        )}
      </span>
      <span className={css.track} aria-hidden>
        {barsIn(row).map((bar, at) => (
          <BarShown
            // biome-ignore lint/suspicious/noArrayIndexKey: the element is used again for another row's bar
            key={at}
            of={row.key}
            bar={place ? { ...bar, from: place(bar.from), to: bar.to === null ? null : place(bar.to) } : bar}
            span={span}
            now={place ? place(now) : now}
            holds={row.opens && row.run !== null}
          />
        ))}
        {marks.map((at) => (
          <span key={at} className={css.mark} style={{ left: `${placeOf(place ? place(at) : at, span) * 100}%` }} />
        ))}
      </span>
      <span className={css.took}>{took}</span>
    </div>
  );
});

function barsIn(row: Row): Bar[] {
  if (row.run) return barsOf(row.run);
  return [{ from: row.start, to: row.end, kind: "running", family: row.state === "FAILED" ? "failed" : "waiting", attempt: 0 }];
}

function BarShown({ of, bar, span, now, holds }: { of: string; bar: Bar; span: Span; now: number; holds: boolean }) {
  const from = Math.max(placeOf(bar.from, span), -0.01);
  const to = bar.to === null ? 1 : Math.min(placeOf(bar.to, span), 1.01);
  if (to < 0 || from > 1) return null;
  const shape = { left: `${from * 100}%`, width: `${Math.max(0, to - from) * 100}%` };
  // A bar without an end takes all the free space; what of it is filled grows. The next second's place is aimed at: one second later it is there.
  const filled = bar.to === null ? Math.min(1, (placeOf(now + 1000, span) - from) / Math.max(1e-9, 1 - from)) : 1;
  return (
    <span
      className={css.bar}
      data-kind={bar.kind}
      data-family={bar.family}
      data-holds={holds || undefined}
      data-open={bar.to === null || undefined}
      title={bar.attempt > 0 ? `Attempt ${bar.attempt}` : bar.kind}
      style={shape}
    >
      <span
        key={bar.to === null ? `${of} ${span.from} ${span.to}` : ""}
        className={css.fill}
        style={bar.to === null ? { transform: `translateX(${(Math.max(0, filled) - 1) * 100}%)` } : undefined}
      />
    </span>
  );
}
