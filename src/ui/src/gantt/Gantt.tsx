/**
 * Task runs over time: what ran when, for how long, after what. Any number of them: only rows in sight are in the document.
 *
 * Up and down choose, left and right close and open, Enter opens what is chosen. Ctrl-wheel zooms at the pointer, shift-wheel moves,
 * `+`, `-`, `0` zoom, too.
 */
import { ActionIcon, Tooltip } from "@mantine/core";
import { IconArrowsHorizontal, IconZoomIn, IconZoomOut } from "@tabler/icons-react";
import { type KeyboardEvent, type MouseEvent, useEffect, useMemo, useRef, useState } from "react";
import type { StateName } from "@/api/types";
import { foldedTicks, foldOf } from "@/gantt/fold";
import css from "@/gantt/Gantt.module.css";
import { GanttRows, type RowsHandle } from "@/gantt/GanttRows";
import { countStates, type Row, rowsOf, treeOf, wayTo } from "@/gantt/layout";
import type { Run } from "@/gantt/runs";
import { LATE, placeOf, spaced, ticks, whole } from "@/gantt/time";
import { useWidth } from "@/gantt/useWidth";
import { useZoom } from "@/gantt/useZoom";
import { StateIcon } from "@/parts/StateBadge";
import { stateWord } from "@/parts/states";
import { useNow } from "@/parts/Time";
import { SIZE } from "@/theme";

const MOST_MARKS = 200;
const MOST_TICKS = 7;
/** Room that a label needs, in px. */
const LABEL = 64;

interface GanttProps {
  runs: ReadonlyMap<string, Run>;
  start: number;
  /** null while the execution goes on. */
  end: number | null;
  /** It was restarted or repeated: long times between, in which nothing ran, are made short. */
  folds?: boolean;
  /** The chosen run's id. */
  selected: string | undefined;
  onSelect: (run: string) => void;
}

