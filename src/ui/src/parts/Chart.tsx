/**
 * Numbers by time: `<TimeChart label="Executions" series={[{label: "Failed", family: "failed", values}]} times={times} unit="per minute" stacked />`.
 *
 * The drawing part is fetched when the first chart is shown. Whoever cannot see it, or wants the numbers, has them as a table.
 */
import { UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { lazy, Suspense } from "react";
import css from "@/parts/Chart.module.css";
import { numberText, type Series, summaryOf } from "@/parts/chart/series";
import swatch from "@/parts/chart/swatch.module.css";

const Plot = lazy(() => import("@/parts/chart/Plot"));

export type { Series } from "@/parts/chart/series";

export interface TimeChartProps {
  /** What is shown. */
  label: string;
  series: readonly Series[];
  /** When, in ms since 1970, going up; each series has a value for each. */
  times: readonly number[];
  /** Of the values: `per minute`, `ms`. */
  unit?: string;
  /** In px. */
  height: number;
  /** As bars on top of each other; else as lines. */
  stacked?: boolean;
  /** How long a value stands for, in ms: the width of a bar. */
  step?: number;
  /** A stretch was drawn with the pointer: show it alone. */
  onRange?: (from: number, until: number) => void;
  /** Values in words, where `unit` is not enough. */
  format?: (value: number) => string;
}

/** A chart of numbers by time, with its legend and the same as a table. */
export function TimeChart(props: TimeChartProps) {
  const { label, series, times, unit = "", height, format = numberText } = props;
  const [table, { toggle }] = useDisclosure();
  return (
    <figure className={css.figure} aria-label={label}>
      {table ? (
        <div className={css.table} style={{ height }}>
          <Numbers label={label} series={series} times={times} format={format} />
        </div>
      ) : (
        <div role="img" aria-label={summaryOf(label, series, unit)} style={{ height }}>
          <Suspense fallback={null}>
            <Plot {...props} format={format} />
          </Suspense>
        </div>
      )}
      <figcaption className={css.caption}>
        <ul className={css.legend}>
          {series.map((each) => (
            <li
              key={each.label}
              className={`${css.key} ${swatch.swatch}`}
              data-of={each.family}
              data-accent={each.family ? undefined : (each.accent ?? 0)}
            >
              {each.label}
            </li>
          ))}
          {unit && <li className={css.unit}>{unit}</li>}
        </ul>
        <UnstyledButton className={css.toggle} onClick={toggle} aria-pressed={table}>
          {table ? "Chart" : "Table"}
        </UnstyledButton>
      </figcaption>
    </figure>
  );
}

function Numbers({
  label,
  series,
  times,
  format,
}: Pick<TimeChartProps, "label" | "series" | "times"> & { format: (value: number) => string }) {
  const rows = times.map((at, index) => ({ at, values: series.map((each) => each.values[index] ?? null) }));
  const some = rows.filter((row) => row.values.some((value) => value !== null && value !== 0)).reverse();
  return (
    <table>
      <caption className={css.hidden}>{label}</caption>
      <thead>
        <tr>
          <th scope="col">Time</th>
          {series.map((each) => (
            <th key={each.label} scope="col">
              {each.label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {some.map((row) => (
          <tr key={row.at}>
            <th scope="row">
              {new Date(row.at).toLocaleString(undefined, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" })}
            </th>
            {series.map((each, place) => (
              <td key={each.label}>{row.values[place] === null ? "–" : format(row.values[place] ?? 0)}</td>
            ))}
          </tr>
        ))}
        {some.length === 0 && (
          <tr>
            <td colSpan={series.length + 1}>Nothing in this time.</td>
          </tr>
        )}
      </tbody>
    </table>
  );
}
