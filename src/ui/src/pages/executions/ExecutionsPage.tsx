/** All executions, as they come and change: filtered by the address, acted on one by one or by thousands. */
import { Button } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { IconDownload } from "@tabler/icons-react";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo, useState } from "react";
import { BASE } from "@/api/client";
import { useCommands } from "@/app/commands";
import { useMay } from "@/app/useMe";
import { BulkBar } from "@/pages/executions/BulkBar";
import { BulkModal } from "@/pages/executions/BulkModal";
import type { BulkName, Target } from "@/pages/executions/bulk";
import css from "@/pages/executions/executions.module.css";
import { ViewsMenu } from "@/pages/executions/ViewsMenu";
import { USUAL } from "@/pages/executions/views";
import { CopyAs, curlOf } from "@/parts/Copy";
import { Filters } from "@/parts/Filters";
import { type FilterValues, filterKey, filterQuery, isAny, queryText } from "@/parts/filter/values";
import { Page } from "@/parts/Page";
import { runColumns } from "@/parts/runs/columns";
import { RunsList } from "@/parts/runs/RunsList";
import { useHold } from "@/parts/runs/useHold";
import { useRuns } from "@/parts/runs/useRuns";
import { Empty, Failed, Loading } from "@/parts/Shown";
import { totalText } from "@/parts/total";

const NOBODY: ReadonlySet<string> = new Set();
const COLUMNS = runColumns({ flow: true });

export default function ExecutionsPage() {
  const filter = useSearch({ from: "/executions" });
  const navigate = useNavigate({ from: "/executions" });
  const mayRun = useMay("run");
  const [selected, setSelected] = useState<ReadonlySet<string>>(NOBODY);
  const [whole, setWhole] = useState(false);
  const [doing, setDoing] = useState<BulkName | null>(null);
  const [toTop, setToTop] = useState(0);
  const hold = useHold(selected.size > 0);
  const followed = useRuns(filter, hold.held);
  const { runs } = followed;

  const clear = useCallback(() => {
    setSelected(NOBODY);
    setWhole(false);
  }, []);
  const change = useCallback(
    (next: FilterValues) => {
      clear();
      setToTop((now) => now + 1);
      void navigate({ search: next, replace: filterKey(next) === filterKey(filter) });
    },
    [navigate, clear, filter],
  );
  const select = useCallback((next: ReadonlySet<string>) => {
    setSelected(next);
    setWhole(false);
  }, []);
  useHotkeys([["Escape", clear]], []);
  useCommands(
    useMemo(
      () => [
        ...USUAL.map((view) => ({
          id: `view:${view.name}`,
          label: `Executions: ${view.name}`,
          note: "View",
          run: () => change(view.filter),
        })),
      ],
      [change],
    ),
  );

  const query = queryText({ ...filterQuery(filter) });
  const target: Target = whole ? { kind: "query", filter, total: runs.total } : { kind: "ids", ids: [...selected] };
  const states = useMemo(() => new Map(runs.rows.map((each) => [each.id, each.state.current])), [runs.rows]);
  const chosen = useMemo(() => [...new Set([...selected].flatMap((id) => states.get(id) ?? []))], [selected, states]);
  const offerAll = !whole && selected.size >= runs.rows.length && runs.total > selected.size;
  return (
    <Page
      title="Executions"
      wide
      beside={!followed.loading && <span className={css.total}>{totalText(runs.total, filter)}</span>}
      actions={
        <>
          <ViewsMenu filter={filter} onChange={change} />
          <Button
            component="a"
            href={`${BASE}/executions/export/by-query/csv${query ? `?${query}` : ""}`}
            download="executions.csv"
            variant="default"
            leftSection={<IconDownload className={css.icon} aria-hidden />}
          >
            CSV
          </Button>
          <CopyAs curl={curlOf("GET", `/executions/search${query ? `?${query}` : ""}`)} cli={commandOf(filter)} />
        </>
      }
      below={<Filters value={filter} onChange={change} searches="Search id, flow or label" />}
    >
      <div className={css.list} {...hold.around}>
        {followed.problem ? (
          <Failed error={followed.problem} again={followed.again} />
        ) : followed.loading ? (
          <Loading rows={20} label="Loading executions" />
        ) : runs.rows.length === 0 && runs.waiting.length === 0 ? (
          <Nothing filter={filter} clear={() => change({})} />
        ) : (
          <RunsList
            followed={followed}
            hold={hold}
            columns={COLUMNS}
            selected={mayRun ? selected : undefined}
            onSelect={select}
            toTop={toTop}
            end={runs.complete && runs.rows.length > 50 ? <p className={css.end}>That is all.</p> : null}
          />
        )}
        {selected.size > 0 && (
          <BulkBar
            target={target}
            states={whole ? (filter.state ?? []) : chosen}
            all={totalText(runs.total, filter)}
            offerAll={offerAll}
            onAll={() => setWhole(true)}
            onDo={setDoing}
            onClear={clear}
          />
        )}
      </div>
      {doing && (
        <BulkModal
          name={doing}
          target={target}
          states={states}
          onClose={() => setDoing(null)}
          onDone={() => {
            setDoing(null);
            clear();
          }}
        />
      )}
    </Page>
  );
}

function Nothing({ filter, clear }: { filter: FilterValues; clear: () => void }) {
  if (!isAny(filter))
    return (
      <Empty
        title="No execution fits these filters"
        action={
          <Button variant="default" onClick={clear}>
            Clear the filters
          </Button>
        }
      >
        What fits appears here at once.
      </Empty>
    );
  return (
    <Empty
      title="Nothing has run yet"
      command="onbeat flows list"
      action={
        <Button component={Link} to="/welcome">
          Start an example
        </Button>
      }
    >
      An execution is one run of a flow: an event starts it, a schedule, or you.
    </Empty>
  );
}

/** The same list by the command line, as far as it can be asked there. */
function commandOf({ state, namespace, flowId }: FilterValues): string {
  return [
    "onbeat executions list",
    ...(state ?? []).map((each) => `--state ${each}`),
    ...(namespace ? [`--namespace ${namespace}`] : []),
    ...(flowId ? [`--flow ${flowId}`] : []),
  ].join(" ");
}
