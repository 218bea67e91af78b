import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api } from "@/api/client";
import type { Flow } from "@/api/types";
import { useMay } from "@/app/useMe";
import css from "@/pages/namespaces/Namespaces.module.css";
import { type Column, DataTable } from "@/parts/DataTable";
import { Empty, Failed, Loading } from "@/parts/Shown";
import { TimeAgo } from "@/parts/Time";

/** The flows of a namespace and of those below it. */
export function FlowsTab({ namespace }: { namespace: string }) {
  const mayWrite = useMay("write", namespace);
  const found = useQuery({
    queryKey: ["flows", "of", namespace],
    queryFn: () => api.get("/flows/search", { params: { query: { namespace, size: 1000 } } }),
  });
  const flows = found.data?.results ?? [];
  const columns: Column<Flow>[] = [
    { id: "id", title: "Flow", width: "minmax(7rem, 2fr)", cell: (flow) => flow.id },
    {
      id: "namespace",
      title: "Namespace",
      width: "minmax(6rem, 1fr)",
      cell: (flow) => <span className={css.dim}>{flow.namespace}</span>,
    },
    {
      id: "description",
      title: "",
      width: "minmax(8rem, 3fr)",
      wide: true,
      cell: (flow) => (
        <span className={css.dim} title={flow.description ?? undefined}>
          {flow.disabled ? "Disabled. " : ""}
          {flow.description?.split("\n")[0]}
        </span>
      ),
    },
    { id: "revision", title: "Revision", width: "5rem", right: true, wide: true, cell: (flow) => flow.revision },
    { id: "updated", title: "Changed", width: "6rem", right: true, cell: (flow) => <TimeAgo at={flow.updated as string | undefined} /> },
  ];
  if (found.isError && !found.data) return <Failed error={found.error} again={() => void found.refetch()} />;
  if (!found.data) return <Loading />;
  if (flows.length === 0)
    return (
      <Empty
        title={`There is no flow in ${namespace}`}
        action={
          mayWrite && <Button renderRoot={(props) => <Link to="/flows/new" search={{ namespace } as never} {...props} />}>New flow</Button>
        }
      >
        Write one here, or put a YAML file into the flows folder: it is served within a second.
      </Empty>
    );
  return (
    <DataTable
      label={`Flows of ${namespace}`}
      rows={flows}
      columns={columns}
      keyOf={(flow) => `${flow.namespace}/${flow.id}`}
      linkOf={(flow) => ({ to: "/flows/$namespace/$flow", params: { namespace: flow.namespace, flow: flow.id }, search: {} })}
    />
  );
}
