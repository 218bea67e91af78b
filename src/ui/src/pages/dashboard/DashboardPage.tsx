/** What somebody on call wants first: is it healthy, what failed and why, how much, how fast, what waits. */
import { Button } from "@mantine/core";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import css from "@/pages/dashboard/dashboard.module.css";
import { KEY, type Scope, useAny, useRates, useTriggers } from "@/pages/dashboard/data";
import { Health } from "@/pages/dashboard/Health";
import { Failures, Lags, NextSchedules, Running, Waiting } from "@/pages/dashboard/Lists";
import { layersOf, spanOf, USUAL_TIME } from "@/pages/dashboard/numbers";
import { Switcher } from "@/pages/dashboard/Switcher";
import type { DashboardSearch } from "@/pages/dashboard/search";
import { Tiles } from "@/pages/dashboard/Tiles";
import { TimeChoice } from "@/pages/dashboard/TimeChoice";
import { useFresh } from "@/pages/dashboard/useFresh";
import { TimeChart } from "@/parts/Chart";
import type { FilterValues } from "@/parts/filter/values";
import { Page, Section } from "@/parts/Page";
import { Empty, Failed, Loading } from "@/parts/Shown";

const HEIGHT = 200;

export default function DashboardPage() {
  const search = useSearch({ from: "/" });
  const navigate = useNavigate({ from: "/" });
  useFresh(KEY);
  const scope = useScope(search);
  const any = useAny();
  const change = (next: DashboardSearch) => void navigate({ search: next });
  const empty = any.data === false;
  return (
    <Page title="Dashboard" beside={<Switcher />} actions={<TimeChoice value={search} onChange={change} />}>
      {empty ? (
        <Empty
          title="Nothing has run yet"
          command="onbeat demo"
          action={
            <Button component={Link} to="/welcome">
              Start an example
            </Button>
          }
        >
          Start a real example with one event, and see here what it does.
        </Empty>
      ) : (
        <Overview scope={scope} search={search} onChange={change} />
      )}
    </Page>
  );
}

/** Which executions the page is of; a time that ends now is reckoned when it is asked. */
export function useScope(search: DashboardSearch): Scope {
  const { namespace, timeRange, startDate, endDate } = search;
  return useMemo(
    () => ({
      namespace,
      time: [timeRange ?? (startDate || endDate ? "" : USUAL_TIME), startDate ?? "", endDate ?? ""].join("/"),
      span: () => spanOf({ timeRange, startDate, endDate }, Date.now()),
    }),
    [namespace, timeRange, startDate, endDate],
  );
}

/** The same time for the list of executions. */
const timeOf = ({ namespace, timeRange, startDate, endDate }: DashboardSearch): FilterValues => {
  const time = startDate || endDate ? { startDate, endDate } : { timeRange: timeRange ?? USUAL_TIME };
  return Object.fromEntries(Object.entries({ namespace, ...time }).filter(([, value]) => value !== undefined));
};

function Overview({ scope, search, onChange }: { scope: Scope; search: DashboardSearch; onChange: (next: DashboardSearch) => void }) {
  const triggers = useTriggers(search.namespace);
  const listed = triggers.data?.results ?? [];
  const time = timeOf(search);
  return (
    <>
      <Health triggers={triggers} />
      <Tiles scope={scope} time={time} />
      <div className={css.columns}>
        <div className={css.main}>
          <Failures scope={scope} time={time} />
          <Rates scope={scope} onRange={(from, until) => onChange({ ...search, timeRange: undefined, ...instants(from, until) })} />
          <Lags triggers={listed} />
        </div>
        <div className={css.side}>
          <Waiting scope={scope} />
          <Running scope={scope} />
          <NextSchedules triggers={listed} />
        </div>
      </div>
    </>
  );
}

const instants = (from: number, until: number) => ({ startDate: new Date(from).toISOString(), endDate: new Date(until).toISOString() });

function Rates({ scope, onRange }: { scope: Scope; onRange: (from: number, until: number) => void }) {
  const rates = useRates(scope);
  const layers = useMemo(() => layersOf(rates.data ?? []), [rates.data]);
  return (
    <Section title="Executions by state">
      {!rates.data ? (
        rates.error ? (
          <Failed error={rates.error} again={() => void rates.refetch()} />
        ) : (
          <Loading rows={6} />
        )
      ) : layers.series.length === 0 ? (
        <p className={css.none}>Nothing ran in this time.</p>
      ) : (
        <TimeChart label="Executions by state" {...layers} height={HEIGHT} stacked onRange={onRange} />
      )}
    </Section>
  );
}
