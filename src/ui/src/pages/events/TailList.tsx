import { Button } from "@mantine/core";
import { IconArrowDown } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import type { StateName } from "@/api/types";
import css from "@/pages/events/Events.module.css";
import type { TailEvent } from "@/pages/events/tail";
import { StateBadge } from "@/parts/StateBadge";
import { FAMILY } from "@/parts/states";
import { clockText, exactText } from "@/parts/time";
import { SIZE } from "@/theme";

interface TailListProps {
  label: string;
  events: readonly TailEvent[];
  /** They are the state events of executions. */
  states: boolean;
  /** The position of the one that is open. */
  open: string | undefined;
  onOpen: (position: string) => void;
}

/** Events in the order in which they came, the newest at the end. It follows, unless somebody reads: then what is new is counted. */
export function TailList({ label, events, states, open, onOpen }: TailListProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const [away, setAway] = useState(false);
  const [over, setOver] = useState(false);
  const [seen, setSeen] = useState(0);
  const held = away || over || open !== undefined;
  const last = events.at(-1)?.position ?? 0;
  const [began] = useState(Date.now);
  const fresh = held ? events.filter((each) => each.position > seen && Date.parse(each.event.time) >= began).length : 0;
  const virtual = useVirtualizer({
    count: events.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => SIZE.row,
    overscan: 12,
    getItemKey: (index) => events[index]?.position ?? index,
  });
  useEffect(() => {
    if (held || events.length === 0) return;
    setSeen(last);
    virtual.scrollToIndex(events.length - 1, { align: "end" });
  }, [held, last, events.length, virtual]);

  const press = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const at = events.findIndex((each) => String(each.position) === open);
    const next = events[at < 0 ? events.length - 1 : Math.min(Math.max(at + step, 0), events.length - 1)];
    if (!next) return;
    onOpen(String(next.position));
    virtual.scrollToIndex(events.indexOf(next));
  };
  const toEnd = () => {
    setSeen(last);
    setAway(false);
    virtual.scrollToIndex(events.length - 1, { align: "end" });
  };

  return (
    <div className={css.list} onPointerOver={() => setOver(true)} onPointerLeave={() => setOver(false)}>
      <section
        className={css.rows}
        ref={scroller}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the list is moved through by keys
        tabIndex={0}
        aria-label={label}
        onKeyDown={press}
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) =>
          setAway(scrollHeight - scrollTop - clientHeight > SIZE.row)
        }
      >
        <ul className={css.items} style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const row = events[item.index];
            if (!row) return null;
            const position = String(row.position);
            return (
              <li key={item.key} className={css.item} style={{ transform: `translateY(${item.start}px)` }}>
                <button type="button" tabIndex={-1} className={css.row} aria-expanded={position === open} onClick={() => onOpen(position)}>
                  <time className={css.time} dateTime={row.event.time} title={exactText(Date.parse(row.event.time))}>
                    {clockText(Date.parse(row.event.time))}
                  </time>
                  {states ? <StateCells row={row} /> : <PlainCells row={row} />}
                </button>
              </li>
            );
          })}
        </ul>
      </section>
      {fresh > 0 && (
        <Button className={css.fresh} size="compact-sm" leftSection={<IconArrowDown className={css.icon} aria-hidden />} onClick={toEnd}>
          {fresh.toLocaleString()} new
        </Button>
      )}
    </div>
  );
}

function PlainCells({ row: { event, line } }: { row: TailEvent }) {
  return (
    <>
      <span className={css.key} title={event.partitionkey ? `key ${event.partitionkey}` : event.id}>
        {event.partitionkey ?? event.id}
      </span>
      <code className={css.line}>{line}</code>
    </>
  );
}

interface StateData {
  state?: string;
  namespace?: string;
  flowId?: string;
  executionId?: string;
  trigger?: { id?: string };
}

function StateCells({ row: { event, line } }: { row: TailEvent }) {
  const { state = "", namespace, flowId, executionId = "", trigger } = (event.data ?? {}) as StateData;
  if (!(state in FAMILY)) return <code className={css.line}>{line}</code>;
  return (
    <>
      <span className={css.state}>
        <StateBadge state={state as StateName} />
      </span>
      <span className={css.flow} title={executionId}>
        <span className={css.dim}>{namespace}.</span>
        {flowId} <code className={css.dim}>{executionId.slice(-8)}</code>
        {trigger?.id && <span className={css.dim}> by {trigger.id}</span>}
      </span>
    </>
  );
}