export function Gantt({ runs, start, end, folds = false, selected, onSelect }: GanttProps) {
  const [open, setOpen] = useState<ReadonlyMap<string, boolean>>(new Map());
  const [states, setStates] = useState<ReadonlySet<StateName>>(new Set());
  const tree = useMemo(() => treeOf(runs), [runs]);
  const rows = useMemo(() => rowsOf(tree, { open, states }), [tree, open, states]);
  const counts = useMemo(() => countStates(runs), [runs]);
  const now = useNow();
  // What has ended does not change each second, nor do its rows.
  const until = end === null ? now : 0;
  const fold = useMemo(() => (folds ? foldOf(runs.values(), start, end ?? until) : null), [folds, runs, start, end, until]);
  const all = useMemo(
    () => (fold ? whole(start, end === null ? null : fold.place(end), fold.place(until)) : whole(start, end, until)),
    [fold, start, end, until],
  );
  const track = useRef<HTMLDivElement>(null);
  const zoom = useZoom(all, track);
  const width = useWidth(track);
  const [scroller, setScroller] = useState<HTMLElement | null>(null);
  const list = useRef<RowsHandle>(null);

  const chosen = rows.findIndex((row) => row.key === selected);
  const sought = useRef<string | undefined>(undefined);
  // A run that is chosen elsewhere, or by the address, comes into sight: what is around it opens.
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each chosen run, when it is known
  useEffect(() => {
    if (selected === undefined || sought.current === selected || !runs.has(selected)) return;
    if (chosen >= 0) {
      sought.current = selected;
      list.current?.show(chosen);
    } else {
      const way = wayTo(runs, selected);
      setStates(new Set());
      setOpen((before) => new Map([...before, ...way.map((key) => [key, true] as const)]));
    }
  }, [selected, chosen, runs.size === 0]);

  const choose = (row: Row | undefined) => {
    const run = row?.run ?? null;
    if (run === null) return;
    sought.current = run.id;
    onSelect(run.id);
  };
  const toggle = (row: Row, opened = !row.opened) => setOpen((before) => new Map(before).set(row.key, opened));
  const [active, setActive] = useState<string | undefined>(selected);
  const at = Math.max(
    0,
    rows.findIndex((row) => row.key === (active ?? selected)),
  );
  useEffect(() => setActive(selected), [selected]);

  const go = (place: number) => {
    const row = rows[Math.min(Math.max(place, 0), rows.length - 1)];
    if (!row) return;
    setActive(row.key);
    list.current?.show(rows.indexOf(row));
    choose(row);
  };

  const press = (event: KeyboardEvent) => {
    const row = rows[at];
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: 15, PageUp: -15, Home: -rows.length, End: rows.length }[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (step !== undefined) go(active === undefined && selected === undefined ? 0 : at + step);
    else if (event.key === "ArrowRight" && row) row.opens && !row.opened ? toggle(row, true) : go(at + 1);
    else if (event.key === "ArrowLeft" && row) row.opened ? toggle(row, false) : go(outerOf(rows, at));
    else if (event.key === "Enter" && row) row.run ? choose(row) : toggle(row);
    else if (event.key === "+" || event.key === "=") zoom.by(0.5);
    else if (event.key === "-") zoom.by(2);
    else if (event.key === "0") zoom.fit();
    else return;
    event.preventDefault();
  };

  const click = (event: MouseEvent) => {
    const element = event.target as HTMLElement;
    const key = element.closest<HTMLElement>("[data-key]")?.dataset.key;
    const row = rows.find((each) => each.key === key);
    if (!row) return;
    setActive(row.key);
    if (element.closest("[data-toggle]") || row.run === null) toggle(row);
    else choose(row);
  };

  const marks = useMemo(() => failures(runs), [runs]);
  const most = Math.min(MOST_TICKS, Math.floor(width / LABEL));
  const shownTicks = spaced(fold ? foldedTicks(fold, zoom.span, most) : ticks(zoom.span, start, most), zoom.span, LABEL / width);
  const current = rows[at];
  return (
    <div className={css.gantt}>
      <div className={css.tools}>
        {counts.map(([state, count]) => (
          <button
            type="button"
            key={state}
            className={css.state}
            aria-pressed={states.has(state)}
            title={`Show only ${stateWord(state).toLowerCase()} task runs`}
            onClick={() => setStates(toggled(states, state))}
          >
            <StateIcon state={state} /> {count.toLocaleString()}
          </button>
        ))}
        <span className={css.zoom}>
          <Zoom label="Zoom out (-)" onClick={() => zoom.by(2)} disabled={zoom.fits} icon={<IconZoomOut size={SIZE.icon} />} />
          <Zoom label="Zoom in (+, Ctrl-wheel)" onClick={() => zoom.by(0.5)} icon={<IconZoomIn size={SIZE.icon} />} />
          <Zoom label="Show all of it (0)" onClick={zoom.fit} disabled={zoom.fits} icon={<IconArrowsHorizontal size={SIZE.icon} />} />
        </span>
      </div>
      <div
        className={css.rows}
        ref={setScroller}
        role="tree"
        tabIndex={0}
        aria-label="Task runs over time"
        aria-activedescendant={current ? `run-${current.key}` : undefined}
        onKeyDown={press}
        onClick={click}
      >
        <div className={css.head} aria-hidden>
          <span>Task</span>
          <div className={css.axis} ref={track}>
            {shownTicks.map((tick) => {
              const at = placeOf(tick.at, zoom.span);
              return (
                <span key={tick.at} className={css.tick} data-late={at > LATE || undefined} style={{ left: `${at * 100}%` }}>
                  {tick.label}
                </span>
              );
            })}
          </div>
          <span className={css.took}>Took</span>
        </div>
        <GanttRows
          handle={list}
          scroller={scroller}
          rows={rows}
          span={zoom.span}
          place={fold?.place ?? null}
          now={until}
          selected={selected}
          active={at}
          marks={marks}
        />
      </div>
    </div>
  );
}

function Zoom({ label, icon, ...button }: { label: string; icon: React.ReactNode; onClick: () => void; disabled?: boolean }) {
  return (
    <Tooltip label={label}>
      <ActionIcon aria-label={label} {...button}>
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}

function toggled(states: ReadonlySet<StateName>, state: StateName): ReadonlySet<StateName> {
  const next = new Set(states);
  if (!next.delete(state)) next.add(state);
  return next;
}

function outerOf(rows: readonly Row[], at: number): number {
  const depth = rows[at]?.depth ?? 0;
  for (let place = at - 1; place >= 0; place -= 1) if ((rows[place]?.depth ?? 0) < depth) return place;
  return at;
}

/** When something inside each loop failed: not more marks than can be seen. */
function failures(runs: ReadonlyMap<string, Run>): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, number[]>();
  for (const run of runs.values()) {
    if (run.state !== "FAILED" || run.iteration === null || run.parent === null) continue;
    const marks = found.get(run.parent) ?? [];
    const at = run.end ?? run.start;
    if (marks.length < MOST_MARKS && !marks.includes(at)) marks.push(at);
    found.set(run.parent, marks);
  }
  return found;
}
