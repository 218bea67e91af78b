/** One chart of a custom dashboard, of any type that the API knows. */
import { ActionIcon } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { api } from "@/api/client";
import type { StateName } from "@/api/types";
import { barView, type ChartOf, type ColumnOf, cellText, formatOf, kpiText, type Row, timeView } from "@/pages/dashboard/charts";
import css from "@/pages/dashboard/custom.module.css";
import { spanOf } from "@/pages/dashboard/numbers";
import { TimeChart } from "@/parts/Chart";
import { numberText } from "@/parts/chart/series";
import swatch from "@/parts/chart/swatch.module.css";
import { Markdown } from "@/parts/Markdown";
import { Failed, Loading } from "@/parts/Shown";
import { StateBadge } from "@/parts/StateBadge";
import { STATES, stateWord } from "@/parts/states";
import { TimeAgo } from "@/parts/Time";

const HEIGHT = 200;
const LOW = 80;
const PAGE = 10;
const MOST_BARS = 12;

/** How a page filters its charts. */
export interface Overrides {
  startDate?: string;
  endDate?: string;
  timeRange?: string;
  namespace?: string;
}

interface ChartCardProps {
  dashboard: string;
  chart: ChartOf;
  filter: Overrides;
  /** Under which its rows are kept. */
  queryKey: string;
}

/** A chart with its title and its rows; each asks for its own. */
export function ChartCard({ dashboard, chart, filter, queryKey }: ChartCardProps) {
  const [page, setPage] = useState(1);
  const table = chart.type === "Table";
  const rows = useQuery({
    queryKey: [queryKey, "rows", dashboard, chart.id, filter, page],
    enabled: chart.type !== "Markdown",
    queryFn: () =>
      api.post("/dashboards/{id}/charts/{chart}", {
        params: { path: { id: dashboard, chart: chart.id } },
        body: { ...filter, ...(table ? { pageSize: PAGE, pageNumber: page } : {}) },
      }),
  });
  const found = rows.data?.results ?? [];
  const total = rows.data?.total ?? 0;
  const style = { "--width": chart.width } as React.CSSProperties;
  if (chart.type === "Markdown")
    return (
      <section className={css.card} style={style} data-plain>
        <Markdown text={chart.content} />
      </section>
    );
  return (
    <section className={css.card} style={style} aria-label={chart.title}>
      <h2 className={css.title}>{chart.title}</h2>
      {chart.about && <p className={css.about}>{chart.about}</p>}
      {!rows.data ? (
        rows.error ? (
          <Failed error={rows.error} again={() => void rows.refetch()} />
        ) : (
          <Loading rows={3} />
        )
      ) : found.length === 0 ? (
        <p className={css.none}>Nothing in this time.</p>
      ) : (
        <Drawn chart={chart} rows={found} filter={filter} />
      )}
      {table && total > PAGE && (
        <div className={css.pages}>
          <ActionIcon aria-label="The page before" disabled={page === 1} onClick={() => setPage(page - 1)}>
            <IconChevronLeft className={css.icon} />
          </ActionIcon>
          {(page - 1) * PAGE + 1}–{Math.min(page * PAGE, total)} of {total.toLocaleString("en")}
          <ActionIcon aria-label="The next page" disabled={page * PAGE >= total} onClick={() => setPage(page + 1)}>
            <IconChevronRight className={css.icon} />
          </ActionIcon>
        </div>
      )}
    </section>
  );
}

interface DrawnProps {
  chart: ChartOf;
  rows: readonly Row[];
  filter: Overrides;
}

function Drawn({ chart, rows, filter }: DrawnProps) {
  switch (chart.type) {
    case "KPI":
      return <p className={css.figure}>{kpiText(chart, rows, false)}</p>;
    case "TimeSeries":
      return <Times chart={chart} rows={rows} filter={filter} />;
    case "Bar":
      return <Bars chart={chart} rows={rows} share={false} />;
    case "Pie":
      return <Bars chart={chart} rows={rows} share />;
    default:
      return <Table chart={chart} rows={rows} />;
  }
}

