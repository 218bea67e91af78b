import { Button, SegmentedControl } from "@mantine/core";
import { IconPlus, IconRoute } from "@tabler/icons-react";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useCommands } from "@/app/commands";
import { useMay } from "@/app/useMe";
import { BulkBar } from "@/pages/flows/BulkBar";
import { flowColumns } from "@/pages/flows/columns";
import css from "@/pages/flows/Flows.module.css";
import { Found } from "@/pages/flows/Found";
import { ImportButton } from "@/pages/flows/ImportButton";
import { keyOf, listed, nameOf } from "@/pages/flows/lines";
import { type FlowsSearch, isFiltered } from "@/pages/flows/search";
import { useFlows, useFollowedRuns, useFound, useRatios } from "@/pages/flows/useFlows";
import { DataTable } from "@/parts/DataTable";
import { Filters } from "@/parts/Filters";
import { readFilters } from "@/parts/filter/values";
import { Page } from "@/parts/Page";
import { Empty, Failed, Loading } from "@/parts/Shown";

/** Every flow: what starts it, how its last runs went. */
export default function FlowsPage() {
  const search = useSearch({ from: "/flows" });
  const navigate = useNavigate({ from: "/flows" });
  const mayWrite = useMay("write");
  const inSource = search.in === "source";
  const flows = useFlows(search, !inSource);
  const found = useFound(search, inSource);
  const rows = useMemo(() => listed(flows.data?.results ?? [], search.disabled), [flows.data, search.disabled]);
  const ratios = useRatios(rows);
  const columns = useMemo(() => flowColumns(ratios.data), [ratios.data]);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  useFollowedRuns();
  useCommands(
    useMemo(
      () => [
        {
          id: "flows:source",
          label: "Search in the source of flows",
          note: "Flows",
          run: () => void navigate({ search: (now) => ({ ...now, in: "source" }) }),
        },
        {
          id: "flows:off",
          label: "Show flows that are off",
          note: "Flows",
          run: () => void navigate({ search: { disabled: "true" } }),
        },
      ],
      [navigate],
    ),
  );
  const set = (change: FlowsSearch) => void navigate({ search: change, replace: true });
  const chosen = [...selected].map(nameOf);

  const filters = (
    <Filters
      value={readFilters({ ...search })}
      onChange={({ q, namespace, labels }) => set({ in: search.in, q, namespace, labels })}
      fields={["q", "namespace", "labels"]}
      searches={inSource ? "Search in the source" : "Search by name or label"}
      beside={
        <SegmentedControl
          aria-label="Where to search"
          data={[
            { value: "names", label: "Flows" },
            { value: "source", label: "Source" },
          ]}
          value={inSource ? "source" : "names"}
          onChange={(value) => set({ ...search, in: value === "source" ? "source" : undefined })}
        />
      }
    />
  );
  return (
    <Page
      title="Flows"
      beside={!inSource && flows.data && <span className={css.total}>{rows.length}</span>}
      actions={
        mayWrite && (
          <>
            <ImportButton />
            <Button renderRoot={(props) => <Link to="/flows/new" {...props} />} leftSection={<IconPlus className={css.icon} aria-hidden />}>
              New flow
            </Button>
          </>
        )
      }
      below={chosen.length > 0 ? <BulkBar flows={chosen} clear={() => setSelected(new Set())} /> : filters}
      wide
    >
      {inSource ? <Source found={found} search={search} /> : list()}
    </Page>
  );

  function list() {
    if (flows.error && !flows.data) return <Failed error={flows.error} again={() => void flows.refetch()} />;
    if (!flows.data) return <Loading label="Loading flows" />;
    if (rows.length === 0) return isFiltered(search) ? <NoneFits clear={() => set({})} /> : <NoFlows mayWrite={mayWrite} />;
    return (
      <DataTable
        label="Flows"
        rows={rows}
        columns={columns}
        keyOf={keyOf}
        linkOf={(flow) => ({ to: "/flows/$namespace/$flow", params: { namespace: flow.namespace, flow: flow.id } })}
        selected={selected}
        onSelect={setSelected}
      />
    );
  }
}

function Source({ found, search }: { found: ReturnType<typeof useFound>; search: FlowsSearch }) {
  const { q = "" } = search;
  if (q.length < 2)
    return <Empty title="Search in the source of all flows">Type two letters or more: a task's type, a topic, a table, a host.</Empty>;
  if (found.error && !found.data) return <Failed error={found.error} again={() => void found.refetch()} />;
  if (!found.data) return <Loading label="Searching" />;
  if (found.data.results.length === 0) return <Empty title={`No flow's source has “${q}”`}>Upper and lower case are the same here.</Empty>;
  return <Found results={found.data.results} q={q} />;
}

function NoneFits({ clear }: { clear: () => void }) {
  return (
    <Empty
      title="No flow is like that"
      action={
        <Button variant="default" onClick={clear}>
          Clear the filters
        </Button>
      }
    >
      None of the flows that you may see fits these filters.
    </Empty>
  );
}

function NoFlows({ mayWrite }: { mayWrite: boolean }) {
  return (
    <Empty
      title="No flow yet"
      icon={<IconRoute aria-hidden />}
      command="onbeat init shop && cd shop && onbeat serve"
      action={
        <>
          {mayWrite && <Button renderRoot={(props) => <Link to="/flows/new" {...props} />}>New flow</Button>}
          <Link to="/welcome">See an event start a flow</Link>
        </>
      }
    >
      A flow is a YAML file with tasks. Write one here, put files into the flows folder, where they are served at once, or begin with
      examples:
    </Empty>
  );
}
