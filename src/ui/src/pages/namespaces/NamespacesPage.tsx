import { Button, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPlus, IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { api } from "@/api/client";
import type { Namespace } from "@/api/types";
import { useCommands } from "@/app/commands";
import { useMay } from "@/app/useMe";
import { Count } from "@/pages/namespaces/Count";
import { NamespaceForm } from "@/pages/namespaces/NamespaceForm";
import css from "@/pages/namespaces/Namespaces.module.css";
import { depths, splitName } from "@/pages/namespaces/names";
import { type Column, DataTable } from "@/parts/DataTable";
import { Page } from "@/parts/Page";
import { Empty, Failed, Loading } from "@/parts/Shown";

/** All namespaces that the caller may see, as a tree, with what is in each. */
export default function NamespacesPage() {
  const { q = "" } = useSearch({ from: "/namespaces" });
  const navigate = useNavigate({ from: "/namespaces" });
  const [making, form] = useDisclosure();
  const mayWrite = useMay("write");
  const found = useQuery({
    queryKey: ["namespaces"],
    queryFn: () => api.get("/namespaces/search", { params: { query: { size: 1000 } } }),
  });
  const rows = useMemo(() => {
    const asked = q.toLowerCase();
    return (found.data?.results ?? []).filter((each) => `${each.id} ${each.description ?? ""}`.toLowerCase().includes(asked));
  }, [found.data, q]);
  const deep = useMemo(() => depths(rows.map((each) => each.id)), [rows]);
  useCommands(useMemo(() => (mayWrite ? [{ id: "namespaces:new", label: "New namespace", run: form.open }] : []), [mayWrite, form.open]));

  const columns: Column<Namespace>[] = [
    { id: "name", title: "Namespace", width: "minmax(6rem, 2fr)", cell: (row) => <Name row={row} depth={deep.get(row.id) ?? 0} /> },
    {
      id: "description",
      title: "",
      width: "minmax(8rem, 3fr)",
      wide: true,
      cell: (row) => (
        <span className={css.dim} title={row.description ?? undefined}>
          {row.description?.split("\n")[0]}
        </span>
      ),
    },
    { id: "flows", title: "Flows", width: "4rem", right: true, cell: (row) => <Count namespace={row.id} of="flows" /> },
    {
      id: "triggers",
      title: "Triggers",
      width: "4rem",
      right: true,
      wide: true,
      cell: (row) => <Count namespace={row.id} of="triggers" />,
    },
    {
      id: "executions",
      title: "Executions",
      width: "5.5rem",
      right: true,
      wide: true,
      cell: (row) => <Count namespace={row.id} of="executions" />,
    },
    { id: "running", title: "Running", width: "4rem", right: true, cell: (row) => <Count namespace={row.id} of="running" /> },
    { id: "failed", title: "Failed", width: "4rem", right: true, cell: (row) => <Count namespace={row.id} of="failed" /> },
  ];

  return (
    <Page
      title="Namespaces"
      wide
      actions={
        mayWrite && (
          <Button leftSection={<IconPlus className={css.icon} />} onClick={form.open}>
            New namespace
          </Button>
        )
      }
      below={
        <div className={css.filter}>
          <TextInput
            data-search
            aria-label="Search namespaces"
            placeholder="Search by name or description"
            leftSection={<IconSearch className={css.icon} />}
            value={q}
            onChange={(event) => void navigate({ search: { q: event.target.value || undefined }, replace: true })}
          />
          <span className={css.note}>Numbers are with those below.</span>
        </div>
      }
    >
      {found.isError && !found.data ? (
        <Failed error={found.error} again={() => void found.refetch()} />
      ) : !found.data ? (
        <Loading />
      ) : found.data.results.length === 0 ? (
        <Empty title="There is no namespace yet" action={mayWrite && <Button onClick={form.open}>New namespace</Button>}>
          A namespace comes with the first flow that names it. One can also be made before, to put values, files and secrets in it.
        </Empty>
      ) : rows.length === 0 ? (
        <Empty
          title={`No namespace has “${q}” in it`}
          action={
            <Button variant="default" onClick={() => void navigate({ search: {} })}>
              Clear the search
            </Button>
          }
        />
      ) : (
        <DataTable
          label="Namespaces"
          rows={rows}
          columns={columns}
          keyOf={(row) => row.id}
          linkOf={(row) => ({ to: "/namespaces/$namespace", params: { namespace: row.id }, search: {} })}
        />
      )}
      <NamespaceForm opened={making} onClose={form.close} />
    </Page>
  );
}

function Name({ row, depth }: { row: Namespace; depth: number }) {
  const { above, last } = splitName(row.id);
  return (
    <span className={css.name} style={{ paddingLeft: `${depth}rem` }} title={row.id}>
      {above && <span className={css.above}>{depth > 0 ? "" : `${above}.`}</span>}
      <span className={row.disabled ? css.dim : undefined}>{last}</span>
    </span>
  );
}