function Times({ chart, rows, filter }: DrawnProps) {
  const view = useMemo(() => timeView(chart, rows, spanOf(filter, Date.now())), [chart, rows, filter]);
  return (
    <>
      {view.bars && (
        <TimeChart
          label={chart.title}
          series={view.bars.series.map(named)}
          times={view.times}
          height={HEIGHT}
          step={view.step}
          format={formatOf(view.bars.column)}
          stacked
        />
      )}
      {view.lines.map(({ column, series }) => (
        <TimeChart
          key={column.name}
          label={`${chart.title}: ${column.title}`}
          series={[series]}
          times={view.times}
          height={LOW}
          step={view.step}
          format={formatOf(column)}
        />
      ))}
    </>
  );
}

const isState = (text: string): text is StateName => (STATES as string[]).includes(text);
const word = (text: string): string => (isState(text) ? stateWord(text) : text);
const named = <T extends { label: string }>(each: T): T => ({ ...each, label: word(each.label) });

/** Names with bars beside them. share: of the whole, in per cent, instead of a pie. */
function Bars({ chart, rows, share }: { chart: ChartOf; rows: readonly Row[]; share: boolean }) {
  const { column, bars } = useMemo(() => barView(chart, rows), [chart, rows]);
  const all = bars.reduce((sum, bar) => sum + bar.total, 0);
  const largest = share ? all : Math.max(...bars.map((bar) => bar.total), 0);
  const format = formatOf(column);
  return (
    <table className={css.bars}>
      <tbody>
        {bars.slice(0, MOST_BARS).map((bar) => (
          <tr key={bar.name}>
            <th scope="row">{word(bar.name)}</th>
            <td className={css.track}>
              <span className={css.parts}>
                {bar.parts.map((part) => (
                  <span
                    key={part.label}
                    className={`${css.part} ${swatch.swatch}`}
                    data-of={part.colour.family}
                    data-accent={part.colour.family ? undefined : (part.colour.accent ?? 0)}
                    title={`${word(part.label)}: ${format(part.value)}`}
                    style={{ width: `${largest > 0 ? (100 * part.value) / largest : 0}%` }}
                  />
                ))}
              </span>
            </td>
            <td className={css.amount}>{format(bar.total)}</td>
            {share && <td className={css.amount}>{all > 0 ? `${numberText((100 * bar.total) / all)} %` : "–"}</td>}
          </tr>
        ))}
        {bars.length > MOST_BARS && (
          <tr>
            <th scope="row" colSpan={3}>
              and {bars.length - MOST_BARS} more
            </th>
          </tr>
        )}
      </tbody>
    </table>
  );
}

function Table({ chart, rows }: { chart: ChartOf; rows: readonly Row[] }) {
  const columns = chart.columns.length > 0 ? chart.columns : plainColumns(rows);
  const right = new Set(columns.filter(({ name }) => rows.length > 0 && rows.every((row) => typeof row[name] === "number")));
  return (
    <div className={css.scroll}>
      <table className={css.table}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.name} scope="col" data-right={right.has(column) || undefined}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a row has no other name, and is replaced with its page
            <tr key={index}>
              {columns.map((column) => (
                <td key={column.name} data-right={right.has(column) || undefined}>
                  <Cell column={column} row={row} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const plainColumns = (rows: readonly Row[]): ColumnOf[] =>
  Object.keys(rows[0] ?? {}).map((name) => ({ name, title: name, field: "", agg: "", lines: false }));

const SHORT = 8;

function Cell({ column, row }: { column: ColumnOf; row: Row }) {
  const value = row[column.name];
  const said = cellText(column, value);
  if (column.agg === "" && typeof value === "string")
    switch (column.field) {
      case "ID":
      case "EXECUTION_ID":
      case "TRIGGER_EXECUTION_ID":
        return (
          <Link to="/executions/$id" params={{ id: value }} title={value}>
            <code>{value.slice(-SHORT)}</code>
          </Link>
        );
      case "STATE":
        return isState(value) ? <StateBadge state={value} /> : said;
      case "START_DATE":
      case "END_DATE":
      case "DATE":
        return <TimeAgo at={value} />;
      default:
    }
  return <span title={said}>{said}</span>;
}
