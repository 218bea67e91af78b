/**
 * Rows of 32 px, only those in sight in the document, each a link: what lists look like.
 *
 * Arrow keys, j and k move; Enter opens; x selects. The columns that do not fit a phone say so by `wide`.
 */
import { Checkbox } from "@mantine/core";
import { Link, type LinkProps, useNavigate } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, memo, type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import css from "@/parts/DataTable.module.css";
import { SIZE } from "@/theme";

export interface Column<Row> {
  id: string;
  title: ReactNode;
  /** A width of a CSS grid: `minmax(12rem, 2fr)`, `8rem`. */
  width: string;
  cell: (row: Row) => ReactNode;
  right?: boolean;
  /** Not shown on a phone. */
  wide?: boolean;
}

interface DataTableProps<Row> {
  label: string;
  rows: readonly Row[];
  columns: readonly Column<Row>[];
  keyOf: (row: Row) => string;
  /** Where a row leads; null: nowhere. */
  linkOf?: (row: Row) => LinkProps | null;
  /** With it rows can be selected. */
  selected?: ReadonlySet<string>;
  onSelect?: (selected: ReadonlySet<string>) => void;
  /** Shown after the last row. */
  end?: ReactNode;
  /** The rows were scrolled: whether they are away from their top, and near their end (older ones are wanted). */
  onScroll?: (away: boolean, nearEnd: boolean) => void;
  /** Shown dimly: rows that do not belong here any more. */
  dim?: ReadonlySet<string>;
  /** When this changes the rows scroll to their top. */
  toTop?: number;
}

/** So many px before the end older rows are asked for. */
const NEAR = 20 * SIZE.row;

export function DataTable<Row>(props: DataTableProps<Row>) {
  const { label, rows, columns, keyOf, linkOf, selected, onSelect, end, onScroll, dim, toTop } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(0);
  const navigate = useNavigate();
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => SIZE.row,
    overscan: 12,
    getItemKey: (index) => keyOf(rows[index] as Row),
  });
  const template = (phone: boolean) =>
    [...(selected ? ["2rem"] : []), ...columns.filter((each) => !phone || !each.wide).map((each) => each.width)].join(" ");

  useEffect(() => {
    if (active >= rows.length) setActive(Math.max(0, rows.length - 1));
  }, [active, rows.length]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: it is asked for by a change
  useEffect(() => void scroller.current?.scrollTo({ top: 0 }), [toTop]);

  const toggle = (key: string) => {
    if (!selected || !onSelect) return;
    const next = new Set(selected);
    if (!next.delete(key)) next.add(key);
    onSelect(next);
  };

  const toggling = useRef(toggle);
  useEffect(() => {
    toggling.current = toggle;
  });
  const latestToggle = useCallback((key: string) => toggling.current(key), []);

  const press = (event: KeyboardEvent) => {
    if (event.target instanceof HTMLInputElement && event.target.type !== "checkbox") return;
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: 15, PageUp: -15, Home: -rows.length, End: rows.length }[event.key];
    const row = rows[active];
    if (step !== undefined) {
      event.preventDefault();
      const next = Math.min(Math.max(active + step, 0), rows.length - 1);
      setActive(next);
      virtual.scrollToIndex(next);
    } else if (event.key === "Enter" && row !== undefined && event.target === scroller.current) {
      const link = linkOf?.(row);
      if (link) void navigate(link as Parameters<typeof navigate>[0]);
    } else if (event.key === "x" && row !== undefined) toggle(keyOf(row));
  };

  const all = selected !== undefined && rows.length > 0 && rows.every((row) => selected.has(keyOf(row)));
  return (
    <div className={css.table} style={{ "--columns": template(false), "--columns-phone": template(true) } as React.CSSProperties}>
      <div className={css.head} aria-hidden={!selected}>
        {selected && (
          <Checkbox
            aria-label={`Select all ${rows.length} rows shown`}
            checked={all}
            indeterminate={!all && selected.size > 0}
            onChange={() => onSelect?.(all ? new Set() : new Set(rows.map(keyOf)))}
          />
        )}
        {columns.map((column) => (
          <span key={column.id} data-right={column.right || undefined} data-wide={column.wide || undefined}>
            {column.title}
          </span>
        ))}
      </div>
      <section
        className={css.rows}
        ref={scroller}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the list is moved through by keys
        tabIndex={0}
        aria-label={label}
        onKeyDown={press}
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) =>
          onScroll?.(scrollTop > 0, scrollHeight - scrollTop - clientHeight < NEAR)
        }
      >
        <ul className={css.list} style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index] as Row;
            const key = keyOf(row);
            return (
              <li
                key={item.key}
                className={css.row}
                style={{ transform: `translateY(${item.start}px)` }}
                data-active={item.index === active || undefined}
                data-selected={selected?.has(key) || undefined}
                data-dim={dim?.has(key) || undefined}
                data-key={key}
              >
                {selected && <Box name={key} checked={selected.has(key)} onToggle={latestToggle} />}
                <Cells row={row} columns={columns} linkOf={linkOf} />
              </li>
            );
          })}
        </ul>
        {end}
      </section>
    </div>
  );
}

interface CellsProps<Row> {
  row: Row;
  columns: readonly Column<Row>[];
  linkOf?: (row: Row) => LinkProps | null;
}

/** What is in a row; made anew only when the row is another: rows that only move keep it. */
const Cells = memo(function CellsOf<Row>({ row, columns, linkOf }: CellsProps<Row>) {
  const link = linkOf?.(row) ?? null;
  return columns.map((column, place) => (
    <span key={column.id} className={css.cell} data-right={column.right || undefined} data-wide={column.wide || undefined}>
      {place === 0 && link ? (
        <Link {...link} className={css.link}>
          {column.cell(row)}
        </Link>
      ) : (
        column.cell(row)
      )}
    </span>
  ));
}) as <Row>(props: CellsProps<Row>) => ReactNode;

const Box = memo(function SelectBox({ name, checked, onToggle }: { name: string; checked: boolean; onToggle: (key: string) => void }) {
  return <Checkbox aria-label={`Select ${name}`} checked={checked} onChange={() => onToggle(name)} className={css.box} />;
});
