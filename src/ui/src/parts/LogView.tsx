/**
 * Lines of a log as a terminal shows them: only those in sight in the document, of any number.
 *
 * It stays at the newest line while it follows; who scrolls up pauses that, who comes back to the end (or presses End) goes on.
 */
import { Button } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { IconArrowDown } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, type ReactNode, useEffect, useRef } from "react";
import { spans } from "@/parts/ansi";
import css from "@/parts/LogView.module.css";
import { type LogEntry, pieces } from "@/parts/logs";
import { clockText, exactText } from "@/parts/time";

const LINE = 20;
/** How wide a letter of the mono font is beside its height, and what stands before a message; only a first guess of heights comes from it. */
const LETTER = 7.25;
const BEFORE = 190;
const NEAR_THE_END = 24;

interface LogViewProps {
  /** What the list is called by those who cannot see it. */
  label?: string;
  lines: readonly LogEntry[];
  /** Stay at the newest line. */
  following: boolean;
  /** The reader scrolled away from the end, or back to it. Without it nothing is followed. */
  onFollowing?: (following: boolean) => void;
  /** Marked wherever it stands. */
  query?: string;
  /** The place in `lines` that is brought into sight and marked: the hit that the reader is at. */
  at?: number | null;
  /** Name the task before each message; pressed, this is called with its task run. */
  onRun?: (run: string) => void;
  tasks?: boolean;
  /** Shown instead of lines where there are none. */
  empty?: ReactNode;
}

/** A log, virtual: give it any number of lines. It fills the height that it is given. */
export function LogView({ label = "Log", lines, following, onFollowing, query = "", at = null, onRun, tasks = true, empty }: LogViewProps) {
  const scroller = useRef<HTMLElement>(null);
  const { ref: sized, width } = useElementSize();
  const columns = Math.max(20, Math.floor((width - BEFORE) / LETTER));
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: (place) => LINE * rowsOf(lines[place], columns, tasks),
    overscan: 20,
    getItemKey: (place) => lines[place]?.seq ?? place,
  });

  // biome-ignore lint/correctness/useExhaustiveDependencies: when lines come, not when the virtualizer is new
  useEffect(() => {
    if (following && lines.length > 0) virtual.scrollToIndex(lines.length - 1, { align: "end" });
  }, [following, lines.length]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: only when the reader goes to another hit
  useEffect(() => {
    if (at !== null && at < lines.length) virtual.scrollToIndex(at, { align: "center" });
  }, [at]);

  const heard = () => {
    const element = scroller.current;
    if (!element || !onFollowing) return;
    const end = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_THE_END;
    if (end !== following) onFollowing(end);
  };

  if (lines.length === 0 && empty !== undefined) return <>{empty}</>;
  return (
    <div className={css.log}>
      <section
        className={css.lines}
        ref={scroller}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it is scrolled by keys
        tabIndex={0}
        aria-label={label}
        onWheel={heard}
        onTouchMove={heard}
        onKeyUp={heard}
        onPointerUp={heard}
        onScroll={() => !following && heard()}
      >
        <div className={css.all} ref={sized} style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const line = lines[item.index];
            return line ? (
              <div
                key={item.key}
                ref={virtual.measureElement}
                data-index={item.index}
                data-level={line.level}
                data-found={item.index === at || undefined}
                className={css.line}
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <Line line={line} query={query} tasks={tasks} onRun={onRun} />
              </div>
            ) : null;
          })}
        </div>
      </section>
      {onFollowing && !following && lines.length > 0 && (
        <Button className={css.down} variant="default" leftSection={<IconArrowDown aria-hidden />} onClick={() => onFollowing(true)}>
          Newest
        </Button>
      )}
    </div>
  );
}

const Line = memo(function Line({
  line,
  query,
  tasks,
  onRun,
}: {
  line: LogEntry;
  query: string;
  tasks: boolean;
  onRun: ((run: string) => void) | undefined;
}) {
  const { run } = line;
  return (
    <>
      <time className={css.time} title={exactText(line.at)}>
        {clockText(line.at)}
      </time>
      <span className={css.level}>{line.level}</span>
      <span className={css.text}>
        {tasks &&
          line.task &&
          (onRun && run ? (
            <button type="button" className={css.task} onClick={() => onRun(run)}>
              <Marked text={line.task} query={query} />
            </button>
          ) : (
            <span className={css.task}>
              <Marked text={line.task} query={query} />
            </span>
          ))}
        {spans(line.message).map((span, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the spans of a line never move
          <span key={place} data-colour={span.colour} data-bold={span.bold}>
            <Marked text={span.text} query={query} />
          </span>
        ))}
      </span>
    </>
  );
});

function Marked({ text, query }: { text: string; query: string }) {
  if (!query) return text;
  // biome-ignore lint/suspicious/noArrayIndexKey: pieces of a text never move
  return pieces(text, query).map((piece, place) => (place % 2 === 1 ? <mark key={place}>{piece}</mark> : piece));
}

/** How many rows a line will take, about: what is in sight is measured. */
function rowsOf(line: LogEntry | undefined, columns: number, tasks: boolean): number {
  if (!line) return 1;
  const before = tasks && line.task ? line.task.length + 1 : 0;
  if (!line.message.includes("\n")) return Math.max(1, Math.ceil((line.message.length + before) / columns));
  return line.message.split("\n").reduce((sum, row) => sum + Math.max(1, Math.ceil(row.length / columns)), 0);
}
