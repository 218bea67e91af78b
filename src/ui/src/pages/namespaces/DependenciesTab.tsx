import { SegmentedControl } from "@mantine/core";
import { IconArrowRight } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useMemo } from "react";
import { api } from "@/api/client";
import { dependencies } from "@/pages/namespaces/dependencies";
import css from "@/pages/namespaces/Namespaces.module.css";
import { type Column, DataTable } from "@/parts/DataTable";
import { Empty, Failed, Loading } from "@/parts/Shown";

const FlowLinks = lazy(() => import("@/graph/FlowLinks").then((module) => ({ default: module.FlowLinks })));

type Row = ReturnType<typeof dependencies>[number];

/** Which flow starts which, and how. */
export function DependenciesTab({ namespace }: { namespace: string }) {
  const found = useQuery({
    queryKey: ["namespace", namespace, "dependencies"],
    queryFn: () => api.get("/namespaces/{namespace}/dependencies", { params: { path: { namespace } } }),
  });
  const { view } = useSearch({ from: "/namespaces/$namespace" });
  const navigate = useNavigate({ from: "/namespaces/$namespace" });
  const open = useCallback(
    (flow: { namespace: string; id: string }) =>
      void navigate({ to: "/flows/$namespace/$flow", params: { namespace: flow.namespace, flow: flow.id }, search: {} }),
    [navigate],
  );
  const rows = useMemo(() => (found.data ? dependencies(found.data.nodes, found.data.edges) : []), [found.data]);
  if (found.isError && !found.data) return <Failed error={found.error} again={() => void found.refetch()} />;
  if (!found.data) return <Loading />;
  if (rows.length === 0)
    return (
      <Empty title="No flow here starts another">
        A task core.flow.Subflow starts a flow; a trigger core.trigger.Flow starts one after others have ended. Both are shown here.
      </Empty>
    );
  const columns: Column<Row>[] = [
    { id: "from", title: "Flow", width: "minmax(7rem, 2fr)", cell: (row) => <Flow of={row.from} /> },
    {
      id: "how",
      title: "starts",
      width: "minmax(5rem, 1fr)",
      cell: (row) => (
        <span className={css.dim} title={row.why}>
          <IconArrowRight className={css.inline} aria-hidden /> {row.how}
        </span>
      ),
    },
    { id: "to", title: "Flow", width: "minmax(7rem, 2fr)", cell: (row) => <Flow of={row.to} /> },
  ];
  return (
    <div className={css.pane}>
      <div className={css.bar}>
        <SegmentedControl
          aria-label="Shown as"
          value={view ?? "graph"}
          onChange={(next) =>
            void navigate({ search: (before) => ({ ...before, view: next === "list" ? "list" : undefined }), replace: true })
          }
          data={[
            { value: "graph", label: "Graph" },
            { value: "list", label: "List" },
          ]}
        />
        <span className={css.dim}>Which flows start which, also those of other namespaces.</span>
      </div>
      {view === "list" ? (
        <DataTable label={`Dependencies of ${namespace}`} rows={rows} columns={columns} keyOf={(row) => row.key} />
      ) : (
        <Suspense fallback={<Loading />}>
          <FlowLinks graph={found.data} onOpen={open} />
        </Suspense>
      )}
    </div>
  );
}

function Flow({ of }: { of: { namespace: string; id: string } }) {
  return (
    <Link to="/flows/$namespace/$flow" params={{ namespace: of.namespace, flow: of.id }} search={{}} title={`${of.namespace}.${of.id}`}>
      <span className={css.dim}>{of.namespace}.</span>
      {of.id}
    </Link>
  );
}
