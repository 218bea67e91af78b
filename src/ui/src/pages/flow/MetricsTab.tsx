import { SegmentedControl } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { api } from "@/api/client";
import type { FlowWithSource } from "@/api/types";
import css from "@/pages/flow/Flow.module.css";
import type { FlowSearch } from "@/pages/flow/search";
import { TimeChart } from "@/parts/Chart";
import { Empty, Failed, Loading } from "@/parts/Shown";
import { parseDuration } from "@/parts/time";

const AGGREGATIONS = [
  { value: "sum", label: "Sum" },
  { value: "avg", label: "Mean" },
  { value: "min", label: "Least" },
  { value: "max", label: "Most" },
  { value: "count", label: "Count" },
] as const;
const RANGES = [
  { value: "P1D", label: "24 hours" },
  { value: "P7D", label: "7 days" },
  { value: "P30D", label: "30 days" },
] as const;
const HEIGHT = 160;
const EACH = 15_000;

/** What a flow's tasks measured, by time. */
export function MetricsTab({ flow }: { flow: FlowWithSource }) {
  const { namespace, id } = flow;
  const { aggregation = "sum", range = "P7D" } = useSearch({ from: "/flows/$namespace/$flow" });
  const navigate = useNavigate({ from: "/flows/$namespace/$flow" });
  const set = (change: FlowSearch) => void navigate({ search: (now) => ({ ...now, ...change }), replace: true });
  const names = useQuery({
    queryKey: ["flow-metrics", namespace, id],
    queryFn: () => api.get("/metrics/names/{namespace}/{flow}", { params: { path: { namespace, flow: id } } }),
  });
  if (names.error && !names.data) return <Failed error={names.error} again={() => void names.refetch()} />;
  if (!names.data) return <Loading label="Loading metrics" />;
  if (names.data.length === 0)
    return (
      <Empty title="Its tasks have measured nothing yet">
        A task core.metric.Publish, or a script that prints metrics, counts and times what a flow does. It is drawn here by time.
      </Empty>
    );
  return (
    <div className={css.fill}>
      <div className={css.bar}>
        <SegmentedControl
          aria-label="Summed up as"
          data={[...AGGREGATIONS]}
          value={aggregation}
          onChange={(value) => set({ aggregation: value as FlowSearch["aggregation"] })}
        />
        <SegmentedControl
          className={css.push}
          aria-label="Time"
          data={[...RANGES]}
          value={range}
          onChange={(value) => set({ range: value as FlowSearch["range"] })}
        />
      </div>
      <div className={css.padded}>
        <div className={css.charts}>
          {names.data.map((name) => (
            <Metric key={name} flow={flow} name={name} aggregation={aggregation} range={range} />
          ))}
        </div>
      </div>
    </div>
  );
}

type Asked = Required<Pick<FlowSearch, "aggregation" | "range">>;

function Metric({ flow, name, aggregation, range }: { flow: FlowWithSource; name: string } & Asked) {
  const { namespace, id } = flow;
  const found = useQuery({
    queryKey: ["flow-metric", namespace, id, name, aggregation, range],
    refetchInterval: EACH,
    queryFn: () => {
      const startDate = new Date(Date.now() - parseDuration(range)).toISOString();
      return api.get("/metrics/aggregates/{namespace}/{flow}/{metric}", {
        params: { path: { namespace, flow: id, metric: name }, query: { aggregation, startDate } },
      });
    },
  });
  const shown = useMemo(() => {
    const rows = found.data?.aggregations ?? [];
    return { times: rows.map((row) => Date.parse(row.date)), values: rows.map((row) => row.value ?? null) };
  }, [found.data]);
  const step = shown.times.length > 1 ? (shown.times[1] ?? 0) - (shown.times[0] ?? 0) : undefined;
  const word = AGGREGATIONS.find((each) => each.value === aggregation)?.label ?? "";
  return (
    <section className={css.chart} aria-label={name}>
      <h2 className={css.chartName}>{name}</h2>
      {found.data ? (
        <TimeChart
          label={name}
          series={[{ label: word, accent: 0, values: shown.values }]}
          times={shown.times}
          unit={found.data.groupBy ? `by ${found.data.groupBy}` : ""}
          height={HEIGHT}
          step={step}
          stacked
        />
      ) : found.error ? (
        <Failed error={found.error} again={() => void found.refetch()} />
      ) : (
        <Loading rows={3} />
      )}
    </section>
  );
}
